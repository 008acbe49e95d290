/*
 * Any bytes on a machine's console: there is a failure once the time is over, its cause and the last lines can be shown.
 * In pieces of any size the same phase is reached; a prompt is one where nothing follows yet, so failures may differ.
 */
#include "fuzz.h"
#include "guest/os.h"
#include "machine/phase.h"

static struct phase_watch *watched(const struct guest_os *os, const uint8_t *data, size_t size, size_t piece)
{
	struct phase_watch *w = phase_new(os);

	for (size_t at = 0; at < size; at += piece)
		phase_feed(w, data + at, size - at < piece ? size - at : piece);
	return w;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const systems[] = {NULL, "debian", "fedora-coreos"};

	if (size < 2)
		return 0;
	const struct guest_os *os = guest_os_find(systems[data[0] % 3]);
	struct phase_watch *whole = watched(os, data + 2, size - 2, size);
	struct phase_watch *pieces = watched(os, data + 2, size - 2, 1 + data[1] % 64);
	check(phase_reached(whole) == phase_reached(pieces));
	phase_expired(whole, ACCEL_TCG);
	check(phase_failure(whole)->kind != FAILURE_NONE && shown_as_is(phase_failure(whole)->cause));
	char *tail = phase_tail(whole);
	check(shown_as_is(tail));
	free(tail);
	phase_free(whole);
	phase_free(pieces);
	return 0;
}

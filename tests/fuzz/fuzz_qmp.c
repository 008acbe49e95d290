/*
 * Any bytes from what should be QEMU: a conversation ends with an answer, an event or an error, and never waits for
 * more than what was sent. Events are taken in as a machine's state.
 */
#include "fuzz_server.h"
#include "machine/qemu_events.h"
#include "net/qmp.h"
#include "sys/tick.h"

enum { WAIT_MS = 20 * 1000 }; /* a busy host takes seconds */

static void talk(const char *path)
{
	struct vmm_run run = {0};
	struct qmp *q = NULL;

	if (!fine(qmp_open(path, tick_ms() + WAIT_MS, &q)))
		return;
	for (int i = 0; i < 8; i++) {
		AUTO_JSON *event = NULL;
		if (!fine(qmp_event(q, 0, &event)) || !event)
			break;
		qemu_event(event, &run);
	}
	AUTO_JSON *status = NULL;
	if (fine(qmp_run(q, "query-status", NULL, tick_ms() + WAIT_MS, &status)))
		qemu_status(status, &run);
	check(memchr(run.reason, 0, sizeof(run.reason)) && memchr(run.trouble, 0, sizeof(run.trouble)));
	check(shown_as_is(run.reason) && shown_as_is(run.trouble));
	qmp_close(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_server server;
	int64_t from = tick_ms();

	fuzz_server_start(&server, "qmp", data, size);
	talk(server.address.sun_path);
	fuzz_server_stop(&server);
	check(tick_ms() - from < WAIT_MS);
	return 0;
}

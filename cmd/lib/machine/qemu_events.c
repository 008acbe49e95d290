#include "machine/qemu_events.h"

#include <stdio.h>

#include "base/str.h"

static void note(char *to, size_t size, const char *words)
{
	AUTO_FREE char *text = str_escape_short(words);
	snprintf(to, size, "%s", text);
}

/* A request that failed: the guest is told of it, or, where the host may put it right, stands still until then. */
static void take_io_error(const struct json *data, struct vmm_run *run)
{
	const char *reason = js_get_text(data, "reason");
	bool full = js_get_bool(data, "nospace", false);

	note(run->trouble, sizeof(run->trouble), reason ? reason : full ? "No space left on device" : "I/O error");
	if (streq(js_get_text(data, "action"), "stop"))
		run->cause = full ? VMM_DISK_FULL : VMM_DISK_FAILED;
}

static void go_on(struct vmm_run *run)
{
	run->pause = run->cause = VMM_GOES_ON;
	run->trouble[0] = '\0';
}

void qemu_event(const struct json *event, struct vmm_run *run)
{
	const char *name = js_get_text(event, "event");
	const struct json *data = js_get(event, "data");
	const char *reason = js_get_text(data, "reason");

	if (streq(name, "SHUTDOWN"))
		note(run->reason, sizeof(run->reason), reason ? reason : "unknown");
	else if (streq(name, "BLOCK_IO_ERROR"))
		take_io_error(data, run);
	else if (streq(name, "GUEST_PANICKED") && streq(js_get_text(data, "action"), "pause"))
		run->pause = run->cause = VMM_PANICKED;
	else if (streq(name, "STOP"))
		run->pause = run->cause != VMM_GOES_ON ? run->cause : VMM_PAUSED;
	else if (streq(name, "SUSPEND"))
		run->pause = VMM_ASLEEP;
	else if (streq(name, "RESUME") || streq(name, "WAKEUP"))
		go_on(run);
}

void qemu_status(const struct json *status, struct vmm_run *run)
{
	static const struct {
		const char *word;
		enum vmm_pause pause;
	} states[] = {{"paused", VMM_PAUSED},
		      {"io-error", VMM_DISK_FAILED},
		      {"guest-panicked", VMM_PANICKED},
		      {"suspended", VMM_ASLEEP},
		      {"internal-error", VMM_PAUSED}};
	const char *word = js_get_text(status, "status");

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (streq(word, states[i].word))
			run->pause = states[i].pause;
}

/* A machine that stands still: what QEMU says of it, what people are told, and when it may go on. */
#include "harness.h"

#include <errno.h>
#include <string.h>

#include "machine/pause.h"
#include "machine/qemu_events.h"

static void tell(struct vmm_run *run, const char *text)
{
	AUTO_JSON *event = NULL;

	assert_ok(js_parse(text, strlen(text), "event", &event));
	qemu_event(event, run);
}

#define IO(action, nospace)                                                                                            \
	"{\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"action\":\"" action "\",\"nospace\":" nospace                       \
	",\"reason\":\"why\\u001b\"}}"
#define STOP "{\"event\":\"STOP\"}"
#define RESUME "{\"event\":\"RESUME\"}"

static void events(void **state UNUSED)
{
	static const struct {
		const char *texts[3];
		enum vmm_pause pause;
		const char *trouble;
	} cases[] = {
		{{STOP}, VMM_PAUSED, ""},
		{{STOP, RESUME}, VMM_GOES_ON, ""},
		{{IO("stop", "true"), STOP}, VMM_DISK_FULL, "why\\x1b"},
		{{IO("stop", "false"), STOP}, VMM_DISK_FAILED, "why\\x1b"},
		{{IO("stop", "true"), STOP, RESUME}, VMM_GOES_ON, ""},
		{{IO("report", "false")}, VMM_GOES_ON, "why\\x1b"},
		{{IO("report", "false"), STOP}, VMM_PAUSED, "why\\x1b"},
		{{"{\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"pause\"}}", STOP}, VMM_PANICKED, ""},
		{{"{\"event\":\"GUEST_PANICKED\",\"data\":{\"action\":\"poweroff\"}}"}, VMM_GOES_ON, ""},
		{{"{\"event\":\"SUSPEND\"}"}, VMM_ASLEEP, ""},
		{{"{\"event\":\"SUSPEND\"}", "{\"event\":\"WAKEUP\"}"}, VMM_GOES_ON, ""},
		{{"{\"event\":\"RTC_CHANGE\"}", "{}", "{\"event\":7,\"data\":[]}"}, VMM_GOES_ON, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vmm_run run = {.pid = 0};
		for (size_t k = 0; k < ARRAY_LEN(cases[i].texts) && cases[i].texts[k]; k++)
			tell(&run, cases[i].texts[k]);
		assert_int_equal(run.pause, cases[i].pause);
		assert_string_equal(run.trouble, cases[i].trouble);
	}
	struct vmm_run run = {.pid = 0};
	tell(&run, "{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"guest-reset\"}}");
	assert_string_equal(run.reason, "guest-reset");
	tell(&run, "{\"event\":\"SHUTDOWN\"}");
	assert_string_equal(run.reason, "unknown");
}

/* A connection that comes late learns it from the status. */
static void late(void **state UNUSED)
{
	AUTO_JSON *status = js_object();
	struct vmm_run run = {.pid = 0};

	qemu_status(NULL, &run);
	js_set_text(status, "status", "running");
	qemu_status(status, &run);
	assert_int_equal(run.pause, VMM_GOES_ON);
	js_set_text(status, "status", "io-error");
	qemu_status(status, &run);
	assert_int_equal(run.pause, VMM_DISK_FAILED);
}

static void due(void **state UNUSED)
{
	struct pause p = {.told = VMM_GOES_ON};
	int64_t room = PAUSE_ROOM_BYTES;
	int64_t now = 1000000;

	assert_false(pause_due(&p, VMM_GOES_ON, room, now));
	assert_false(pause_due(&p, VMM_DISK_FULL, room, now)); /* not at once */
	assert_false(pause_due(&p, VMM_DISK_FULL, room - 1, now + 2000));
	assert_true(pause_due(&p, VMM_DISK_FULL, room, now + 4000));
	assert_false(pause_due(&p, VMM_GOES_ON, room, now + 4001));
	/* in vain: it takes longer each time, and never longer than a minute */
	int64_t last = 0;
	for (int i = 0; i < 12; i++) {
		int64_t from = now += 5000;
		assert_false(pause_due(&p, VMM_DISK_FULL, room, now));
		while (!pause_due(&p, VMM_DISK_FULL, room, now))
			now += 100;
		assert_true(now - from >= last && now - from <= 60000);
		last = now - from;
		assert_false(pause_due(&p, VMM_GOES_ON, room, ++now));
	}
	assert_int_equal(last, 60000);
	/* whatever else it stands still for is for people to say */
	for (int why = VMM_DISK_FAILED; why <= VMM_PAUSED; why++)
		assert_false(pause_due(&p, (enum vmm_pause)why, room, now += 100000));
}

static void words(void **state UNUSED)
{
	assert_null(pause_error("dev", VMM_GOES_ON, "", "/h"));
	for (int why = VMM_DISK_FULL; why <= VMM_PAUSED; why++) {
		struct err *e = pause_error("dev", (enum vmm_pause)why, "", "/h");
		assert_non_null(e);
		assert_non_null(strstr(e->message, pause_words((enum vmm_pause)why)));
		assert_non_null(e->hint);
		assert_int_equal(err_exit_code(e), why == VMM_DISK_FULL ? EXIT_NOSPACE : EXIT_GUEST);
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events),
		cmocka_unit_test(late),
		cmocka_unit_test(due),
		cmocka_unit_test(words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

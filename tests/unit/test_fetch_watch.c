#include "harness.h"

#include "net/fetch_watch.h"

enum { STEP_MS = 100 };

static const struct watch_limits limits = {.silence_ms = 3000, .window_ms = 8000, .floor_bytes = 4096};

/* When @bytes come every @every_ms (0 = never): how long until the watch says something else than that all is well. */
static int64_t lasts(int64_t every_ms, int64_t bytes, int64_t most_ms, enum watch_state *ret_state)
{
	struct watch w;
	int64_t now = 12345;
	watch_start(&w, now);
	*ret_state = WATCH_ALIVE;
	for (int64_t ms = STEP_MS; ms <= most_ms; ms += STEP_MS) {
		if (every_ms && ms % every_ms == 0)
			watch_hear(&w, bytes);
		*ret_state = watch_look(&w, &limits, now + ms);
		if (*ret_state != WATCH_ALIVE)
			return ms;
	}
	return most_ms;
}

static void silence(void **state)
{
	(void)state;
	enum watch_state said;
	assert_int_equal(lasts(0, 0, 60000, &said), 3100);
	assert_int_equal(said, WATCH_SILENT);
	assert_int_equal(lasts(3500, 1 << 20, 60000, &said), 3100);
	assert_int_equal(said, WATCH_SILENT);
}

static void a_drip(void **state)
{
	(void)state;
	enum watch_state said;
	/* a byte now and then, and a change that brings none: neither is silence, both are too slow */
	assert_int_equal(lasts(1000, 1, 60000, &said), 8000);
	assert_int_equal(said, WATCH_SLOW);
	assert_int_equal(lasts(200, 0, 60000, &said), 8000);
	assert_int_equal(said, WATCH_SLOW);
	/* slow, and above the floor: as long as it takes */
	assert_int_equal(lasts(1000, 512, 3600000, &said), 3600000);
	assert_int_equal(said, WATCH_ALIVE);
	/* what a first window brought does not count for the next */
	struct watch w;
	watch_start(&w, 0);
	watch_hear(&w, 1 << 30);
	for (int64_t ms = STEP_MS; ms < 16000; ms += STEP_MS) {
		watch_hear(&w, 1);
		assert_int_equal(watch_look(&w, &limits, ms), WATCH_ALIVE);
	}
	assert_int_equal(watch_look(&w, &limits, 16000), WATCH_SLOW);
	watch_hear_enough(&w);
	assert_int_equal(watch_look(&w, &limits, 16100), WATCH_ALIVE);
}

static void a_process_that_was_stopped(void **state)
{
	(void)state;
	struct watch w;
	watch_start(&w, 0);
	assert_int_equal(watch_look(&w, &limits, 3600000), WATCH_ALIVE);
	assert_int_equal(watch_look(&w, &limits, 7200000), WATCH_ALIVE);
	assert_int_equal(w.silent_ms, 2000);
}

static void of_a_stall(void **state)
{
	(void)state;
	struct watch_limits l = watch_limits_of(30, 15);
	assert_int_equal(l.silence_ms, 45000);
	assert_int_equal(l.window_ms, 120000);
	assert_int_equal(l.floor_bytes, 120 * 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence),
		cmocka_unit_test(a_drip),
		cmocka_unit_test(a_process_that_was_stopped),
		cmocka_unit_test(of_a_stall),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

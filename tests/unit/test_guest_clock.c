/* When the guest is asked to set its clock; with a script in ssh's place, that it is. tests/e2e has a real guest. */
#include "harness.h"

#include <string.h>

#include "base/path.h"
#include "machine/guest_clock.h"
#include "sys/file.h"
#include "sys/tick.h"

enum { WALL = 1000 * 1000, HALF_HOUR = 30 * 60 * 1000 };

/* A look each second, from one that has just been answered. */
static struct clock_doubt settled(int64_t now)
{
	struct clock_doubt d = {.looked_ms = 0};

	clock_doubt_look(&d, WALL + now, now, /* goes_on= */ true);
	assert_true(clock_doubt_due(&d, now)); /* just ready */
	clock_doubt_settle(&d, /* reached= */ true);
	clock_doubt_look(&d, WALL + now + 1000, now + 1000, true);
	assert_false(clock_doubt_due(&d, now + 1000));
	return d;
}

static void reasons(void **state UNUSED)
{
	static const struct {
		const char *what;
		int64_t wall, now; /* of the next look, after one at 2000 */
		bool due;
	} cases[] = {
		{"a second passed", 3000, 3000, false},
		{"the host slept ten minutes: its monotonic clock stood still", 603000, 3000, true},
		{"the host's clock was put back", 1000, 3000, true},
		{"the host's clock was corrected by little", 3900, 3000, false},
		{"we were stopped", 122000, 122000, true},
		{"the host was busy", 6500, 6500, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct clock_doubt d = settled(1000);
		clock_doubt_look(&d, WALL + cases[i].wall, cases[i].now, true);
		if (clock_doubt_due(&d, cases[i].now) != cases[i].due)
			fail_msg("%s", cases[i].what);
	}
}

static void period(void **state UNUSED)
{
	struct clock_doubt d = settled(1000);
	int asked = 0;

	for (int64_t now = 3000; now <= 3 * HALF_HOUR; now += 1000) {
		clock_doubt_look(&d, WALL + now + now / 20000, now, true); /* 50 ppm are no jump */
		if (clock_doubt_due(&d, now)) {
			asked++;
			clock_doubt_settle(&d, true);
		}
	}
	assert_int_equal(asked, 2);
}

static void stands_still(void **state UNUSED)
{
	struct clock_doubt d = settled(1000);

	for (int64_t now = 3000; now < 2 * HALF_HOUR; now += 1000) {
		clock_doubt_look(&d, WALL + now, now, /* goes_on= */ false);
		assert_false(clock_doubt_due(&d, now)); /* nobody would answer */
	}
	clock_doubt_look(&d, WALL + 2 * HALF_HOUR, 2 * HALF_HOUR, true);
	assert_true(clock_doubt_due(&d, 2 * HALF_HOUR));
}

static void asked_again(void **state UNUSED)
{
	struct clock_doubt d = settled(1000);
	int64_t times[8];
	int count = 0;

	for (int64_t now = 60 * 1000; count < 8; now += 1000) {
		clock_doubt_look(&d, WALL + now, now, true);
		if (clock_doubt_due(&d, now)) {
			times[count++] = now;
			clock_doubt_settle(&d, /* reached= */ false);
		}
	}
	assert_int_equal(times[1] - times[0], 1000);
	assert_int_equal(times[2] - times[1], 2000);
	assert_int_equal(times[7] - times[6], 60 * 1000);
}

/* What is noticed while ssh runs is not lost. */
static void doubt_while_asking(void **state UNUSED)
{
	struct clock_doubt d = settled(1000);

	clock_doubt_look(&d, WALL + 600000, 3000, true);
	assert_true(clock_doubt_due(&d, 3000));
	clock_doubt_look(&d, WALL + 1200000, 4000, true);
	clock_doubt_settle(&d, true);
	assert_true(clock_doubt_due(&d, 4000));
}

static size_t lines_of(const char *path)
{
	AUTO_FREE char *text = NULL;
	size_t lines = 0;

	err_free(file_read(path, 64 * 1024, &text, NULL));
	for (const char *p = text; p && (p = strchr(p, '\n')); p++)
		lines++;
	return lines;
}

/* Looks until @path has @lines lines, or for two seconds. */
static void look(struct guest_clock *c, const char *path, size_t lines)
{
	for (int i = 0; i < 100 && (lines_of(path) < lines || c->ssh > 0); i++) {
		guest_clock_look(c, /* goes_on= */ true);
		tick_sleep_ms(20);
	}
}

static void through_ssh(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = path_join(dir, "ssh");
	AUTO_FREE char *log = path_join(dir, "log");
	AUTO_FREE char *asked = path_join(dir, "ssh.asked");
	AUTO_FREE char *text = NULL;
	static const char fails_once[] =
		"#!/bin/sh\necho \"$*\" >>\"$0.asked\"\n[ \"$(wc -l <\"$0.asked\")\" -gt 1 ] || exit 255\n";
	struct machine_spec spec = {.name = "dev", .dir = dir, .gen_dir = dir};
	struct guest_clock c;

	assert_ok(dir_make(log, 0700));
	assert_ok(file_write(program, fails_once, strlen(fails_once), 0755));
	guest_clock_init(&c, &spec);
	c.guest.ssh.program = program;
	look(&c, asked, 3);
	assert_int_equal(lines_of(asked), 2);
	assert_ok(file_read(asked, 64 * 1024, &text, NULL));
	assert_non_null(strstr(text, "ControlPath=none -l root -T -- cooper-dev sh -c"));
	assert_non_null(strstr(text, "/sys/class/rtc/rtc0/since_epoch"));
	guest_clock_done(&c);
}

/* A guest that never answers holds up nothing. */
static void no_answer(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *program = path_join(dir, "ssh");
	static const char hangs[] = "#!/bin/sh\nexec sleep 100\n";
	struct machine_spec spec = {.name = "dev", .dir = dir, .gen_dir = dir};
	struct guest_clock c;

	AUTO_FREE char *log = path_join(dir, "log");
	assert_ok(dir_make(log, 0700));
	assert_ok(file_write(program, hangs, strlen(hangs), 0755));
	guest_clock_init(&c, &spec);
	c.guest.ssh.program = program;
	int64_t before = tick_ms();
	guest_clock_look(&c, true);
	assert_true(c.ssh > 0);
	c.started_ms -= 61 * 1000; /* a minute later */
	guest_clock_look(&c, true);
	assert_int_equal(c.ssh, 0);
	assert_true(c.doubt.doubtful);
	assert_true(tick_ms() - before < 10 * 1000);
	guest_clock_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons),
		cmocka_unit_test(period),
		cmocka_unit_test(stands_still),
		cmocka_unit_test(asked_again),
		cmocka_unit_test(doubt_while_asking),
		cmocka_unit_test(through_ssh),
		cmocka_unit_test(no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* How far the running steps are: what a build's output says of it, and what people are shown. */
#include "harness.h"

#include <string.h>

#include "build/counted.h"
#include "sys/child.h"
#include "../../cmd/cooper/ui_live.c" /* of the program, which is no library */

struct heard {
	struct sink sink;
	struct str text; /* "P12/345 steps;" and "Olast line;" */
};

static void hear(struct sink *sink, const struct event *e)
{
	struct heard *h = (struct heard *)sink;

	if (e->kind == EVENT_PROGRESS)
		str_addf(&h->text, "P%lld/%lld %s;", (long long)e->done, (long long)e->total, e->text);
	else
		str_addf(&h->text, "O%s;", e->text);
}

static void counted_lines(void **state UNUSED)
{
	static const struct {
		const char *line, *heard;
	} cases[] = {
		{"[812/1817] Compiling C object a.o", "P812/1817 steps;OCompiling C object a.o;"},
		{"[1/1]", "P1/1 steps;O;"},
		{"compiling", "Ocompiling;"},
		{"[]", "O[];"},
		{"[1817/812] x", "O[1817/812] x;"},
		{"[1/x] y", "O[1/x] y;"},
		{"[ 12%] Building", "O[ 12%] Building;"},
		{"[1/2 y", "O[1/2 y;"},
		{"[-1/2] y", "O[-1/2] y;"},
		{"[99999999999999999999/99999999999999999999] y", "O[99999999999999999999/99999999999999999999] y;"},
		{" [1/2] y", "O [1/2] y;"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct heard h = {.sink = {hear}};
		struct counted c = counted_output(&h.sink);
		event_emit(&c.sink, &(struct event){.kind = EVENT_OUTPUT, .step = "build", .text = cases[i].line});
		assert_string_equal(str_text(&h.text), cases[i].heard);
		str_done(&h.text);
	}
}

/* Each state of a progress bar is a line; CR LF ends one line. */
static void carriage_returns(void **state UNUSED)
{
	const char *argv[] = {"printf", "10%%\\r20%%\\rdone\\r\\nnext\\r\\n\\nlast\\r", NULL};
	struct heard h = {.sink = {hear}};
	struct child_spec spec = {.argv = argv, .sink = &h.sink};

	assert_ok(child_run(&spec));
	assert_string_equal(str_text(&h.text), "O10%;O20%;Odone;Onext;O;Olast;");
	str_done(&h.text);
}

static struct live *tell(struct lives *l, enum event_kind kind, const char *text, int64_t done, int64_t total,
			 int64_t now)
{
	return live_take(l, &(struct event){.kind = kind, .step = "build", .text = text, .done = done, .total = total},
			 now);
}

static void shows(const struct live *l, int64_t now, int width, const char *expected)
{
	AUTO(str) line = STR_INIT;

	live_add_line(&line, l, width, now);
	assert_string_equal(str_text(&line), expected);
}

static void time_left(void **state UNUSED)
{
	struct lives l = {.count = 0};
	struct live *build = tell(&l, EVENT_STEP_START, "compile", 0, 0, 1000);

	shows(build, 31000, 80, "  build  30.0 s\n");
	tell(&l, EVENT_PROGRESS, "steps", 1, 1001, 31000);
	shows(build, 31000, 80, "  build  30.0 s  1/1001 steps\n");
	tell(&l, EVENT_PROGRESS, "steps", 10, 1001, 91000); /* too early to say */
	shows(build, 91000, 80, "  build  1 min 30 s  10/1001 steps\n");
	tell(&l, EVENT_PROGRESS, "steps", 501, 1001, 331000); /* half of it in 5 minutes */
	shows(build, 331000, 80, "  build  5 min 30 s  501/1001 steps, 5 min left\n");
	tell(&l, EVENT_PROGRESS, "steps", 951, 1001, 601000);
	shows(build, 601000, 80, "  build  10 min 0 s  951/1001 steps, 35 s left\n");
	tell(&l, EVENT_OUTPUT, "Linking \033[1mx", 0, 0, 601000);
	shows(build, 601000, 80, "  build  10 min 0 s  951/1001 steps, 35 s left  Linking \\x1b[1mx\n");
	shows(build, 601000, 24, "  build  10 min 0 s  95\n");
	tell(&l, EVENT_PROGRESS, "steps", 1001, 1001, 602000);
	shows(build, 602000, 80, "  build  10 min 1 s  1001/1001 steps  Linking \\x1b[1mx\n");
	tell(&l, EVENT_PROGRESS, "steps", 1, 7, 603000); /* the next command counts anew */
	shows(build, 633000, 80, "  build  10 min 32 s  1/7 steps  Linking \\x1b[1mx\n");
	assert_null(tell(&l, EVENT_STEP_DONE, "", 0, 0, 640000));
	assert_int_equal(l.count, 0);
}

/* What an earlier run brought took no time. */
static void resumed_download(void **state UNUSED)
{
	enum { MIB = 1 << 20 };
	struct lives l = {.count = 0};
	struct live *f = tell(&l, EVENT_PROGRESS, "B", 900 * MIB, 1000 * MIB, 1000);

	for (int i = 1; i <= 20; i++)
		tell(&l, EVENT_PROGRESS, "B", (900 + i) * (int64_t)MIB, 1000 * (int64_t)MIB, 1000 + i * 1000);
	shows(f, 21000, 80, "  build  20.0 s  920 MiB of 1000 MiB, 1.0 MiB/s, 85 s left\n");
	assert_true(live_shown(f, 25000));
	assert_false(live_shown(f, 27000)); /* nobody said that it started: silence is its end */
	assert_null(tell(&l, EVENT_STEP_DONE, "", 0, 0, 28000));
}

/* A guest step's name may have 63 letters, and "step:" is in front of it. */
static void long_name(void **state UNUSED)
{
	static const char step[] = "step:a23456789-123456789-123456789-123456789-123456789-123456789-12";
	struct lives l = {.count = 0};

	live_take(&l, &(struct event){.kind = EVENT_STEP_START, .step = step, .text = ""}, 1000);
	live_take(&l, &(struct event){.kind = EVENT_PROGRESS, .step = step, .text = "B", .done = 1}, 2000);
	assert_int_equal(l.count, 1);
	live_take(&l, &(struct event){.kind = EVENT_STEP_DONE, .step = step, .text = ""}, 3000);
	assert_int_equal(l.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counted_lines),
		cmocka_unit_test(carriage_returns),
		cmocka_unit_test(time_left),
		cmocka_unit_test(resumed_download),
		cmocka_unit_test(long_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

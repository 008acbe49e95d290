#include "fetch_server.h"

/* Both in one run, since each takes its seconds: a server that says when to come back, one that falls silent. The time
 * is short of the five tries of the second, and long enough for the first on a busy machine. */
static void waits(void **state)
{
	(void)state;
	struct counter c = {.sink = {count_event}};
	char hex[SHA256_HEX];
	server_digest(20, hex);
	AUTO_FREE char *later = mem_printf("%s/later/%d/1", server.base, SIZE);
	AUTO_FREE char *stall = mem_printf("%s/stall/20", server.base);
	AUTO_FREE char *later_target = path_of("later");
	AUTO_FREE char *stall_target = path_of("stall");
	AUTO_FREE char *part = path_of("stall.part");
	const struct fetch_request r[] = {
		{.url = later, .sha256 = right, .size = SIZE, .target = later_target, .step = "a", .allow_http = true},
		{.url = stall, .sha256 = hex, .size = 20, .target = stall_target, .step = "b", .allow_http = true},
	};
	int64_t before = tick_ms();
	assert_fails(fetch_run(r, 2, before + 5000, &c.sink), ERR_TIMEOUT, "timed out");
	assert_got("later");
	assert_false(is_file(stall_target));
	assert_int_equal(size_of(part), 10);
	assert_non_null(strstr(str_text(&c.notes), "sent almost nothing for 1 s; trying again (2 of 5)"));
	assert_non_null(strstr(str_text(&c.notes), "too many requests from this host (HTTP 429); trying again"));
	/* Retry-After was waited for: the second request came a second later. */
	assert_true(tick_ms() - before >= 1000);
	assert_int_equal(server_asked(&server, "/later/", NULL), 2);
	str_done(&c.notes);
}

static void too_soon(void **state)
{
	(void)state;
	AUTO_FREE char *later = mem_printf("%s/later/%d/2/soon", server.base, SIZE);
	AUTO_FREE char *target = path_of("soon");
	struct fetch_request r = {
		.url = later, .sha256 = right, .size = SIZE, .target = target, .step = "a", .allow_http = true};
	assert_fails(fetch_run(&r, 1, tick_ms() + 150, NULL), ERR_TIMEOUT, "timed out");
	assert_int_equal(server_asked(&server, "/soon", NULL), 1);
	assert_nothing("soon");
}

static void comes_round(void **state)
{
	(void)state;
	struct counter c = {.sink = {count_event}};
	AUTO_FREE char *busy = mem_printf("/busy/%d/4", SIZE);
	assert_ok(get_with((struct fetch_request){.url = busy, .sha256 = right, .size = SIZE}, "busy", &c.sink));
	assert_got("busy");
	assert_non_null(strstr(str_text(&c.notes), "HTTP 500; trying again (2 of 5)"));
	assert_int_equal(server_asked(&server, "/busy/", NULL), 5);
	str_done(&c.notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits),
		cmocka_unit_test(too_soon),
		cmocka_unit_test(comes_round),
	};
	return RUN_WITH_SERVER(tests);
}

#include "fetch_server.h"

/* A byte now and then is no transfer, neither in the body nor in the header. */
static void trickles(void **state)
{
	(void)state;
	struct counter c = {.sink = {count_event}};
	AUTO_FREE char *body = mem_printf("%s/trickle/%d", server.base, SIZE);
	AUTO_FREE char *header = mem_printf("%s/headers_trickle/%d", server.base, SIZE);
	AUTO_FREE char *body_target = path_of("trickle");
	AUTO_FREE char *header_target = path_of("header");
	const struct fetch_request r[] = {
		{.url = body, .sha256 = right, .size = SIZE, .target = body_target, .step = "a", .allow_http = true},
		{.url = header,
		 .sha256 = right,
		 .size = SIZE,
		 .target = header_target,
		 .step = "b",
		 .allow_http = true},
	};
	assert_fails(fetch_run(r, 2, tick_ms() + 3500, &c.sink), ERR_TIMEOUT, "timed out");
	const char *first = strstr(str_text(&c.notes), "trying again (2 of 5)");
	assert_non_null(first);
	assert_non_null(strstr(first + 1, "trying again (2 of 5)"));
	assert_false(is_file(body_target));
	assert_nothing("header");
	str_done(&c.notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trickles),
	};
	return RUN_WITH_SERVER(tests);
}

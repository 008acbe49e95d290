#include "harness.h"

#include "net/scp.h"

static void operands(void **state)
{
	(void)state;
	static const struct {
		const char *path, *source, *target;
	} cases[] = {
		{"/etc/hosts", "h:/etc/hosts", "h:/etc/hosts"},
		{"", "h:.", "h:."},
		{"~", "h:.", "h:."},
		{"~/a", "h:a", "h:a"},
		{"~//a", "h:a", "h:a"},
		{"~root/a", "h:./~root/a", "h:./~root/a"},
		{"a b:c", "h:a b:c", "h:a b:c"},
		{"/[x]*?{a,b}\\", "h:/\\[x\\]\\*\\?\\{a,b\\}\\\\", "h:/[x]*?{a,b}\\"},
	};
	const struct ssh ssh = {.config_path = "/cfg", .host = "h"};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *source = scp_remote(&ssh, cases[i].path, /* is_source= */ true);
		AUTO_FREE char *target = scp_remote(&ssh, cases[i].path, /* is_source= */ false);
		assert_string_equal(source, cases[i].source);
		assert_string_equal(target, cases[i].target);
	}
}

static void of_this_host(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"a", "a"},         {"a:b", "./a:b"}, {":b", "./:b"},
					       {"./a:b", "./a:b"}, {"/a:b", "/a:b"}, {"scp://h/x", "./scp://h/x"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *operand = scp_local(cases[i][0]);
		assert_string_equal(operand, cases[i][1]);
	}
}

static void command_line(void **state)
{
	(void)state;
	const struct ssh ssh = {.config_path = "/cfg", .host = "h"};
	AUTO(strs) argv = STRS_INIT;

	scp_argv(&ssh, /* quiet= */ true, &argv);
	AUTO_FREE char *line = strs_join(&argv, "|");
	assert_string_equal(line, "scp|-F|/cfg|-s|-r|-q|--");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operands),
		cmocka_unit_test(of_this_host),
		cmocka_unit_test(command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

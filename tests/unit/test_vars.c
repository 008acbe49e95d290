#include "harness.h"

#include <stdlib.h>

#include "recipe/vars.h"

static const struct vars some = {.name = "qemu", .version = "7.2", .jobs = "4"};

static void assert_expands(const char *text, const char *expected)
{
	AUTO_FREE char *found = NULL;
	assert_ok(vars_expand(&some, text, &found));
	assert_string_equal(found, expected);
}

static void test_expand(void **state)
{
	(void)state;
	assert_expands("", "");
	assert_expands("plain", "plain");
	assert_expands("${name}-${version}", "qemu-7.2");
	assert_expands("-j${jobs}", "-j4");
	assert_expands("$$", "$");
	assert_expands("$${name}", "${name}");
	assert_expands("$$${name}", "$qemu");
	assert_expands("$name $", "$name $");
}

static struct err *vars_check(const char *text)
{
	size_t from, to;
	return vars_check_at(text, &from, &to);
}

static void test_refused(void **state)
{
	(void)state;
	char *text = NULL;
	assert_fails(vars_expand(&some, "${prefix}", &text), ERR_USAGE, "not available here");
	assert_fails(vars_check("${nam}"), ERR_USAGE, "did you mean '${name}'");
	assert_fails(vars_check("${HOME}"), ERR_USAGE, "unknown variable '${HOME}'");
	assert_fails(vars_check("${name"), ERR_USAGE, "without a closing");
	assert_fails(vars_check("${}"), ERR_USAGE, "names no variable");
	assert_fails(vars_expand(&some, "x${y", &text), ERR_USAGE, "without a closing");
	assert_null(text);
}

static void test_place(void **state)
{
	(void)state;
	size_t from = 0, to = 0;
	assert_fails(vars_check_at("a ${name} ${x} b", &from, &to), ERR_USAGE, "'${x}'");
	assert_int_equal(from, 10);
	assert_int_equal(to, 14);
	assert_fails(vars_check_at("ab${", &from, &to), ERR_USAGE, "closing");
	assert_int_equal(from, 2);
	assert_int_equal(to, 4);
}

/* Every name that is known has a place of its own. */
static void test_known(void **state)
{
	(void)state;
	const struct vars all = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"};
	for (int i = 0; vars_known()[i]; i++) {
		AUTO_FREE char *text = mem_printf("${%s}", vars_known()[i]);
		AUTO_FREE char *expected = mem_printf("%d", i);
		AUTO_FREE char *found = NULL;
		assert_ok(vars_check(text));
		assert_ok(vars_expand(&all, text, &found));
		assert_string_equal(found, expected);
	}
}

static void test_all(void **state)
{
	(void)state;
	AUTO(strs) items = STRS_INIT;
	AUTO(strs) out = STRS_INIT;
	strs_add(&items, "${name}");
	strs_add(&items, "x");
	assert_ok(vars_expand_all(&some, &items, &out));
	assert_int_equal(out.count, 2);
	assert_string_equal(out.items[0], "qemu");
	assert_null(out.items[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand), cmocka_unit_test(test_refused), cmocka_unit_test(test_place),
		cmocka_unit_test(test_known),  cmocka_unit_test(test_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

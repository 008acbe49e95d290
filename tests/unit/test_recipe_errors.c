/* Every bad document below tests/golden/errors gives exactly the message beside it. Run from the top of the tree. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "guest/os.h"
#include "recipe/lint.h"
#include "recipe/load.h"
#include "sys/file.h"

#define FOLDER "tests/golden/errors"

/* As lint does: a stack is checked with its image, which is a shipped one here. */
static struct err *check_guest(const struct recipe *r, const struct recipe_target *target)
{
	struct recipe *image = NULL;
	if (r->kind == RECIPE_IMAGE)
		return guest_os_check(NULL, r);
	AUTO_FREE char *path = mem_printf("vmimages/%s.yaml", r->stack.image);
	bool is_there = false;
	assert_ok(file_exists(path, &is_there));
	if (r->kind != RECIPE_STACK || !is_there)
		return NULL;
	assert_ok(recipe_load(path, target, NULL, &image));
	struct err *e = guest_os_check(r, image);
	recipe_free(image);
	return e;
}

static char *message_of(const char *path)
{
	struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64, .guest_arch = ARCH_X86_64};
	struct recipe *recipe = NULL;
	struct err *e = recipe_load(path, &target, NULL, &recipe);
	if (!e)
		e = check_guest(recipe, &target);
	if (!e)
		e = recipe_lint(recipe, &(const struct strs){.items = (char *[]){(char *)(uintptr_t) "."}, .count = 1});
	recipe_free(recipe);
	if (!e)
		return mem_strdup("no error\n");
	AUTO_FREE char *text = mem_strdup(e->message);
	const char *detail = e->detail;
	char *message = mem_printf("%s\n%s", text, detail ? detail : "");
	err_free(e);
	return message;
}

/* Whether the message of @name is as expected; writes it anew when told to. */
static bool check(const char *name)
{
	AUTO_FREE char *stem = mem_strndup(name, strlen(name) - strlen(".yaml"));
	AUTO_FREE char *path = mem_printf("%s/%s", FOLDER, name);
	AUTO_FREE char *expected_path = mem_printf("%s/%s.expected", FOLDER, stem);
	AUTO_FREE char *expected = NULL;
	AUTO_FREE char *message = message_of(path);
	size_t size = 0;
	if (getenv("COOPER_GOLDEN_REWRITE")) {
		assert_ok(file_write(expected_path, message, strlen(message), 0644));
		return true;
	}
	err_free(file_read(expected_path, 1 << 20, &expected, &size));
	if (streq(expected, message))
		return true;
	print_error("'%s' differs; 'sh tests/golden/errors.sh --rewrite' writes it anew. Now:\n%s", expected_path,
		    message);
	return false;
}

static void test_messages(void **state)
{
	(void)state;
	AUTO(strs) names = STRS_INIT;
	int documents = 0, wrong = 0;
	assert_ok(dir_list(FOLDER, &names));
	for (size_t i = 0; i < names.count; i++) {
		if (!str_ends(names.items[i], ".yaml"))
			continue;
		documents++;
		wrong += !check(names.items[i]);
	}
	assert_true(documents >= 40);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

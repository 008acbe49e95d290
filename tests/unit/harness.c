#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "tree/unpack_child.h"

static struct strs made_dirs;

static void remove_dirs(void)
{
	for (size_t i = 0; i < made_dirs.count; i++)
		err_free(tree_remove(made_dirs.items[i]));
	strs_done(&made_dirs);
}

char *test_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = mem_printf("%s/cooper-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(path))
		fail_msg("mkdtemp '%s' failed", path);
	if (made_dirs.count == 0)
		atexit(remove_dirs);
	strs_add(&made_dirs, path);
	return path;
}

void need_program(const char *name)
{
	char *path = child_find(name);
	bool found = path != NULL;

	free(path);
	if (found)
		return;
	print_message("SKIP: %s is not installed\n", name);
	skip();
}

void assert_ok(struct err *take_e)
{
	if (!take_e)
		return;
	AUTO_FREE char *text = mem_strdup(take_e->message);
	const char *detail = take_e->detail;
	print_error("unexpected error: %s\n%s\n", text, detail ? detail : "");
	err_free(take_e);
	fail();
}

void assert_fails(struct err *take_e, enum err_kind kind, const char *part)
{
	if (!take_e)
		fail_msg("no error where one with '%s' was expected", part);
	AUTO_FREE char *text = mem_strdup(take_e->message);
	const char *hint = take_e->hint;
	const char *detail = take_e->detail;
	AUTO_FREE char *all = mem_printf("%s\n%s\n%s", text, hint ? hint : "", detail ? detail : "");
	enum err_kind found = take_e->kind;
	err_free(take_e);
	if (found != kind)
		fail_msg("error kind %d instead of %d: %s", (int)found, (int)kind, all);
	if (part && !strstr(all, part))
		fail_msg("'%s' is not in the error: %s", part, all);
}

int test_argc;
char **test_argv;

/* Unpacking starts its own program again for the reading (tree/unpack_child.h): here that is the test. */
int main(int argc, char **argv)
{
	if (argc == 4 && streq(argv[2], UNPACK_CHILD))
		unpack_child_run(argv[3]);
	if (getenv("TEST_ONLY"))
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	test_argc = argc;
	test_argv = argv;
	return test_main();
}

bool is_file(const char *path)
{
	bool there = false;
	assert_ok(file_exists(path, &there));
	return there;
}

bool is_dir(const char *path)
{
	bool there = false;
	assert_ok(dir_exists(path, &there));
	return there;
}

int64_t size_of(const char *path)
{
	int64_t bytes = -1;
	assert_ok(file_size(path, &bytes));
	return bytes;
}

bool is_locked(const char *path, char **ret_holder)
{
	bool held = false;
	assert_ok(lock_held(path, &held, ret_holder));
	return held;
}

void make_qcow2(const char *path, const char *backing, const char *format)
{
	const struct child_spec whole = {
		.argv = (const char *[]){"qemu-img", "create", "-q", "-f", "qcow2", path, "1M", NULL}};
	const struct child_spec over = {.argv = (const char *[]){"qemu-img", "create", "-q", "-f", "qcow2", "-F", format,
								 "-b", backing, path, NULL}};
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	assert_ok(child_run(backing ? &over : &whole));
}

/* Nothing that could not be seen is taken for what is not there: real conditions, as a user and as root. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "build/build.h"
#include "harness.h"
#include "machine/control.h"
#include "machine/disk.h"
#include "source/signature.h"
#include "source/source_git.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/lock.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char *top;    /* a folder that anybody may enter */
static char *sealed; /* one with things in it, that nobody may enter */
static char *circle; /* a link to itself */
static char *plain;  /* a file */

static int prepare(void **state)
{
	(void)state;
	top = test_dir();
	sealed = path_join(top, "sealed");
	circle = path_join(top, "circle");
	plain = path_join(top, "plain");
	AUTO_FREE char *inside = path_join(sealed, "inside");
	assert_ok(dir_make(sealed, 0755));
	assert_ok(file_write(inside, "x", 1, 0644));
	assert_ok(file_write(plain, "x", 1, 0644));
	assert_int_equal(symlink("circle", circle), 0);
	assert_int_equal(chmod(top, 0755), 0);
	assert_int_equal(chmod(sealed, 0), 0);
	return 0;
}

static int put_back(void **state)
{
	(void)state;
	assert_int_equal(chmod(sealed, 0755), 0);
	free(top);
	free(sealed);
	free(circle);
	free(plain);
	return 0;
}

/* Each question about @path, which cannot be seen, is an error that names it. */
static void ask_everything(const char *path)
{
	struct stat st;
	bool there = false;
	int64_t bytes = 0;
	assert_fails(file_stat(path, &there, &st), ERR_OS, path);
	assert_fails(file_exists(path, &there), ERR_OS, path);
	assert_fails(dir_exists(path, &there), ERR_OS, path);
	assert_fails(file_size(path, &bytes), ERR_OS, path);
	assert_fails(lock_held(path, &there, NULL), ERR_OS, path);
}

static void links_in_a_circle(void **state)
{
	(void)state;
	struct stat st;
	bool there = false;
	ask_everything(circle);
	assert_ok(file_lstat(circle, &there, &st)); /* the link itself is there */
	assert_true(there && S_ISLNK(st.st_mode));
}

static void a_file_where_a_folder_must_be(void **state)
{
	(void)state;
	AUTO_FREE char *below = path_join(plain, "below");
	AUTO_FREE char *data = NULL;
	AUTO(strs) names = STRS_INIT;
	bool there = false;
	ask_everything(below);
	assert_fails(file_lstat(below, &there, NULL), ERR_OS, below);
	there = true;
	assert_ok(file_stat_optional(below, &there, NULL));
	assert_false(there);
	assert_fails(file_stat_optional(circle, &there, NULL), ERR_OS, circle);
	assert_fails(file_read(below, 10, &data, NULL), ERR_OS, below);
	assert_fails(dir_list(below, &names), ERR_OS, below);
	assert_fails(dir_list(plain, &names), ERR_OS, plain);
	assert_fails(machine_running(plain, &there, NULL), ERR_OS, plain);
	assert_fails(generation_booted(plain, &there), ERR_OS, plain);
}

static void a_name_that_is_too_long(void **state)
{
	(void)state;
	char name[300];
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i + 1 < sizeof(name) ? 'n' : '\0';
	AUTO_FREE char *path = path_join(top, name);
	ask_everything(path);
}

static void a_home_that_is_half_a_file(void **state)
{
	(void)state;
	AUTO_FREE char *root = path_join(top, "home");
	struct home home;
	bool there = false;
	assert_ok(dir_make(root, 0755));
	home_at(root, &home);
	assert_ok(file_write(home.cas, "", 0, 0644));
	assert_ok(file_write(home.store, "", 0, 0644));
	assert_fails(cas_has(&home, KEY, &there), ERR_OS, home.cas);
	assert_fails(cas_agrees(&home, KEY, NULL, 1, &there), ERR_OS, home.cas);
	assert_fails(store_has(&home, KEY, "a", &there), ERR_OS, home.store);
	home_done(&home);
}

/* A note at @path that cannot be read. */
static void put_circle(const char *path)
{
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	assert_int_equal(symlink(path_base(path), path), 0);
}

static void notes_that_cannot_be_read(void **state)
{
	(void)state;
	static char name[] = "r", url[] = "git:file:///r#0123456789abcdef0123456789abcdef01234567";
	AUTO_FREE char *root = path_join(top, "notes");
	AUTO_FREE char *receipt = path_join(root, "build/r/src.receipt.json");
	AUTO_FREE char *signature = path_join(root, "signatures/" KEY ".json");
	AUTO(home) home = {.root = NULL};
	AUTO_JSON *found = NULL;
	struct recipe recipe = {.name = name};
	struct source_file item = {.name = "f", .digest = KEY, .signature_url = "http://x"};
	struct source_files files = {.items = &item, .count = 1};
	struct build_job job = {.home = &home, .recipe = &recipe, .files = &files, .source_key = KEY};
	bool held = false;
	home_at(root, &home);
	put_circle(receipt);
	put_circle(signature);
	assert_fails(build_source_receipt(&job, &found), ERR_OS, receipt);
	assert_fails(build_source_ensure(&job, NULL), ERR_OS, receipt);
	assert_fails(signature_held(&home, &item, &held), ERR_OS, signature);
	assert_fails(signature_receipts(&home, &files, &found), ERR_OS, signature);
	item = (struct source_file){.name = "f", .url = url};
	assert_fails(source_git_receipts(&home, &files, &found), ERR_ABSENT, "0123456789abcdef01234567.json");
}

static void what_is_not_there_is_not_there(void **state)
{
	(void)state;
	AUTO_FREE char *gone = path_join(top, "gone");
	AUTO_FREE char *below = path_join(gone, "below");
	AUTO_FREE char *link = path_join(top, "dangling");
	AUTO(strs) names = STRS_INIT;
	bool there = true;
	int64_t bytes = 0;
	assert_int_equal(symlink("gone", link), 0);
	const char *const paths[] = {gone, below, link};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_ok(file_stat(paths[i], &there, NULL));
		assert_false(there);
		assert_ok(file_size(paths[i], &bytes));
		assert_int_equal(bytes, -1);
		assert_ok(lock_held(paths[i], &there, NULL));
		assert_false(there);
		assert_ok(dir_list(paths[i], &names));
		assert_int_equal(names.count, 0);
	}
	assert_ok(file_lstat(link, &there, NULL));
	assert_true(there);
}

/* In a child that is not root: 0 when every question was answered with an error. */
static int ask_as_nobody(const char *path)
{
	bool there = false;
	int64_t bytes = 0;
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *data = NULL;
	AUTO_FREE char *dir = path_dir(path);
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return 77;
	struct err *const answers[] = {
		file_stat(path, &there, NULL),
		file_lstat(path, &there, NULL),
		file_exists(path, &there),
		dir_exists(path, &there),
		file_size(path, &bytes),
		lock_held(path, &there, NULL),
		machine_running(dir, &there, NULL),
		file_read(path, 10, &data, NULL),
		dir_list(path, &names),
		dir_list(dir, &names),
	};
	int wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		wrong += !err_is(answers[i], ERR_OS);
		err_free(answers[i]);
	}
	return wrong;
}

static void a_folder_that_may_not_be_entered(void **state)
{
	(void)state;
	AUTO_FREE char *inside = path_join(sealed, "inside");
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ask_as_nobody(inside));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_in_a_circle),
		cmocka_unit_test(a_file_where_a_folder_must_be),
		cmocka_unit_test(a_name_that_is_too_long),
		cmocka_unit_test(a_home_that_is_half_a_file),
		cmocka_unit_test(notes_that_cannot_be_read),
		cmocka_unit_test(what_is_not_there_is_not_there),
		cmocka_unit_test(a_folder_that_may_not_be_entered),
	};
	return cmocka_run_group_tests(tests, prepare, put_back);
}

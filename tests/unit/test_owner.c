#include "harness.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "recipe/load.h"
#include "recipe/lock_file.h"
#include "store/home.h"
#include "sys/beneath.h"
#include "sys/file.h"
#include "sys/owner.h"

enum { HIS = 12345 };

/* As the file system names it: on macOS there are links on the way. */
static char *top_of(void)
{
	AUTO_FREE char *dir = test_dir();
	return realpath(dir, NULL);
}

static char *folder(const char *top, const char *name, mode_t mode, uid_t owner)
{
	char *path = path_join(top, name);
	assert_ok(dir_make(path, 0755));
	assert_int_equal(chmod(path, mode), 0);
	assert_int_equal(lchown(path, owner, (gid_t)-1), 0);
	return path;
}

static void a_link(const char *top, const char *name, const char *target, uid_t owner)
{
	AUTO_FREE char *path = path_join(top, name);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(lchown(path, owner, (gid_t)-1), 0);
}

static struct err *way(const char *top, const char *name)
{
	AUTO_FREE char *path = path_join(top, name);
	return owner_check_way(path);
}

/* Who could put what is there, by what is known of it: a folder in which all may write is where it matters. */
static void entries(void **state UNUSED)
{
	static const struct {
		mode_t top, parent, entry;
		uid_t owner; /* added to ours */
		const char *says;
	} cases[] = {
		{S_IFDIR | 0755, S_IFDIR | 0755, S_IFREG | 0644, 0, NULL},
		{S_IFDIR | 0755, S_IFDIR | 0755, S_IFREG | 0644, 1, NULL}, /* who owns the folder let him in */
		{S_IFDIR | 0775, S_IFDIR | 0775, S_IFREG | 0664, 1, NULL},
		{S_IFDIR | 01777, S_IFDIR | 01777, S_IFREG | 0644, 0, NULL},
		{S_IFDIR | 01777, S_IFDIR | 01777, S_IFREG | 0644, 1, "belongs to"},
		{S_IFDIR | 01777, S_IFDIR | 01777, S_IFDIR | 0755, 1, "belongs to"},
		{S_IFDIR | 01777, S_IFDIR | 01777, S_IFLNK | 0777, 1, "belongs to"},
		{S_IFDIR | 01777, S_IFDIR | 01777, S_IFLNK | 0777, 0, NULL},
		{S_IFDIR | 01777, S_IFDIR | 0755, S_IFREG | 0644, 1, NULL},
		{S_IFDIR | 0777, S_IFDIR | 0777, S_IFREG | 0644, 1, "belongs to"},
		{S_IFDIR | 0755, S_IFDIR | 0755, S_IFREG | 0666, 0, "others can write to"},
		{S_IFDIR | 0755, S_IFDIR | 0755, S_IFDIR | 0777, 0, "others can write to"},
		{S_IFDIR | 0755, S_IFDIR | 0755, S_IFDIR | 01777, 0, NULL}, /* what is in it is judged */
		{S_IFDIR | 01777, S_IFDIR | 01777, S_IFREG | 0666, 0, "others can write to"},
		{S_IFDIR | 0777, S_IFDIR | 0777, S_IFREG | 0666, 0, NULL}, /* as all of it is, and it was named */
	};

	unsetenv("SUDO_UID");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct stat top = {.st_mode = cases[i].top, .st_uid = geteuid()};
		const struct stat parent = {.st_mode = cases[i].parent, .st_uid = geteuid()};
		const struct stat entry = {.st_mode = cases[i].entry, .st_uid = geteuid() + cases[i].owner};
		print_message("%zu\n", i);
		struct err *e = owner_check_entry("x", &top, &parent, &entry);
		if (cases[i].says)
			assert_fails(e, ERR_USAGE, cases[i].says);
		else
			assert_ok(e);
	}
	/* of a project of somebody else, that was named */
	const struct stat his = {.st_mode = S_IFDIR | 01777, .st_uid = geteuid() + 1};
	const struct stat file = {.st_mode = S_IFREG | 0644, .st_uid = geteuid() + 1};
	assert_ok(owner_check_entry("x", &his, &his, &file));
}

static void ways(void **state UNUSED)
{
	if (geteuid() != 0)
		skip();
	AUTO_FREE char *top = top_of();
	AUTO_FREE char *mine = folder(top, "mine/deep", 0755, 0);
	AUTO_FREE char *his = folder(top, "his", 0755, HIS);
	AUTO_FREE char *in_his = folder(top, "his/mine", 0700, 0);
	AUTO_FREE char *open_dir = folder(top, "open", 0777, 0);
	AUTO_FREE char *in_open = folder(top, "open/mine", 0700, 0);
	AUTO_FREE char *shared = folder(top, "shared", 01777, 0);
	AUTO_FREE char *in_shared = folder(top, "shared/mine", 0700, 0);
	AUTO_FREE char *his_shared = folder(top, "shared/his", 0755, HIS);
	a_link(shared, "lead", "../mine", HIS);
	a_link(shared, "twice", "lead", 0);
	a_link(shared, "whole", mine, 0);
	a_link(shared, "to-his", his, 0);
	a_link(shared, "loop", "loop", 0);
	a_link(shared, "nowhere", "none", 0);
	static const char *const good[] = {"mine/deep",      "mine/deep/not/there", "shared/mine",        "shared/none",
					   "shared/whole/x", "shared/nowhere/x",    "mine/../shared/mine"};
	static const struct {
		const char *name, *says;
	} bad[] = {
		{"his", "his' belongs to"},           {"his/mine", "his' belongs to"},
		{"his/none", "his' belongs to"},      {"his/../mine", "his' belongs to"},
		{"open/mine", "others can write to"}, {"open/none", "others can write to"},
		{"shared/lead", "lead' belongs to"},  {"shared/lead/deep", "lead' belongs to"},
		{"shared/twice", "lead' belongs to"}, {"shared/to-his/mine", "his' belongs to"},
		{"shared/his/x", "his' belongs to"},
	};

	unsetenv("SUDO_UID");
	setenv("HOME", mine, 1);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_ok(way(top, good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_fails(way(top, bad[i].name), ERR_USAGE, bad[i].says);
	assert_fails(way(top, "shared/loop"), ERR_OS, "loop");
	setenv("HOME", his, 1); /* a container's, on the host's disk */
	assert_ok(way(top, "his/mine"));
	setenv("HOME", mine, 1);
	setenv("SUDO_UID", "12345", 1);
	assert_ok(way(top, "his/mine"));
	unsetenv("SUDO_UID");
}

/* Between the look and the making somebody else is quicker. */
static void a_home_that_came_to_be(void **state UNUSED)
{
	if (geteuid() != 0)
		skip();
	AUTO_FREE char *top = top_of();
	AUTO_FREE char *shared = folder(top, "shared", 01777, 0);
	AUTO_FREE char *place = path_join(shared, "home");
	static const struct {
		mode_t mode;
		uid_t owner;
		const char *says;
	} cases[] = {{0777, HIS, "belongs to"}, {0755, HIS, "belongs to"}, {0777, 0, "others can write to"}};

	setenv("COOPER_HOME", place, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct home home;
		assert_ok(home_open(&home));
		AUTO_FREE char *made = folder(shared, "home", cases[i].mode, cases[i].owner);
		assert_fails(home_make(&home), ERR_USAGE, cases[i].says);
		assert_ok(tree_remove(place));
		home_done(&home);
	}
	struct home home;
	assert_ok(home_open(&home));
	assert_ok(home_make(&home));
	home_done(&home);
	AUTO_FREE char *his = folder(shared, "his", 0755, HIS);
	AUTO_FREE char *in_his = path_join(his, "home");
	setenv("COOPER_HOME", in_his, 1);
	assert_fails(home_open(&home), ERR_USAGE, "his' belongs to");
	unsetenv("COOPER_HOME");
}

/* What is looked for by name, and what is read below a folder. */
static void below(void **state UNUSED)
{
	if (geteuid() != 0)
		skip();
	AUTO_FREE char *top = top_of();
	AUTO_FREE char *shared = folder(top, "shared", 01777, 0);
	AUTO_FREE char *his = folder(shared, "recipes", 0755, HIS);
	AUTO_FREE char *mine = folder(shared, "mine", 0755, 0);
	AUTO_FREE char *file = path_join(his, "x.yaml");
	AUTO_FREE char *lock = path_join(shared, "cooper.lock");
	AUTO_FREE char *found = NULL;
	AUTO_FREE char *place = NULL;
	AUTO_FREE char *text = NULL;
	AUTO(strs) roots = STRS_INIT;
	struct json *root = NULL;

	assert_ok(file_write(file, "", 0, 0644)); /* mine, in his folder */
	strs_add(&roots, shared);
	assert_fails(recipe_find("x", RECIPE_BUILD, &roots, &text), ERR_USAGE, "recipes' belongs to");
	assert_fails(owner_check_below(shared, "recipes/x.yaml"), ERR_USAGE, "recipes' belongs to");
	assert_fails(beneath_read(shared, "recipes/x.yaml", 10, &text, NULL), ERR_USAGE, "recipes' belongs to");
	assert_ok(beneath_path(shared, "recipes", &found)); /* a name is no content */
	a_link(mine, "lead", "../recipes/x.yaml", 0);
	assert_fails(beneath_read(shared, "mine/lead", 10, &text, NULL), ERR_USAGE, "recipes' belongs to");
	assert_fails(owner_check_below(shared, "none"), ERR_OS, "none"); /* it was there a moment ago */
	assert_ok(owner_check_below(his, "x.yaml"));
	assert_ok(lock_file_place(lock, &place));
	assert_ok(lock_file_read(lock, &root));
	assert_null(root);
	assert_ok(file_write(lock, "{}", 2, 0644));
	assert_int_equal(chown(lock, HIS, HIS), 0);
	assert_fails(lock_file_read(lock, &root), ERR_USAGE, "cooper.lock' belongs to");
	assert_fails(lock_file_write(lock, lock, NULL), ERR_USAGE, "cooper.lock' belongs to");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),
		cmocka_unit_test(ways),
		cmocka_unit_test(a_home_that_came_to_be),
		cmocka_unit_test(below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

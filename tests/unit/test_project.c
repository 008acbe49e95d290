#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "plan/project_find.h"
#include "recipe/load.h"
#include "sys/file.h"
#include "sys/owner.h"

/* As getcwd() names it: on macOS there are links on the way. */
static char *real_dir(void)
{
	AUTO_FREE char *dir = test_dir();
	return realpath(dir, NULL);
}

static char *put(const char *root, const char *name, const char *text)
{
	char *path = path_join(root, name);
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, text, strlen(text), 0644));
	return path;
}

static void go(const char *root, const char *folder)
{
	AUTO_FREE char *dir = path_join(root, folder);
	assert_ok(dir_make(dir, 0755));
	assert_int_equal(chdir(dir), 0);
}

/* What is found from where the process is: as it is told, or NULL. */
static char *found(void)
{
	char *path = NULL;
	assert_ok(project_find(&path));
	return path;
}

static void a_subfolder_means_its_project(void **state UNUSED)
{
	AUTO_FREE char *root = real_dir();
	AUTO_FREE char *above = put(root, "a/cooper.yaml", "");
	AUTO_FREE char *nearest = put(root, "a/b/c/cooper.yaml", "");
	static const struct {
		const char *home, *from, *path; /* below the root */
	} cases[] = {
		{"", "a", "./cooper.yaml"},
		{"", "a/b", "a/cooper.yaml"},
		{"", "a/b/c", "./cooper.yaml"},
		{"", "a/b/c/d/e", "a/b/c/cooper.yaml"},
		{"", "z", NULL},
		{"a", "a/x/y", "a/cooper.yaml"}, /* HOME is the last folder that is looked into */
		{"a/x", "a/x/y", NULL},
		{"a/x", "a/x", NULL},
		{"a/y", "a/x/y", "a/cooper.yaml"}, /* not on the way */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *home = path_join(root, cases[i].home);
		AUTO_FREE char *clean = mem_strndup(home, strlen(home) - (*cases[i].home ? 0 : 1));
		setenv("HOME", clean, 1);
		go(root, cases[i].home);
		go(root, cases[i].from);
		AUTO_FREE char *path = found();
		AUTO_FREE char *expected = cases[i].path && *cases[i].path != '.' ? path_join(root, cases[i].path)
										  : mem_strdup(cases[i].path);
		assert_int_equal(path == NULL, expected == NULL);
		if (path)
			assert_string_equal(path, expected);
	}
}

/* By its real place, not by the way to it. */
static void a_project_has_one_identity(void **state UNUSED)
{
	AUTO_FREE char *root = real_dir();
	AUTO_FREE char *file = put(root, "a/cooper.yaml", "");
	AUTO_FREE char *other = put(root, "b/cooper.yaml", "");
	AUTO_FREE char *link = path_join(root, "link");
	AUTO_FREE char *through = path_join(root, "link/cooper.yaml");
	char *ids[4] = {NULL};
	assert_int_equal(symlink("a", link), 0);
	go(root, "a");
	assert_ok(project_id("./cooper.yaml", &ids[0]));
	assert_ok(project_id(file, &ids[1]));
	assert_ok(project_id(through, &ids[2]));
	assert_ok(project_id(other, &ids[3]));
	assert_string_equal(ids[0], ids[1]);
	assert_string_equal(ids[0], ids[2]);
	assert_string_not_equal(ids[0], ids[3]);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		free(ids[i]);
}

/* Nothing of it may be taken for "there is none": the stack that is changed then would be another. */
static void what_cannot_be_read_is_an_error(void **state UNUSED)
{
	static const struct {
		const char *name, *target; /* a link; a folder where NULL */
		enum err_kind kind;
		const char *words;
	} cases[] = {
		{"gone", "/nonexistent/cooper.yaml", ERR_OS, "'/nonexistent/cooper.yaml'"},
		{"circle", "cooper.yaml", ERR_OS, "symbolic links"},
		{"file", "/dev/null/x", ERR_OS, "cannot follow the link"},
		{"device", "/dev/null", ERR_USAGE, "no regular file"},
		{"folder", NULL, ERR_USAGE, "is a folder"},
	};
	AUTO_FREE char *root = real_dir();
	setenv("HOME", root, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *path = NULL;
		go(root, cases[i].name);
		assert_int_equal(cases[i].target ? symlink(cases[i].target, "cooper.yaml") : mkdir("cooper.yaml", 0755),
				 0);
		assert_fails(project_find(&path), cases[i].kind, cases[i].words);
		assert_null(path);
		assert_int_equal(mkdir("below", 0755), 0);
		assert_int_equal(chdir("below"), 0);
		assert_fails(project_find(&path), cases[i].kind, cases[i].words);
	}
	AUTO_FREE char *lost = path_join(root, "lost");
	char *path = NULL;
	go(root, "lost");
	assert_int_equal(rmdir(lost), 0);
	assert_fails(project_find(&path), ERR_OS, "current folder");
}

/* The same of recipes that are looked for by name: a link that leads nowhere does not give way to the next root. */
static void recipes_by_name_are_not_passed_over(void **state UNUSED)
{
	static const char *const makes[] = {"recipes/st.yaml", "recipes/emu.yaml", "vmimages/img.yaml"};
	static const char *const names[] = {"st", "emu", "img"};
	static const enum recipe_kind kinds[] = {RECIPE_STACK, RECIPE_BUILD, RECIPE_IMAGE};
	AUTO_FREE char *own = real_dir();
	AUTO_FREE char *shipped = real_dir();
	AUTO(strs) roots = STRS_INIT;
	strs_add(&roots, own);
	strs_add(&roots, shipped);
	go(own, "recipes");
	go(own, "vmimages");
	for (size_t i = 0; i < ARRAY_LEN(makes); i++) {
		AUTO_FREE char *text = mem_printf("kind: %s\n", i == 0 ? "stack" : i == 1 ? "build" : "image");
		AUTO_FREE char *second = put(shipped, makes[i], text);
		AUTO_FREE char *first = path_join(own, makes[i]);
		AUTO_FREE char *path = NULL;
		AUTO_FREE char *none = NULL;
		assert_ok(recipe_find(names[i], kinds[i], &roots, &path));
		assert_string_equal(path, second);
		assert_int_equal(symlink("nowhere", first), 0);
		assert_fails(recipe_find(names[i], kinds[i], &roots, &none), ERR_OS, "nowhere");
		assert_fails(recipe_find(first, kinds[i], &roots, &none), ERR_OS, "nowhere");
	}
	/* and of what a stack extends */
	AUTO_FREE char *upper = put(own, "cooper.yaml", "kind: stack\nextends: st\n");
	struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64, .guest_arch = ARCH_X86_64};
	struct recipe *r = NULL;
	assert_fails(recipe_load(upper, &target, &roots, &r), ERR_OS, "nowhere");
}

static void others_decide_nothing(void **state UNUSED)
{
	assert_true(owner_is_trusted(1000, 1000, 1000));
	assert_true(owner_is_trusted(0, 1000, 1000));
	assert_false(owner_is_trusted(1001, 1000, 1000));
	assert_true(owner_is_trusted(1000, 0, 1000)); /* sudo */
	assert_false(owner_is_trusted(1001, 0, 1000));
	AUTO_FREE char *root = real_dir();
	AUTO_FREE char *file = put(root, "a/cooper.yaml", "");
	AUTO_FREE char *dir = path_join(root, "a");
	assert_ok(project_check_owner(file));
	assert_int_equal(chmod(file, 0664), 0); /* a team's umask */
	assert_ok(project_check_owner(file));
	assert_int_equal(chmod(file, 0666), 0);
	assert_fails(project_check_owner(file), ERR_USAGE, "cooper up ");
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_fails(project_check_owner(file), ERR_USAGE, "others can write to");
	assert_int_equal(chmod(dir, 01777), 0);
	assert_ok(project_check_owner(file));
	assert_ok(file_remove(file)); /* and back when it is read */
	assert_fails(project_check_owner(file), ERR_OS, "cooper.yaml");
}

/* Of another user: the file, or the folder where it could be replaced. */
static void others_projects_are_not_taken(void **state UNUSED)
{
	if (geteuid() != 0)
		skip();
	AUTO_FREE char *root = real_dir();
	AUTO_FREE char *file = put(root, "a/cooper.yaml", "");
	AUTO_FREE char *dir = path_join(root, "a");
	unsetenv("SUDO_UID");
	assert_int_equal(chown(file, 12345, 12345), 0);
	assert_fails(project_check_owner(file), ERR_USAGE, "user 12345");
	setenv("SUDO_UID", "12345", 1);
	assert_ok(project_check_owner(file));
	setenv("SUDO_UID", "12346", 1);
	assert_fails(project_check_owner(file), ERR_USAGE, "user 12345");
	unsetenv("SUDO_UID");
	assert_int_equal(chown(file, 0, 0), 0);
	assert_int_equal(chown(dir, 12345, 12345), 0);
	assert_fails(project_check_owner(file), ERR_USAGE, "user 12345");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_subfolder_means_its_project),
		cmocka_unit_test(a_project_has_one_identity),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
		cmocka_unit_test(recipes_by_name_are_not_passed_over),
		cmocka_unit_test(others_decide_nothing),
		cmocka_unit_test(others_projects_are_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

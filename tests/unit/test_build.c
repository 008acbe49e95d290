/* Builds of a tiny recipe, for real: what is built is what the key says, whatever was there before. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive_maker.h"
#include "base/path.h"
#include "fmt/digest.h"
#include "plan/stack.h"
#include "step/outputs.h"
#include "store/cas.h"
#include "sys/file.h"

static const char image_text[] = "kind: image\nname: none\nversion: \"1\"\nos: debian\nsource:\n"
				 "  - { url: \"file:///nonexistent/none.qcow2\", sha256: "
				 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa }\n"
				 "format: qcow2\nboot: { mode: uefi }\nuser: core\n";

static char *root; /* of the recipes; COOPER_HOME is below it */

static void put(const char *name, const char *text, size_t size)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, text, size, 0644));
}

/* A recipe of that name, whose source has the file hello ("hi\n"), and @commands. */
static void put_recipe(const char *commands)
{
	AUTO(str) tar = STR_INIT;
	AUTO(str) recipe = STR_INIT;
	char hex[SHA256_HEX];
	make_tar_header(&tar, "x/hello", '0', NULL, 3, 0644);
	make_tar_data(&tar, "hi\n", 3);
	for (int i = 0; i < 1024; i++)
		str_add_char(&tar, '\0');
	digest_bytes(str_text(&tar), tar.len, hex);
	str_addf(&recipe,
		 "kind: build\nname: tiny\nversion: \"1\"\nsource:\n  - { url: \"file://%s/x.tar\", sha256: %s }\n%s",
		 root, hex, commands);
	put("x.tar", str_text(&tar), tar.len);
	put("recipes/tiny.yaml", str_text(&recipe), recipe.len);
	put("recipes/st.yaml", "kind: stack\nemulator: tiny\nimage: none\n", 39);
	put("vmimages/none.yaml", image_text, sizeof(image_text) - 1);
}

static int setup(void **state UNUSED)
{
	root = test_dir();
	AUTO_FREE char *home = path_join(root, "home");
	setenv("COOPER_RECIPES", root, 1);
	setenv("COOPER_HOME", home, 1);
	setenv("COOPER_BOX", "nothing", 1); /* one recipe here looks at a file of the test */
	return 0;
}

static int teardown(void **state UNUSED)
{
	free(root);
	return 0;
}

static struct err *build_keg(char **ret_keg)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(project_open(&p, "st", NULL));
	TRY(home_make(&p.home));
	TRY(stack_open(&p, /* unresolved= */ NULL, &s));
	TRY(stack_observe(&s, "build"));
	TRY(stack_perform(&s, NULL));
	*ret_keg = step_result(graph_kind(&s.graph, "build"), NULL);
	return NULL;
}

/* The text of @name in the keg that is built now; heap. */
static char *built(const char *name)
{
	AUTO_FREE char *keg = NULL;
	char *text = NULL;
	assert_ok(build_keg(&keg));
	AUTO_FREE char *path = path_join(keg, name);
	assert_ok(file_read(path, 1 << 16, &text, NULL));
	return text;
}

static char *below_home(const char *name)
{
	return path_join(getenv("COOPER_HOME"), name);
}

static void a_failed_configure_leaves_nothing_behind(void **state UNUSED)
{
	AUTO_FREE char *keg = NULL;
	AUTO_FREE char *commands = mem_printf("configure:\n  - script: |\n"
					      "      printf more >>${source}/hello; : >${source}/new; test -e %s/go\n"
					      "install:\n  - [cp, \"${source}/hello\", \"${prefix}/\"]\n",
					      root);
	put_recipe(commands);
	assert_fails(build_keg(&keg), ERR_CHILD, "");
	put("go", "", 0);
	AUTO_FREE char *text = built("hello");
	assert_string_equal(text, "hi\nmore");
}

#define COPIES "install:\n  - [cp, \"${source}/hello\", \"${prefix}/\"]\n"

static void overwrite(const char *name, const char *text)
{
	AUTO_FREE char *path = below_home(name);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* The tree is there, stamped and whole; then a byte of it is another one. */
static void a_flipped_byte_is_seen(void **state UNUSED)
{
	AUTO_FREE char *store = below_home("store");
	put_recipe(COPIES);
	AUTO_FREE char *first = built("hello");
	assert_ok(tree_remove(store));
	overwrite("build/tiny/src/hello", "ho");
	AUTO_FREE char *second = built("hello");
	assert_string_equal(second, "hi\n");
}

static void assert_untouched(const struct stat *expected)
{
	AUTO_FREE char *path = below_home("build/tiny/src/hello");
	AUTO_FREE char *store = below_home("store");
	struct stat st;
	assert_ok(tree_remove(store));
	AUTO_FREE char *text = built("hello");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, expected->st_mode);
	assert_true(file_mtime_ns(&st) == file_mtime_ns(expected));
}

/* make(1) goes by times, and who may run a file by its mode. */
static void times_and_modes_count(void **state UNUSED)
{
	AUTO_FREE char *path = below_home("build/tiny/src/hello");
	struct stat st;
	put_recipe(COPIES);
	AUTO_FREE char *first = built("hello");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_untouched(&st);
	overwrite("build/tiny/src/hello", "hi");
	assert_untouched(&st);
}

/* A tree that nobody touched is used as it is. */
static void an_untouched_tree_stays(void **state UNUSED)
{
	AUTO_FREE char *path = below_home("build/tiny/src/hello");
	AUTO_FREE char *store = below_home("store");
	struct stat before, after;
	put_recipe(COPIES);
	AUTO_FREE char *first = built("hello");
	assert_int_equal(stat(path, &before), 0);
	assert_ok(tree_remove(store));
	AUTO_FREE char *second = built("hello");
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

/* Of two entries of one name some programs take the first and some the last. */
static void a_variable_is_there_once(void **state UNUSED)
{
	AUTO_FREE char *log = below_home("log");
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *keg = NULL;
	AUTO(strs) names = STRS_INIT;
	put_recipe("env: { HOME: /mine, TZ: Mars, LC_ALL: mine, PATH: \"/usr/bin:/bin:/mine\", OWN: mine }\n"
		   "install:\n  - [env]\n  - [cp, \"${source}/hello\", \"${prefix}/\"]\n");
	assert_ok(build_keg(&keg));
	assert_ok(dir_list(log, &names));
	AUTO_FREE char *path = path_join(log, names.items[0]);
	assert_ok(file_read(path, 1 << 16, &text, NULL));
	static const char *const expected[] = {"HOME=/mine\n", "TZ=Mars\n", "LC_ALL=mine\n",
					       "PATH=/usr/bin:/bin:/mine\n", "OWN=mine\n"};
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		AUTO_FREE char *name = mem_strndup(expected[i], strcspn(expected[i], "=") + 1);
		const char *at = strstr(text, name);
		assert_non_null(at);
		assert_true(str_starts(at, expected[i]));
		AUTO_FREE char *second = mem_printf("\n%s", name);
		assert_null(strstr(at + 1, second));
	}
}

/* As a disk does it: other bytes, the same size, time and inode. */
static void rot(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(chmod(path, 0600), 0);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	assert_int_equal(fseek(f, 512, SEEK_SET), 0); /* of a tar: the first file */
	fputs("ho", f);
	assert_int_equal(fclose(f), 0);
	int64_t ns = file_mtime_ns(&st);
	const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {ns / 1000000000, (long)(ns % 1000000000)}};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(chmod(path, st.st_mode & 0777), 0);
}

static void what_rots_in_the_store_is_not_built(void **state UNUSED)
{
	AUTO_FREE char *store = below_home("store");
	AUTO_FREE char *tree = below_home("build");
	AUTO_FREE char *keg = NULL;
	AUTO_FREE char *archive = path_join(root, "x.tar");
	char hex[SHA256_HEX];
	struct home home;
	put_recipe(COPIES);
	AUTO_FREE char *first = built("hello");
	assert_ok(digest_file(archive, hex, NULL));
	home_at(getenv("COOPER_HOME"), &home);
	AUTO_FREE char *object = cas_path(&home, hex);
	home_done(&home);
	assert_ok(tree_remove(store));
	assert_ok(tree_remove(tree));
	rot(object);
	assert_fails(build_keg(&keg), ERR_CORRUPT, "damaged");
	AUTO_FREE char *second = built("hello");
	assert_string_equal(second, "hi\n");
}

#define PATCH(line) "--- a/hello\n+++ b/hello\n@@ -1 +1 @@\n-hi\n+" line "\n"

/* Between the key and the patch that is read may be an hour of other steps. */
static void a_patch_is_that_of_the_key(void **state UNUSED)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(stack) s = STACK_INIT;
	put("patches/a.patch", PATCH("one"), strlen(PATCH("one")));
	put_recipe("patches:\n  - { file: a.patch }\n" COPIES);
	assert_ok(project_open(&p, "st", NULL));
	assert_ok(home_make(&p.home));
	assert_ok(stack_open(&p, /* unresolved= */ NULL, &s));
	assert_ok(stack_observe(&s, "build"));
	put("patches/a.patch", PATCH("two"), strlen(PATCH("two")));
	assert_fails(stack_perform(&s, NULL), ERR_BUSY, "was changed");
	AUTO_FREE char *text = built("hello");
	assert_string_equal(text, "two\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failed_configure_leaves_nothing_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flipped_byte_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(times_and_modes_count, setup, teardown),
		cmocka_unit_test_setup_teardown(a_variable_is_there_once, setup, teardown),
		cmocka_unit_test_setup_teardown(what_rots_in_the_store_is_not_built, setup, teardown),
		cmocka_unit_test_setup_teardown(a_patch_is_that_of_the_key, setup, teardown),
		cmocka_unit_test_setup_teardown(an_untouched_tree_stays, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

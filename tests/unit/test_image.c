#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "harness.h"
#include "fmt/json.h"
#include "image/debstrap.h"
#include "image/image.h"
#include "image/image_files.h"
#include "image/image_place.h"
#include "sys/child.h"
#include "sys/file.h"

static void put(const char *dir, const char *name, const char *bytes, size_t size)
{
	AUTO_FREE char *path = path_join(dir, name);

	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, bytes, size, 0644));
}

/* The digest in the image's key of the folder @name beside a recipe in @dir. */
static char *key_of(const char *dir, char *name)
{
	AUTO_FREE char *path = path_join(dir, "own.yaml");
	struct recipe recipe = {.path = path, .image = {.files = name}};
	AUTO_JSON *inputs = js_object();

	assert_ok(image_files_input(&recipe, inputs));
	return mem_strdup(js_get_text(js_get(inputs, "files"), "digest"));
}

/* A folder may be called like anything else that is in the key. */
static void a_folder_called_recipe(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *folder = path_join(dir, "recipe");
	AUTO_FREE char *path = path_join(dir, "own.yaml");
	struct recipe recipe = {.path = path, .image = {.files = "recipe", .debian_suite = "trixie"}};
	const struct host_facts facts = {.distro = "debian", .codename = "bookworm"};
	AUTO_JSON *inputs = js_object();

	(void)state;
	put(folder, "prepare.sh", ":", 1);
	js_set_text(inputs, "recipe", "its digest");
	assert_ok(image_inputs(&recipe, &facts, inputs));
	assert_string_equal(js_get_text(inputs, "recipe"), "its digest");
	assert_string_equal(js_get_text(inputs, "host"), "debian bookworm");
}

static void assert_mode(const char *dir, const char *name, mode_t mode)
{
	AUTO_FREE char *path = path_join(dir, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

/* Whoever checked the folder out, under whatever umask: the scripts see the same modes, and the bytes of the key. */
static void files_are_copied_as_the_key_says(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *folder = path_join(dir, "own");
	AUTO_FREE char *tool = path_join(folder, "tool");
	AUTO_FREE char *copy = path_join(dir, "copy");
	AUTO_FREE char *again = path_join(dir, "again");
	AUTO_FREE char *path = path_join(dir, "own.yaml");
	struct recipe recipe = {.path = path, .image = {.files = "own"}};

	(void)state;
	put(folder, "prepare.sh", ":", 1);
	put(folder, "tool", "x", 1);
	assert_int_equal(chmod(tool, 0700), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	AUTO_FREE char *digest = key_of(dir, "own");
	assert_ok(image_files_copy(&recipe, digest, copy));
	assert_mode(copy, "tool", 0755);
	assert_mode(copy, "prepare.sh", 0644);
	assert_mode(copy, ".", 0755);
	put(folder, "prepare.sh", "true", 4);
	assert_fails(image_files_copy(&recipe, digest, again), ERR_BUSY, "was changed");
}

/* Names and contents are told apart: what one file holds cannot look like a second file. */
static void folders_differ(void **state)
{
	static const char both[] = "Xb\0-Y";
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *one = path_join(dir, "one");
	AUTO_FREE char *two = path_join(dir, "two");

	(void)state;
	put(one, "a", both, sizeof(both) - 1);
	put(two, "a", "X", 1);
	put(two, "b", "Y", 1);
	AUTO_FREE char *first = key_of(dir, "one");
	AUTO_FREE char *second = key_of(dir, "two");
	assert_string_not_equal(first, second);
}

/* The hooks as mmdebstrap runs them, from a folder whose name is full of what a shell knows. */
static void hooks_find_their_scripts(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *files = path_join(dir, "a $(touch bad) `touch bad` \"it's\" %20");
	AUTO_FREE char *done = path_join(dir, "done");
	AUTO_FREE char *bad = path_join(dir, "bad");
	AUTO(strs) argv = STRS_INIT;
	struct recipe recipe = {.name = "own"};
	struct source_files none = {.items = NULL};
	struct image_job job = {.recipe = &recipe, .guest_arch = ARCH_AARCH64, .files = &none};
	size_t hooks = 0;

	(void)state;
	put(files, "prepare.sh", "printf p >>\"$1\"\n", 17);
	put(files, "customize.sh", "printf c >>\"$1\"\n", 17);
	debstrap_argv(&job, files, "/home/a b/100%/packages", "/root dir", &argv);
	for (size_t i = 0; i < argv.count; i++) {
		const char *hook = strstr(argv.items[i], "-hook=");
		if (!hook)
			continue;
		struct child_spec spec = {.argv = (const char *const[]){"sh", "-c", hook + 6, "exec", done, NULL},
					  .cwd = dir,
					  .deadline_ms = 5000};
		assert_ok(child_run(&spec));
		hooks++;
	}
	assert_int_equal(hooks, 2);
	AUTO_FREE char *text = NULL;
	assert_ok(file_read(done, 100, &text, NULL));
	assert_string_equal(text, "pc");
	assert_false(is_file(bad));
	assert_string_equal(argv.items[argv.count - 1], "deb [trusted=yes] copy:/home/a%20b/100%25/packages ./");
	assert_string_equal(argv.items[argv.count - 2], "/root dir");
	assert_true(strs_has(&argv, "--architectures=arm64"));
}

/* The inode size of the file system that mke2fs makes of @disk: as the user runs it, or in @place. */
static int inode_size(const struct image_place *place, const char *disk)
{
	const char *const argv[] = {"mke2fs", "-q", "-F", "-t", "ext4", disk, "8M", NULL};
	AUTO_FREE char *bytes = NULL;
	AUTO_FREE char *paths = mem_printf("%s:/usr/sbin:/sbin", getenv("PATH"));
	size_t size = 0;
	struct child_spec spec = {.argv = argv};

	setenv("PATH", paths, 1);
	assert_ok(place ? image_place_run(place, &(struct image_command){.argv = argv}, NULL) : child_run(&spec));
	assert_ok(file_read(disk, 16 << 20, &bytes, &size));
	assert_true(size > 1024 + 90);
	return (unsigned char)bytes[1024 + 88] | (unsigned char)bytes[1024 + 89] << 8;
}

static void the_users_mke2fs_conf_is_no_input(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *plain = path_join(dir, "plain.raw");
	AUTO_FREE char *top = path_join(dir, "place");
	AUTO_FREE char *log = path_join(dir, "log");
	static const char text[] = "[defaults]\n inode_size = 1024\n[fs_types]\n ext4 = {\n inode_size = 1024\n }\n";
	struct image_place place;

	(void)state;
	if (access("/sbin/mke2fs", X_OK) != 0 && access("/usr/sbin/mke2fs", X_OK) != 0)
		skip();
	image_place_init(&place, top, log, "image");
	struct err *e = image_place_open(&place, NULL);
	if (err_is(e, ERR_USAGE)) { /* this user can be root of nothing */
		err_free(e);
		image_place_done(&place);
		skip();
	}
	assert_ok(e);
	AUTO_FREE char *inside = path_join(place.temp, "disk.raw");
	AUTO_FREE char *conf = path_join(place.files, "own.conf"); /* where it could be read */
	put(place.files, "own.conf", text, strlen(text));
	setenv("MKE2FS_CONFIG", conf, 1);
	int own = inode_size(NULL, plain);
	int ours = inode_size(&place, inside);
	unsetenv("MKE2FS_CONFIG");
	assert_int_equal(own, 1024);
	assert_int_equal(ours, 256);
	assert_ok(image_place_clear(&place, NULL));
	image_place_done(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders_differ),
		cmocka_unit_test(a_folder_called_recipe),
		cmocka_unit_test(files_are_copied_as_the_key_says),
		cmocka_unit_test(hooks_find_their_scripts),
		cmocka_unit_test(the_users_mke2fs_conf_is_no_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "recipe/files.h"
#include "recipe/load.h"
#include "sys/beneath.h"
#include "sys/file.h"

/* A project with links of each kind, and a secret outside of it. */
static char *project(void)
{
	char *top = test_dir();
	static const char *const links[][2] = {
		{"real", "in"},     {"../project/real", "back"},  {"../secret", "out"},
		{"../../x", "far"}, {"real/../../secret", "via"}, {"loop", "loop"},
		{".", "here"},      {"deep/up/real", "chain"},    {"nothing", "dangling"},
		{"..", "parent"},   {"deep/up/..", "round"},
	};
	AUTO_FREE char *dir = path_join(top, "project/deep");
	AUTO_FREE char *real = path_join(top, "project/real");
	AUTO_FREE char *file = path_join(real, "file");
	AUTO_FREE char *secret = path_join(top, "secret");
	AUTO_FREE char *secret_file = path_join(secret, "file");
	AUTO_FREE char *up = path_join(dir, "up");
	AUTO_FREE char *absolute = path_join(top, "project/absolute");

	assert_ok(dir_make(dir, 0755));
	assert_ok(dir_make(real, 0755));
	assert_ok(dir_make(secret, 0755));
	assert_ok(file_write(file, "ours", 4, 0644));
	assert_ok(file_write(secret_file, "SECRET", 6, 0644));
	assert_int_equal(symlink("..", up), 0);
	assert_int_equal(symlink(real, absolute), 0);
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		AUTO_FREE char *name = mem_printf("%s/project/%s", top, links[i][1]);
		assert_int_equal(symlink(links[i][0], name), 0);
	}
	char *path = path_join(top, "project");
	free(top);
	return path;
}

static void stays_beneath(void **state)
{
	static const char *const names[] = {
		"real/file",         "in/file",    "here/real/file", "here/here/in/file",
		"deep/up/real/file", "chain/file", "./real/./file",
	};
	AUTO_FREE char *dir = project();
	AUTO_FREE char *want = path_join(dir, "real/file");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *text = NULL, *path = NULL;
		assert_ok(beneath_read(dir, names[i], 100, &text, NULL));
		assert_string_equal(text, "ours");
		assert_ok(beneath_path(dir, names[i], &path));
		assert_string_equal(path, want);
	}
	AUTO_FREE char *top = NULL, *folder = NULL;
	assert_ok(beneath_path(dir, "", &top));
	assert_string_equal(top, dir);
	assert_ok(beneath_path(dir, "here/in", &folder));
	assert_true(str_ends(folder, "/project/real"));
}

static void leads_out(void **state)
{
	static const char *const names[] = {"out",
					    "out/file",
					    "far",
					    "via",
					    "via/file",
					    "absolute/file",
					    "absolute",
					    "parent",
					    "parent/secret/file",
					    "round",
					    "deep/up/out/file",
					    "back/file",
					    "here/parent/project/real/file",
					    "../secret/file"};
	AUTO_FREE char *dir = project();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *text = NULL;
		print_message("%s\n", names[i]);
		assert_fails(beneath_read(dir, names[i], 100, &text, NULL), ERR_USAGE, "leads out");
	}
	char *text = NULL;
	assert_fails(beneath_read(dir, "dangling", 100, &text, NULL), ERR_ABSENT, "does not exist");
	assert_fails(beneath_read(dir, "none/file", 100, &text, NULL), ERR_ABSENT, "does not exist");
	assert_fails(beneath_read(dir, "loop", 100, &text, NULL), ERR_OS, "symbolic links");
	assert_fails(beneath_read(dir, "real/file/x", 100, &text, NULL), ERR_OS, "cannot open");
	AUTO_FREE char *fifo = path_join(dir, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_fails(beneath_read(dir, "fifo", 100, &text, NULL), ERR_USAGE, "neither a file nor a folder");
}

/* Every field that names a file or folder beside the recipe, as `lint` sees it. */
static void fields(void **state)
{
	static const struct {
		const char *name, *text;
	} recipes[] = {
		{"cooper.yaml", "kind: stack\nemulator: e\nimage: i\nmounts: [{ host: ./%s, guest: /data }]\n"},
		{"cooper.yaml",
		 "kind: stack\nemulator: e\nimage: i\nsteps: [{ name: s, write: { path: /x, from: %s/file } }]\n"},
		{"cooper.yaml", "kind: stack\nemulator: e\nimage: i\nignition: %s/file\n"},
		{"vmimages/i.yaml", "kind: image\nname: i\nversion: \"1\"\nos: debian\nuser: core\n"
				    "debian: { suite: trixie, packages: [podman], files: %s }\n"
				    "disk: { size: 1GiB, label: root }\nboot: { mode: kernel, cmdline: ro }\n"},
		{"recipes/b.yaml", "kind: build\nname: b\nversion: \"1\"\nsource: [{ url: \"file:///x.tar\", sha256: "
				   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef }]\n"
				   "patches: [{ file: %s/file }]\ninstall: [[make]]\n"},
	};
	const struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64, .guest_arch = ARCH_X86_64};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
		AUTO_FREE char *dir = project();
		AUTO_FREE char *path = path_join(dir, recipes[i].name);
		AUTO_FREE char *folder = path_dir(path);
		AUTO_FREE char *patches = path_join(dir, "patches");
		AUTO_FREE char *link = path_join(i == 4 ? patches : folder, "lead");
		assert_ok(dir_make(folder, 0755));
		assert_ok(dir_make(patches, 0755));
		for (int out = 0; out < 2; out++) {
			struct recipe *r = NULL;
			AUTO(str) text = STR_INIT;
			const char *at = strstr(recipes[i].text, "%s");
			str_add_mem(&text, recipes[i].text, (size_t)(at - recipes[i].text));
			str_addf(&text, "lead%s", at + 2);
			assert_ok(file_write(path, str_text(&text), text.len, 0644));
			assert_ok(file_remove(link));
			assert_int_equal(symlink(out ? "../../secret" : i < 3 ? "real" : "../real", link), 0);
			if (i < 3 && out) {
				assert_ok(file_remove(link));
				assert_int_equal(symlink("../secret", link), 0);
			}
			assert_ok(recipe_load(path, &target, NULL, &r));
			struct err *e = recipe_files_check(r);
			print_message("%s %d\n", recipes[i].name, out);
			if (out || i == 3) /* what an image recipe names lies in vmimages/ */
				assert_fails(e, ERR_USAGE, "leads out");
			else
				assert_ok(e);
			recipe_free(r);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_beneath),
		cmocka_unit_test(leads_out),
		cmocka_unit_test(fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

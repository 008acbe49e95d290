#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "plan/exposure.h"
#include "plan/trust.h"
#include "sys/file.h"

#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char emulator[] =
	"kind: build\nname: emu\nversion: \"1\"\nsource:\n  - { url: \"https://h/v1.tar.gz\", sha256: " HEX " }\n"
	"patches:\n  - { file: a.patch, why: x, upstream: none }\nhost: { apt: [some-tool] }\nenv: { MODE: fast }\n"
	"configure:\n  - [./configure, --with, \"a b\"]\ninstall:\n  - script: |\n      make install\n      touch x\n"
	"test:\n  - { run: [emu, --version] }\n";
static const char image[] =
	"kind: image\nname: img\nversion: \"1\"\nos: debian\nsource:\n  - { url: \"https://h/disk.qcow2\", "
	"sha256: " HEX " }\nformat: qcow2\nboot: { mode: uefi }\nuser: core\n";
static const char stack[] =
	"kind: stack\nemulator: emu\nimage: img\nmachine: { name: dev }\nmounts: [{ host: ./data, guest: /data, writable: true }]\n"
	"ports: [\"8080:80\"]\nsteps:\n  - { name: one, write: { path: /etc/one, from: one.txt } }\n"
	"  - { name: two, run: [echo, two], unless: { run: [test, -e, /two] }, as_user: true }\n  - { name: three, packages: [hello] }\n";

static char *root;

static void put(const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(root, name);
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, text, strlen(text), 0644));
}

/* A project in a folder of its own, with cooper's own recipes in another; @text is its stack. */
static void make(const char *text)
{
	free(root);
	root = test_dir();
	AUTO_FREE char *home = path_join(root, "home");
	AUTO_FREE char *shipped = path_join(root, "shipped");
	put("p/recipes/emu.yaml", emulator);
	put("p/vmimages/img.yaml", image);
	put("p/patches/a.patch", "a");
	put("p/one.txt", "1");
	put("p/data/x", "");
	put("p/cooper.yaml", text);
	put("shipped/recipes/emu.yaml", emulator);
	put("shipped/vmimages/other.yaml", image);
	setenv("COOPER_RECIPES", shipped, 1);
	setenv("COOPER_HOME", home, 1);
}

static char *exposed(unsigned scope)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) lines = STRS_INIT;
	AUTO_FREE char *path = path_join(root, "p/cooper.yaml");
	assert_ok(project_open(&p, path, NULL));
	assert_ok(exposure_list(&p, scope, &lines));
	return strs_join(&lines, "\n");
}

static void everything_is_shown(void **state)
{
	static const char *const wanted[] = {
		"https://h/v1.tar.gz, digest " HEX,
		"patches/a.patch (sha256 ",
		"installed as root when you agree: some-tool",
		"MODE=fast",
		"./configure --with 'a b'",
		"sh script:\n    make install\n    touch x",
		"test, as ",
		"https://h/disk.qcow2",
		"the guest may write to it: ./data as /data",
		"127.0.0.1:8080 leads to 80 of the guest",
		"'one', in the guest as root, writes /etc/one (mode 0644) from one.txt (sha256 ",
		"'two', in the guest as core, unless: test -e /two",
		"'two', in the guest as core: echo two",
		"'three', in the guest as root, packages: hello",
		"recipes/emu.yaml: takes the place of the recipe of that name that came with cooper",
	};
	(void)state;
	make(stack);
	AUTO_FREE char *text = exposed(EXPOSURE_ALL | EXPOSURE_OWN);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!strstr(text, wanted[i]))
			fail_msg("does not say '%s':\n%s", wanted[i], text);
	assert_null(strstr(text, "img.yaml: takes the place"));
}

static void a_box_is_said_where_there_is_one(void **state)
{
	static const struct {
		const char *lets; /* of the other host; NULL = not known */
		const char *said, *not_said;
	} rows[] = {
		{NULL, "install, as ", "does not keep"},
		{"", " in a box, sh script", "does not keep"},
		{"any number of processes", " in a box, sh script", "does not keep"},
		{"reading homes, the network", "does not keep its commands from: reading homes, the network", "in a box"},
	};
	(void)state;
	make(stack);
	AUTO_FREE char *path = path_join(root, "p/cooper.yaml");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(project) p = PROJECT_INIT;
		AUTO(strs) lines = STRS_INIT;
		assert_ok(project_set_host(&p, "linux/x86_64"));
		free(p.survey.box_lets);
		p.survey.box_lets = rows[i].lets ? mem_strdup(rows[i].lets) : NULL;
		assert_ok(project_open(&p, path, NULL));
		assert_ok(exposure_list(&p, EXPOSURE_BUILD, &lines));
		AUTO_FREE char *text = strs_join(&lines, "\n");
		if (!strstr(text, rows[i].said) || strstr(text, rows[i].not_said))
			fail_msg("row %zu:\n%s", i, text);
	}
}

/* The box of an image is another one. */
static void and_for_an_image(void **state)
{
	static const char made[] =
		"kind: image\nname: img\nversion: \"1\"\nos: debian\ndebian: { suite: trixie, files: own, packages: [apt] }\n"
		"disk: { size: 1GiB, label: root }\nboot: { mode: kernel, cmdline: a, first_boot_cmdline: b }\nuser: core\n";
	static const struct {
		const char *lets, *said, *not_said;
	} rows[] = {
		{"", "as root of it in a box: prepare.sh", "does not keep"},
		{"the network", "does not keep the scripts of packages and image from: the network", "in a box"},
	};
	(void)state;
	make(stack);
	put("p/vmimages/img.yaml", made);
	put("p/vmimages/own/customize.sh", ":");
	AUTO_FREE char *path = path_join(root, "p/cooper.yaml");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(project) p = PROJECT_INIT;
		AUTO(strs) lines = STRS_INIT;
		assert_ok(project_set_host(&p, "linux/x86_64"));
		free(p.survey.image_box_lets);
		p.survey.image_box_lets = mem_strdup(rows[i].lets);
		assert_ok(project_open(&p, path, NULL));
		assert_ok(exposure_list(&p, EXPOSURE_IMAGE, &lines));
		AUTO_FREE char *text = strs_join(&lines, "\n");
		if (!strstr(text, rows[i].said) || strstr(text, rows[i].not_said))
			fail_msg("row %zu:\n%s", i, text);
	}
}

static void shipped_recipes_are_known(void **state)
{
	(void)state;
	make("kind: stack\nemulator: emu\nimage: img\nmachine: { name: dev }\n");
	AUTO_FREE char *shipped = path_join(root, "p");
	setenv("COOPER_RECIPES", shipped, 1);
	AUTO_FREE char *own = exposed(EXPOSURE_ALL | EXPOSURE_OWN);
	AUTO_FREE char *all = exposed(EXPOSURE_ALL);
	assert_string_equal(own, "");
	assert_non_null(strstr(all, "make install"));
}

static bool is_given(void)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(trust) t = TRUST_INIT;
	AUTO_FREE char *path = path_join(root, "p/cooper.yaml");
	assert_ok(project_open(&p, path, NULL));
	assert_ok(trust_open(&p, &t));
	bool given = t.given;
	if (!given) {
		assert_ok(dir_make(p.home.root, 0700));
		assert_ok(trust_give(&p, &t));
	}
	return given;
}

/* Each asks whether it was agreed to, and agrees. */
static void what_changes_is_asked_about(void **state)
{
	(void)state;
	make(stack);
	assert_false(is_given());
	assert_true(is_given());
	AUTO_FREE char *comment = mem_printf("# a comment\n%s", stack);
	put("p/cooper.yaml", comment);
	assert_true(is_given());
	put("p/patches/a.patch", "b");
	assert_false(is_given());
	put("p/one.txt", "2");
	assert_false(is_given());
	AUTO_FREE char *more = mem_printf("%s  - { name: four, run: [x] }\n", stack);
	put("p/cooper.yaml", more);
	assert_false(is_given());
	put("p/cooper.yaml", stack);
	assert_true(is_given());
	put("home/trust.json", "{");
	AUTO(project) p = PROJECT_INIT;
	AUTO(trust) t = TRUST_INIT;
	AUTO_FREE char *path = path_join(root, "p/cooper.yaml");
	assert_ok(project_open(&p, path, NULL));
	assert_fails(trust_open(&p, &t), ERR_CORRUPT, "trust.json");
}

/* --- what the lock pins --- */

#define TAG "git:https://h/floats.git#refs/tags/v1"
#define COMMIT "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char floating[] = "kind: build\nname: floats\nversion: \"1\"\nsource:\n  - { url: \"git:https://h/floats.git\", tag: v1 }\n"
			       "  - { debian-source: hello, suite: trixie }\ninstall:\n  - [make, install]\n";
static const char of_floating[] = "kind: stack\nemulator: floats\nimage: other\nmachine: { name: dev }\n";

/* A project of nothing but data, whose emulator and image came with cooper; @commit and @digest are its lock's. */
static void make_locked(const char *commit, const char *digest)
{
	AUTO_FREE char *lock = mem_printf(
		"{ \"format\": 1, \"entries\": {\n"
		"  \"debian-source:hello:trixie\": { \"version\": \"2.10-3\", \"files\": [\n"
		"    { \"name\": \"hello_2.10.orig.tar.gz\", \"url\": \"debian:pool/main/h/hello/hello_2.10.orig.tar.gz\", \"sha256\": \"%s\", \"size\": 3 } ] },\n"
		"  \"" TAG "\": { \"version\": \"v1\", \"files\": [ { \"name\": \"floats.git\", \"url\": \"git:https://h/floats.git#%s\" } ] } } }\n",
		digest, commit);
	put("shipped/recipes/floats.yaml", floating);
	put("p/cooper.yaml", of_floating);
	put("p/cooper.lock", lock);
}

static void what_the_lock_pins_is_asked_about(void **state)
{
	static const char other[] = "cccccccccccccccccccccccccccccccccccccccc";
	char digest[] = HEX;
	(void)state;
	make(stack);
	make_locked(COMMIT, digest);
	AUTO_FREE char *text = exposed(EXPOSURE_ALL | EXPOSURE_OWN);
	assert_non_null(strstr(text, "cooper.lock: " TAG " is v1 git:https://h/floats.git#" COMMIT " (sha256 "));
	assert_non_null(strstr(text, "cooper.lock: debian-source:hello:trixie is 2.10-3 1 file of Debian's archive (sha256 "));
	assert_false(is_given());
	assert_true(is_given());
	make_locked(other, digest);
	assert_false(is_given());
	digest[0] = 'b';
	make_locked(other, digest);
	assert_false(is_given());
	make_locked(COMMIT, HEX);
	assert_true(is_given());
	AUTO_FREE char *as_shipped = path_join(root, "p");
	put("p/recipes/floats.yaml", floating);
	put("p/vmimages/other.yaml", image);
	setenv("COOPER_RECIPES", as_shipped, 1);
	AUTO_FREE char *own = exposed(EXPOSURE_ALL | EXPOSURE_OWN);
	assert_string_equal(own, "");
}

static const char somebody[] =
	"{ \"format\": 1, \"entries\": { \"debian-source:hello:trixie\": { \"version\": \"2.10-3\", \"files\": [\n"
	"  { \"name\": \"hello_2.9.orig.tar.gz\", \"url\": \"debian:pool/h/hello_2.9.orig.tar.gz\", \"sha256\": \"" HEX "\", \"size\": 3 } ] } } }\n";

/* Agreed to without a lock; what cooper itself resolves is no news, what changes beside it is. */
static void what_cooper_resolves_is_not_asked_about(void **state)
{
	struct lock_file files[] = {{.name = (char *)"floats.git", .url = (char *)"git:https://h/floats.git#" COMMIT, .size = -1}};
	struct lock_entry entry = {.reference = (char *)TAG, .version = (char *)"v1", .files = files, .file_count = 1};
	(void)state;
	make(stack);
	put("shipped/recipes/floats.yaml", floating);
	put("p/cooper.yaml", of_floating);
	/* 0: cooper resolves; 1: and the stack is edited; 2: somebody else writes to the lock meanwhile */
	for (int edited = 0; edited < 3; edited++) {
		AUTO(project) p = PROJECT_INIT;
		AUTO(trust) before = TRUST_INIT;
		AUTO(trust) now = TRUST_INIT;
		AUTO_FREE char *path = path_join(root, "p/cooper.yaml");
		assert_ok(project_open(&p, path, NULL));
		assert_ok(dir_make(p.home.root, 0700));
		assert_ok(trust_open(&p, &before));
		assert_true(before.given);
		entry.version = (char *)(edited ? "v1.0" : "v1");
		if (edited == 2)
			put("p/cooper.lock", somebody);
		assert_ok(lock_put(p.lock, &entry));
		if (edited == 1) {
			project_done(&p);
			put("p/cooper.yaml", "kind: stack\nemulator: floats\nimage: other\nmachine: { name: dev }\nports: [\"8080:80\"]\n");
			assert_ok(project_open(&p, path, NULL));
		}
		assert_ok(trust_keep(&p, &before));
		assert_ok(trust_open(&p, &now));
		assert_int_equal(now.given, !edited);
		AUTO_FREE char *lock = path_join(root, "p/cooper.lock");
		assert_ok(file_remove(lock));
		put("p/cooper.yaml", of_floating);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_shown),
		cmocka_unit_test(a_box_is_said_where_there_is_one),
		cmocka_unit_test(and_for_an_image),
		cmocka_unit_test(shipped_recipes_are_known),
		cmocka_unit_test(what_changes_is_asked_about),
		cmocka_unit_test(what_the_lock_pins_is_asked_about),
		cmocka_unit_test(what_cooper_resolves_is_not_asked_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

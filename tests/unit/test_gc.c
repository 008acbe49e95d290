#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "store/cas.h"
#include "store/gc.h"
#include "store/store.h"
#include "sys/file.h"

static bool is_stored(const struct home *home, const char *key, const char *name)
{
	bool there = false;
	assert_ok(store_has(home, key, name, &there));
	return there;
}

static void put(const char *path, const char *text)
{
	AUTO_FREE char *dir = path_dir(path);
	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, text, strlen(text), 0644));
}

static void put_object(const struct home *home, const char *text, char ret_hex[SHA256_HEX])
{
	digest_bytes(text, strlen(text), ret_hex);
	AUTO_FREE char *path = cas_path(home, ret_hex);
	put(path, text);
	assert_ok(cas_seal(home, ret_hex, NULL));
}

/* A result whose receipt names @input. */
static void put_result(const struct home *home, const char *key, const char *name, const char *input)
{
	AUTO_FREE char *stage = NULL;
	AUTO_JSON *receipt = js_object();
	js_set_text(receipt, "input", input);
	assert_ok(store_begin(home, key, name, &stage));
	AUTO_FREE char *path = path_join(stage, "file");
	put(path, name);
	assert_ok(store_commit(home, key, name, stage, receipt));
}

static bool found(const struct gc *gc, const char *part)
{
	for (size_t i = 0; i < gc->count; i++)
		if (strstr(gc->items[i].path, part))
			return true;
	return false;
}

static void key_for(const char *name, char ret_key[SHA256_HEX])
{
	AUTO_JSON *inputs = js_object();
	js_set_text(inputs, "name", name);
	key_of(inputs, ret_key);
}

static void test_what_is_kept(void **state)
{
	(void)state;
	static const char *const texts[] = {"by record", "by home lock", "by project lock", "by receipt", "by nobody"};
	AUTO(home) home = {.root = NULL};
	AUTO(gc) gc = {.items = NULL};
	AUTO(gc) after = {.items = NULL};
	AUTO(strs) locks = STRS_INIT;
	AUTO_FREE char *dir = test_dir();
	char hex[5][SHA256_HEX], built[SHA256_HEX], old[SHA256_HEX], generation[SHA256_HEX], repository[SHA256_HEX];
	home_at(dir, &home);
	assert_ok(home_make(&home));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_object(&home, texts[i], hex[i]);
	key_for("built", built);
	key_for("old", old);
	key_for("generation", generation);
	put_result(&home, built, "built", hex[3]);
	put_result(&home, old, "old", hex[4]);
	put_result(&home, generation, "emulator", "none");

	/* the record: a fetch with its file, a build by its inputs alone, a git source */
	AUTO_FREE char *record = mem_printf("%s/stack.x86_64.record", dir);
	AUTO_FREE char *record_text =
		mem_printf("{\"fetch:a\": {\"file a\": \"%s\", \"file git:https://h/r.git#%.40s\": \"x\"},"
			   " \"build:a\": {\"name\": \"built\"}}",
			   hex[0], hex[0]);
	put(record, record_text);
	AUTO_FREE char *home_lock = path_join(dir, "cooper.lock");
	put(home_lock, hex[1]);
	AUTO_FREE char *project_lock = path_join(dir, "elsewhere/cooper.lock");
	put(project_lock, hex[2]);
	strs_add(&locks, project_lock);
	strs_add(&locks, "/nonexistent/cooper.lock");
	AUTO_FREE char *machine = mem_printf("%s/dev/gen-3/machine.json", home.machines);
	AUTO_FREE char *machine_text = mem_printf("{\"qemu\": \"/x/store/%.24s-emulator/bin\"}", generation);
	put(machine, machine_text);
	digest_bytes("https://h/r.git", strlen("https://h/r.git"), repository);
	AUTO_FREE char *used = mem_printf("%s/git/%.24s.git/HEAD", dir, repository);
	put(used, "");
	AUTO_FREE char *unused = mem_printf("%s/git/%.24s.git/HEAD", dir, old);
	put(unused, "");
	AUTO_FREE char *part = mem_printf("%s/sha256/ff/%s.part", home.cas, old);
	put(part, "x");
	AUTO_FREE char *signature = mem_printf("%s/signatures/%s-KEY.sig", dir, hex[4]);
	put(signature, "x");
	AUTO_FREE char *stage = path_join(home.store, ".stage-x");
	assert_ok(dir_make(stage, 0755));
	AUTO_FREE char *stray = path_join(home.cas, "sha256/.DS_Store"); /* Finder's */
	put(stray, "x");

	/* trees of builds, package lists, and what was being written by processes that are gone */
	AUTO_FREE char *kept_tree = path_join(home.build, "kept/src.key");
	AUTO_FREE char *dead_tree = path_join(home.build, "dead/src.key");
	AUTO_FREE char *fresh_list = path_join(home.apt, "fresh/stamp");
	AUTO_FREE char *old_list = path_join(home.apt, "old/lists/x");
	AUTO_FREE char *half_note = mem_printf("%s/dev/note.tmp-0123456789abcdef", home.machines);
	AUTO_FREE char *half_verdict = mem_printf("%s/accel.json.tmp-fedcba9876543210", home.root);
	AUTO_FREE char *half_build = path_join(home.build, "kept/out-x86_64/config.log");
	AUTO_FREE char *half_stamp = path_join(home.build, "kept/src.key.tmp-0123456789abcdef");
	AUTO_FREE char *half_lock = mem_printf("%s.tmp-0123456789abcdef", project_lock);
	AUTO_FREE char *not_ours = path_join(dir, "elsewhere/notes.tmp-0123456789abcdef");
	AUTO_FREE char *living = NULL;
	AUTO_CLOSE int living_fd = -1;
	put(kept_tree, built);
	put(half_build, "");
	put(dead_tree, old);
	put(fresh_list, "");
	put(old_list, "");
	put(half_note, "{");
	put(half_verdict, "{");
	put(half_stamp, "");
	put(half_lock, "{");
	put(not_ours, "{");
	assert_ok(file_temp_open(project_lock, &living, &living_fd));

	assert_ok(gc_find(&home, &locks, &gc));
	for (size_t i = 0; i < 3; i++)
		assert_false(found(&gc, hex[i]));
	assert_false(found(&gc, hex[3])); /* the receipt of what is kept */
	assert_false(found(&gc, "-built"));
	assert_false(found(&gc, "-emulator"));
	assert_false(found(&gc, repository) || found(&gc, "HEAD"));
	assert_true(found(&gc, "-old"));
	assert_true(found(&gc, ".stage-x"));
	assert_true(found(&gc, "signatures/"));
	assert_true(found(&gc, ".part"));
	assert_true(found(&gc, "build/dead") && found(&gc, "apt/old"));
	assert_true(found(&gc, "note.tmp-0123456789abcdef") && found(&gc, "accel.json.tmp-fedcba9876543210"));
	assert_true(found(&gc, "build/kept/out-x86_64"));
	assert_false(found(&gc, "apt/fresh"));
	assert_true(found(&gc, "kept/src.key.tmp-0123456789abcdef") && found(&gc, half_lock));
	assert_false(found(&gc, "notes.tmp") || found(&gc, living));
	assert_int_equal(gc.count, 14); /* the seven above, old, stage, object, its note, part, signature, repository */
	assert_true(gc.bytes > 0);
	assert_ok(gc_remove(&gc, NULL));
	assert_true(is_file(kept_tree) && is_file(not_ours) && is_file(living));
	assert_ok(gc_find(&home, &locks, &after));
	assert_int_equal(after.count, 0);
	assert_true(is_stored(&home, built, "built"));
	assert_false(is_stored(&home, old, "old"));
}

static void test_unreadable_root(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(gc) gc = {.items = NULL};
	AUTO(strs) locks = STRS_INIT;
	AUTO_FREE char *dir = test_dir();
	char hex[SHA256_HEX];
	home_at(dir, &home);
	assert_ok(home_make(&home));
	put_object(&home, "x", hex);
	AUTO_FREE char *record = mem_printf("%s/stack.x86_64.record", dir);
	put(record, "{\"fetch");
	assert_fails(gc_find(&home, &locks, &gc), ERR_CORRUPT, "cannot determine what is in use");
	assert_int_equal(gc.count, 0);
}

/* Of what names what is in use, all has to be read: else nothing is said to be unused. */
static void test_roots_are_complete_or_it_stops(void **state)
{
	(void)state;
	static const char *const roots[] = {"stack.x86_64.record", "cooper.lock", "machines/dev/gen-1/machine.json",
					    "build/tool/src.key"};
	for (int how = 0; how < 4; how++) {
		/* a build's tree without its stamp is made anew */
		for (size_t i = 0; i < ARRAY_LEN(roots) - (how == 3); i++) {
			AUTO(home) home = {.root = NULL};
			AUTO(gc) gc = {.items = NULL};
			AUTO(strs) locks = STRS_INIT;
			AUTO_FREE char *dir = test_dir();
			AUTO_FREE char *root = path_join(dir, roots[i]);
			AUTO_FREE char *above = path_dir(root);
			char hex[SHA256_HEX];
			home_at(dir, &home);
			assert_ok(home_make(&home));
			put_object(&home, "x", hex);
			assert_ok(dir_make(above, 0755));
			if (how == 0)
				assert_int_equal(symlink(path_base(root), root), 0); /* in a circle */
			if (how == 1)
				assert_int_equal(mkfifo(root, 0600), 0);
			if (how == 2)
				assert_ok(dir_make(root, 0755));
			if (how == 3)
				assert_int_equal(symlink("not mounted", root), 0);
			struct err *e = gc_find(&home, &locks, &gc);
			assert_non_null(e);
			assert_non_null(strstr(e->message, roots[i]));
			err_free(e);
			assert_int_equal(gc.count, 0);
		}
	}
}

/* Told, and kept: its disk may only not be mounted. */
static void test_left_records(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(strs) left = STRS_INIT;
	AUTO_FREE char *dir = test_dir();
	home_at(dir, &home);
	assert_ok(home_make(&home));
	AUTO_FREE char *gone = path_join(dir, "a.x86_64.1.record");
	AUTO_FREE char *here = path_join(dir, "b.x86_64.2.record");
	AUTO_FREE char *shipped = path_join(dir, "c.x86_64.record");
	AUTO_FREE char *damaged = path_join(dir, "d.x86_64.3.record");
	AUTO_FREE char *of_here = mem_printf("{\"stack\": \"%s\"}", here);
	put(gone, "{\"stack\": \"/nonexistent/cooper.yaml\"}");
	put(here, of_here);
	put(shipped, "{}");
	put(damaged, "{");
	gc_left_records(&home, &left);
	assert_int_equal(left.count, 2);
	assert_string_equal(left.items[0], gone);
	assert_string_equal(left.items[1], "/nonexistent/cooper.yaml");
}

static void test_objects_named_by_sha512(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(gc) gc = {.items = NULL};
	AUTO(strs) locks = STRS_INIT;
	AUTO_FREE char *dir = test_dir();
	char one[SHA256_HEX], used[DIGEST_HEX_MAX], unused[DIGEST_HEX_MAX];
	home_at(dir, &home);
	assert_ok(home_make(&home));
	digest_bytes("one", 3, one);
	(void)snprintf(used, sizeof(used), "%s%s", one, one);
	digest_bytes("two", 3, one);
	(void)snprintf(unused, sizeof(unused), "%s%s", one, one);
	AUTO_FREE char *kept = cas_path(&home, used);
	AUTO_FREE char *goes = cas_path(&home, unused);
	put(kept, "x");
	put(goes, "x");
	AUTO_FREE char *record = mem_printf("%s/stack.x86_64.record", dir);
	AUTO_FREE char *text = mem_printf("{\"fetch:a\": {\"file a\": \"%s\"}}", used);
	put(record, text);
	assert_ok(gc_find(&home, &locks, &gc));
	assert_int_equal(gc.count, 1);
	assert_string_equal(gc.items[0].path, goes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_kept), cmocka_unit_test(test_unreadable_root),
					   cmocka_unit_test(test_roots_are_complete_or_it_stops),
					   cmocka_unit_test(test_left_records),
					   cmocka_unit_test(test_objects_named_by_sha512)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "store/audit.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/file.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool is_stored(const struct home *home, const char *key, const char *name)
{
	bool there = false;
	assert_ok(store_has(home, key, name, &there));
	return there;
}

static bool does_agree(const struct home *home, const char *digest, const char *sha512, int64_t size)
{
	bool agrees = false;
	assert_ok(cas_agrees(home, digest, sha512, size, &agrees));
	return agrees;
}

static void open_home(struct home *home)
{
	AUTO_FREE char *dir = test_dir();
	home_at(dir, home);
	assert_ok(home_make(home));
}

/* As a verified download leaves it. */
static void put_object_as(const struct home *home, enum digest_kind kind, const char *text, char *ret_hex)
{
	struct digest *d = digest_new(kind);
	digest_add(d, text, strlen(text));
	digest_hex(d, ret_hex);
	digest_free(d);
	AUTO_FREE char *path = cas_path(home, ret_hex);
	assert_ok(cas_make_room(home, ret_hex));
	assert_ok(file_write(path, text, strlen(text), 0644));
	assert_ok(cas_seal(home, ret_hex, NULL));
}

static void put_object(const struct home *home, const char *text, char ret_hex[SHA256_HEX])
{
	put_object_as(home, DIGEST_SHA256, text, ret_hex);
}

static void put_made_of(const struct home *home, const char *key, const char *name, const char *input)
{
	AUTO_FREE char *stage = NULL;
	AUTO_JSON *receipt = js_object();
	js_set_text(receipt, "input", input);
	assert_ok(store_begin(home, key, name, &stage));
	assert_ok(store_commit(home, key, name, stage, receipt));
}

static void put_result(const struct home *home, const char *name, const char *text)
{
	AUTO_FREE char *stage = NULL;
	AUTO_JSON *receipt = js_object();
	assert_ok(store_begin(home, KEY, name, &stage));
	AUTO_FREE char *dir = path_join(stage, "bin");
	AUTO_FREE char *path = path_join(dir, "tool");
	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(path, text, strlen(text), 0755));
	assert_ok(store_commit(home, KEY, name, stage, receipt));
}

/* Change a byte and put the clock back, as bad memory would; size and time stay. */
static void damage(const char *path, bool quietly)
{
	struct stat st;
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	assert_int_equal(stat(path, &st), 0);
	assert_ok(file_read(path, 1000, &text, &size));
	assert_int_equal(chmod(path, 0644), 0);
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	fputc(text[0] ^ 1, f);
	fclose(f);
	assert_int_equal(chmod(path, st.st_mode & 07777), 0);
	struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	struct timespec then[2] = {{.tv_nsec = UTIME_OMIT}, {st.st_mtime, file_mtime_ns(&st) % 1000000000}};
	assert_int_equal(utimensat(AT_FDCWD, path, quietly ? then : now, 0), 0);
}

static bool has(const struct home *home, const char *hex)
{
	bool there = false;
	assert_ok(cas_has(home, hex, &there));
	return there;
}

static void test_object_is_asked_again_when_it_moved(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	char hex[SHA256_HEX];
	open_home(&home);
	put_object(&home, "hello", hex);
	AUTO_FREE char *path = cas_path(&home, hex);
	AUTO_FREE char *note = cas_note_path(&home, hex);
	AUTO_FREE char *copy = mem_printf("%s.copy", path);
	assert_true(has(&home, hex));
	damage(path, /* quietly= */ true); /* the note still fits: this is what --deep is for */
	assert_true(has(&home, hex));
	damage(path, /* quietly= */ true);
	assert_ok(file_copy(path, copy, 0444)); /* another inode, the same bytes: hashed, kept, noted */
	assert_ok(file_rename(copy, path));
	assert_true(has(&home, hex));
	assert_ok(file_remove(note));
	assert_true(has(&home, hex));
	assert_true(is_file(note));
	damage(path, /* quietly= */ false); /* another time */
	assert_false(has(&home, hex));
	assert_false(is_file(path));
	assert_false(is_file(note));
	put_object(&home, "hello", hex);
	assert_int_equal(chmod(path, 0644), 0);
	assert_ok(file_write(path, "hello, more", 11, 0444)); /* another size */
	assert_false(has(&home, hex));
}

/* Of the same size and time, with other bytes: only its number tells. */
static void test_another_file_in_its_place(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	char hex[SHA256_HEX];
	struct stat st;
	open_home(&home);
	put_object(&home, "hello", hex);
	AUTO_FREE char *path = cas_path(&home, hex);
	AUTO_FREE char *other = mem_printf("%s.other", path);
	assert_int_equal(stat(path, &st), 0);
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {st.st_mtime, file_mtime_ns(&st) % 1000000000}};
	assert_ok(file_write(other, "HELLO", 5, 0444));
	assert_int_equal(utimensat(AT_FDCWD, other, times, 0), 0);
	assert_ok(file_rename(other, path));
	assert_false(has(&home, hex));
	assert_false(is_file(path));
}

static void test_named_by_sha512(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(audit) good = {.objects = 0};
	AUTO(audit) bad = {.objects = 0};
	char hex[DIGEST_HEX_MAX], twin[SHA256_HEX];
	open_home(&home);
	put_object_as(&home, DIGEST_SHA512, "hello", hex);
	put_object(&home, "hello", twin); /* another name is another object */
	AUTO_FREE char *path = cas_path(&home, hex);
	AUTO_FREE char *note = cas_note_path(&home, hex);
	AUTO_FREE char *place = mem_printf("%s/sha512/%.2s/%s", home.cas, hex, hex);
	AUTO_FREE char *lost = mem_printf("%s/sha512/%.2s/%s", home.cas, hex, twin); /* nobody looks here for it */
	assert_string_equal(path, place);
	assert_ok(file_write(lost, "x", 1, 0644));
	assert_ok(file_remove(note));
	assert_true(has(&home, hex));
	assert_true(is_file(note));
	assert_ok(audit_run(&home, NULL, &good));
	assert_int_equal(good.objects, 2);
	assert_int_equal(good.damaged.count, 0);
	damage(path, /* quietly= */ true);
	assert_ok(audit_run(&home, NULL, &bad));
	assert_int_equal(bad.damaged.count, 1);
	assert_string_equal(bad.damaged.items[0], path);
	assert_false(has(&home, hex));
	assert_true(has(&home, twin));
	put_object_as(&home, DIGEST_SHA512, "hello", hex);
	damage(path, /* quietly= */ false);
	assert_false(has(&home, hex));
	assert_false(is_file(path));
}

static void test_what_else_is_said(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	char hex[SHA256_HEX], right[DIGEST_HEX_MAX], wrong[DIGEST_HEX_MAX];
	open_home(&home);
	put_object_as(&home, DIGEST_SHA512, "hello", right);
	put_object_as(&home, DIGEST_SHA512, "other", wrong);
	assert_true(does_agree(&home, KEY, right, 5)); /* nothing is there */
	put_object(&home, "hello", hex);
	assert_true(does_agree(&home, hex, NULL, -1));
	assert_true(does_agree(&home, hex, NULL, 5));
	assert_false(does_agree(&home, hex, NULL, 6));
	assert_fails(cas_compare(&home, hex, NULL, 6), ERR_CORRUPT, "expected 6 bytes, found 5");
	assert_false(does_agree(&home, hex, right, 5)); /* not known yet */
	assert_fails(cas_compare(&home, hex, wrong, 5), ERR_CORRUPT, "digest differs: expected sha512");
	assert_true(does_agree(&home, hex, right, 5)); /* from now on it is */
	AUTO_FREE char *path = cas_path(&home, hex);
	AUTO_FREE char *copy = mem_printf("%s.copy", path);
	assert_ok(file_copy(path, copy, 0444));
	assert_ok(file_rename(copy, path)); /* another inode: hashed again, noted anew */
	assert_true(has(&home, hex));
	assert_true(does_agree(&home, hex, right, 5));
	damage(path, /* quietly= */ true); /* the SHA-512 is not asked of the bytes again */
	assert_ok(cas_compare(&home, hex, right, 5));
	assert_fails(cas_compare(&home, hex, wrong, 5), ERR_CORRUPT, "digest differs");
}

static void test_audit(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(audit) good = {.objects = 0};
	AUTO(audit) bad = {.objects = 0};
	AUTO(audit) after = {.objects = 0};
	char one[SHA256_HEX], two[SHA256_HEX];
	open_home(&home);
	put_object(&home, "one", one);
	put_object(&home, "two", two);
	put_result(&home, "a", "a tool");
	put_result(&home, "b", "b tool");
	AUTO_FREE char *stage = path_join(home.store, ".stage-x");
	assert_ok(dir_make(stage, 0755));
	AUTO_FREE char *stray = path_join(home.cas, "sha256/.DS_Store"); /* Finder's */
	assert_ok(file_write(stray, "x", 1, 0644));
	assert_ok(audit_run(&home, NULL, &good));
	assert_int_equal(good.objects, 2);
	assert_int_equal(good.results, 2);
	assert_int_equal(good.bytes, 6);
	assert_int_equal(good.damaged.count, 0);

	AUTO_FREE char *object = cas_path(&home, one);
	AUTO_FREE char *result = store_path(&home, KEY, "a");
	AUTO_FREE char *tool = path_join(result, "bin/tool");
	damage(object, /* quietly= */ true);
	damage(tool, /* quietly= */ true);
	assert_true(has(&home, one));
	assert_ok(audit_run(&home, NULL, &bad));
	assert_int_equal(bad.damaged.count, 2);
	assert_string_equal(bad.damaged.items[0], object);
	assert_string_equal(bad.damaged.items[1], result);
	assert_false(has(&home, one));
	assert_true(has(&home, two));
	assert_false(is_stored(&home, KEY, "a"));
	assert_true(is_stored(&home, KEY, "b"));
	assert_true(is_dir(stage));
	assert_ok(audit_run(&home, NULL, &after));
	assert_int_equal(after.damaged.count, 0);
}

static void test_audit_goes_on(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(audit) a = {.objects = 0};
	char one[SHA256_HEX], two[SHA256_HEX];
	open_home(&home);
	put_object(&home, "one", one);
	put_object(&home, "two", two);
	put_result(&home, "a", "a tool");
	bool one_first = strcmp(one, two) < 0;
	AUTO_FREE char *first = cas_path(&home, one_first ? one : two);
	AUTO_FREE char *second = cas_path(&home, one_first ? two : one);
	assert_ok(file_remove(first));
	assert_int_equal(symlink(path_base(first), first), 0); /* open() fails, of whoever runs this */
	damage(second, /* quietly= */ true);
	assert_ok(audit_run(&home, NULL, &a));
	assert_int_equal(a.objects, 2);
	assert_int_equal(a.results, 1);
	assert_int_equal(a.unreadable.count, 1);
	assert_string_equal(a.unreadable.items[0], first);
	bool there = false;
	assert_ok(file_lstat(first, &there, NULL));
	assert_true(there);
	assert_int_equal(a.damaged.count, 1);
	assert_string_equal(a.damaged.items[0], second);
}

/* What stands where an object or a receipt has to be, and is none: told, and never waited for. */
static void test_what_is_no_file(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(audit) a = {.objects = 0};
	char hex[4][SHA256_HEX];
	static const char *const texts[] = {"folder", "pipe", "empty", "note"};
	bool there = true;
	open_home(&home);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_object(&home, texts[i], hex[i]);
	AUTO_FREE char *folder = cas_path(&home, hex[0]);
	AUTO_FREE char *pipe = cas_path(&home, hex[1]);
	AUTO_FREE char *empty = cas_path(&home, hex[2]);
	AUTO_FREE char *note = cas_note_path(&home, hex[3]);
	assert_ok(file_remove(folder));
	assert_ok(dir_make(folder, 0755));
	assert_ok(file_remove(pipe));
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_ok(file_write(empty, "", 0, 0444));
	assert_ok(file_remove(note));
	assert_ok(dir_make(note, 0755));
	assert_fails(cas_has(&home, hex[0], &there), ERR_CORRUPT, "verify --deep");
	assert_fails(cas_has(&home, hex[1], &there), ERR_CORRUPT, "verify --deep");
	assert_ok(cas_has(&home, hex[2], &there));
	assert_false(there); /* dropped, as whatever differs from its digest */
	assert_ok(cas_has(&home, hex[3], &there));
	assert_true(there && is_file(note)); /* noted anew */
	assert_ok(audit_run(&home, NULL, &a));
	assert_int_equal(a.damaged.count, 2);
	assert_false(is_dir(folder) || is_file(pipe));
}

static void test_receipts_that_are_none(void **state)
{
	(void)state;
	AUTO(home) home = {.root = NULL};
	AUTO(audit) a = {.objects = 0};
	open_home(&home);
	static const char *const names[] = {"empty", "foreign", "pipe", "folder", "good"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *place = store_path(&home, KEY, names[i]);
		AUTO_FREE char *receipt = path_join(place, STORE_RECEIPT);
		put_result(&home, names[i], "x");
		assert_true(is_stored(&home, KEY, names[i]));
		if (i < 4)
			assert_ok(file_remove(receipt));
		if (i == 0)
			assert_ok(file_write(receipt, "", 0, 0444));
		if (i == 1)
			assert_ok(file_write(receipt, "{\"key\": \"ffff\"}", 15, 0444));
		if (i == 2)
			assert_int_equal(mkfifo(receipt, 0600), 0);
		if (i == 3)
			assert_ok(dir_make(receipt, 0755));
		assert_int_equal(is_stored(&home, KEY, names[i]), i == 4);
	}
	assert_ok(audit_run(&home, NULL, &a));
	assert_int_equal(a.damaged.count, 4);
	assert_int_equal(a.unreadable.count, 0);
	assert_true(is_stored(&home, KEY, "good"));
}

/* A damaged object takes along what was made of it: the result, what was made of that, and the tree's stamp. */
static void test_what_was_made_of_damage(void **state)
{
	(void)state;
	static const char other[] = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
	static const char third[] = "00112233445566770011223344556677001122334455667700112233445566aa";
	AUTO(home) home = {.root = NULL};
	AUTO(audit) a = {.objects = 0};
	char hex[SHA256_HEX];
	open_home(&home);
	put_object(&home, "a patch", hex);
	put_made_of(&home, KEY, "keg", hex);
	put_made_of(&home, other, "image", KEY);
	put_made_of(&home, third, "apart", "nothing");
	AUTO_FREE char *receipt = path_join(home.build, "keg/src.receipt.json");
	AUTO_FREE char *stamp = path_join(home.build, "keg/src.key");
	AUTO_FREE char *dir = path_dir(stamp);
	AUTO_FREE char *text = mem_printf("{\"patches\": [\"%s\"]}", hex);
	assert_ok(dir_make(dir, 0755));
	assert_ok(file_write(receipt, text, strlen(text), 0600));
	assert_ok(file_write(stamp, KEY, strlen(KEY), 0600));
	assert_ok(cas_prove(&home, hex, "a patch"));
	AUTO_FREE char *object = cas_path(&home, hex);
	damage(object, /* quietly= */ true);
	assert_ok(audit_run(&home, NULL, &a));
	assert_int_equal(a.damaged.count, 3);
	assert_false(is_stored(&home, KEY, "keg") || is_stored(&home, other, "image"));
	assert_true(is_stored(&home, third, "apart"));
	assert_false(is_file(stamp));

	/* and whoever uses one hashes it first */
	put_object(&home, "a patch", hex);
	damage(object, /* quietly= */ true);
	assert_fails(cas_prove(&home, hex, "a patch"), ERR_CORRUPT, "the same command again");
	assert_false(is_file(object));
}

/* What a dead process has left is told from what a living one writes. */
static void test_left_behind(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *target = path_join(dir, "note");
	AUTO_FREE char *temp = NULL;
	AUTO_FREE char *other = path_join(dir, "note.tmp-letters");
	bool dead = true;
	int fd = -1;
	assert_ok(file_temp_open(target, &temp, &fd));
	assert_ok(file_temp_dead(temp, &dead));
	assert_false(dead);
	close(fd); /* as when its writer dies */
	assert_ok(file_temp_dead(temp, &dead));
	assert_true(dead);
	assert_ok(file_write(other, "x", 1, 0600));
	assert_ok(file_temp_dead(other, &dead));
	assert_false(dead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_no_file),
					   cmocka_unit_test(test_receipts_that_are_none),
					   cmocka_unit_test(test_what_was_made_of_damage),
					   cmocka_unit_test(test_left_behind),
					   cmocka_unit_test(test_object_is_asked_again_when_it_moved),
					   cmocka_unit_test(test_another_file_in_its_place),
					   cmocka_unit_test(test_named_by_sha512),
					   cmocka_unit_test(test_what_else_is_said),
					   cmocka_unit_test(test_audit),
					   cmocka_unit_test(test_audit_goes_on)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "harness.h"

#include <pthread.h>
#include <string.h>

#include "base/path.h"
#include "recipe/lock.h"
#include "sys/file.h"

#define DIGEST "2aa0e420e4ea89ea34a833f4c4eced96a35b51a9ee8568b232692729b60b064d"

static char *lock_path(void)
{
	AUTO_FREE char *dir = test_dir();
	return path_join(dir, "cooper.lock");
}

static struct err *put(struct lock *lock, const char *reference, const char *version)
{
	struct lock_file file = {.name = "qemu_7.2.orig.tar.xz",
				 .url = "debian:pool/main/q/qemu/qemu_7.2.orig.tar.xz",
				 .sha256 = DIGEST,
				 .size = 42};
	struct lock_entry entry = {(char *)(uintptr_t)reference, (char *)(uintptr_t)version, &file, 1};
	return lock_put(lock, &entry);
}

static void test_round_trip(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	struct lock *lock = NULL;
	assert_ok(lock_open(path, &lock));
	assert_null(lock_find(lock, "debian-source:qemu:host"));
	assert_false(file_exists(path));
	assert_ok(put(lock, "debian-source:qemu:host", "1:7.2"));
	assert_ok(put(lock, "debian-package:a:b:c", "1"));
	const struct lock_entry *lent = lock_find(lock, "debian-source:qemu:host");
	assert_ok(put(lock, "debian-source:qemu:host", "1:7.3"));
	assert_string_equal(lent->version, "1:7.2");
	lock_free(lock);
	assert_ok(lock_open(path, &lock));
	const struct lock_entry *entry = lock_find(lock, "debian-source:qemu:host");
	assert_string_equal(entry->version, "1:7.3");
	assert_int_equal(entry->file_count, 1);
	assert_string_equal(entry->files[0].sha256, DIGEST);
	assert_int_equal(entry->files[0].size, 42);
	lock_free(lock);
}

/* All of them or none: a lock is never half new. */
static void test_all_or_none(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	struct lock *lock = NULL;
	struct lock_file file = {.name = "a", .url = "debian:pool/a", .sha256 = DIGEST, .size = 1};
	struct lock_entry entries[] = {{"a", "1", &file, 1}, {"b", "1", NULL, 0}};
	assert_ok(lock_open(path, &lock));
	assert_fails(lock_put_all(lock, entries, 2), ERR_CORRUPT, "no files");
	assert_false(file_exists(path));
	entries[1].files = &file;
	entries[1].file_count = 1;
	assert_ok(lock_put_all(lock, entries, 2));
	assert_non_null(lock_find(lock, "a"));
	assert_non_null(lock_find(lock, "b"));
	lock_free(lock);
}

/* Sorted by reference, whatever the order of arrival; the same entries give the same bytes. */
static void test_text(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	struct lock *lock = NULL;
	assert_ok(lock_open(path, &lock));
	assert_ok(put(lock, "b", "1"));
	assert_ok(put(lock, "a", "2"));
	lock_free(lock);
	assert_ok(file_read(path, 1 << 20, &text, &size));
	assert_string_equal(text, "{\n"
				  "  \"format\": 1,\n"
				  "  \"entries\": {\n"
				  "    \"a\": {\n"
				  "      \"version\": \"2\",\n"
				  "      \"files\": [\n"
				  "        {\n"
				  "          \"name\": \"qemu_7.2.orig.tar.xz\",\n"
				  "          \"url\": \"debian:pool/main/q/qemu/qemu_7.2.orig.tar.xz\",\n"
				  "          \"sha256\": \"" DIGEST "\",\n"
				  "          \"size\": 42\n"
				  "        }\n"
				  "      ]\n"
				  "    },\n"
				  "    \"b\": {\n"
				  "      \"version\": \"1\",\n"
				  "      \"files\": [\n"
				  "        {\n"
				  "          \"name\": \"qemu_7.2.orig.tar.xz\",\n"
				  "          \"url\": \"debian:pool/main/q/qemu/qemu_7.2.orig.tar.xz\",\n"
				  "          \"sha256\": \"" DIGEST "\",\n"
				  "          \"size\": 42\n"
				  "        }\n"
				  "      ]\n"
				  "    }\n"
				  "  }\n"
				  "}\n");
}

static void test_damaged(void **state)
{
	(void)state;
	static const char *const texts[][2] = {
		{"", "not valid JSON"},
		{"<<<<<<< HEAD\n", "not valid JSON"},
		{"[]", "unknown format"},
		{"{\"format\": 2, \"entries\": {}}", "unknown format"},
		{"{\"format\": 1, \"entries\": {\"a\": {}}}", "no version or no files"},
		{"{\"format\": 1, \"entries\": {\"a\": {\"version\": \"1\", \"files\": [{\"name\": \"../x\"}]}}}",
		 "plain name"},
		{"{\"format\": 1, \"entries\": {\"a\": {\"version\": \"1\", \"files\": [{\"name\": \"x\", \"url\": "
		 "\"debian:y\", "
		 "\"sha256\": \"00\"}]}}}",
		 "SHA-256"},
		{"{\"format\": 1, \"entries\": {\"a\": {\"version\": \"1\", \"files\": [{\"name\": \"x\", \"url\": "
		 "\"debian:y\", "
		 "\"sha256\": \"" DIGEST "\"}]}}}",
		 "without a size"},
	};
	AUTO_FREE char *path = lock_path();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct lock *lock = NULL;
		assert_ok(file_write(path, texts[i][0], strlen(texts[i][0]), 0644));
		assert_fails(lock_open(path, &lock), ERR_CORRUPT, texts[i][1]);
		assert_null(lock);
	}
}

static void test_two_holders(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	struct lock *first = NULL, *second = NULL;
	assert_ok(lock_open(path, &first));
	assert_ok(lock_open(path, &second));
	assert_ok(put(first, "a", "1"));
	assert_ok(put(second, "b", "2"));
	lock_free(first);
	lock_free(second);
	assert_ok(lock_open(path, &first));
	assert_non_null(lock_find(first, "a"));
	assert_non_null(lock_find(first, "b"));
	lock_free(first);
}

struct worker {
	struct lock *lock;
	int number;
	bool failed;
};

static void *put_some(void *arg)
{
	struct worker *w = arg;
	for (int i = 0; i < 5; i++) {
		AUTO_FREE char *reference = mem_printf("r%d-%d", w->number, i);
		struct err *e = put(w->lock, reference, "1");
		w->failed = w->failed || e || !lock_find(w->lock, reference);
		err_free(e);
	}
	return NULL;
}

static void test_threads(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	struct lock *lock = NULL;
	struct worker workers[4];
	pthread_t threads[4];
	assert_ok(lock_open(path, &lock));
	for (int i = 0; i < 4; i++) {
		workers[i] = (struct worker){lock, i, false};
		assert_int_equal(pthread_create(&threads[i], NULL, put_some, &workers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_false(workers[i].failed);
	}
	lock_free(lock);
	assert_ok(lock_open(path, &lock));
	assert_non_null(lock_find(lock, "r3-4"));
	lock_free(lock);
}

static void test_refused(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	struct lock *lock = NULL;
	struct lock_file file = {.name = "x", .url = "debian:pool/x", .sha256 = "AA", .size = 1};
	struct lock_entry entry = {"a", "1", &file, 1};
	assert_ok(lock_open(path, &lock));
	assert_fails(lock_put(lock, &entry), ERR_CORRUPT, "SHA-256");
	entry.file_count = 0;
	assert_fails(lock_put(lock, &entry), ERR_CORRUPT, "no files");
	assert_false(file_exists(path));
	lock_free(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_all_or_none), cmocka_unit_test(test_text),
		cmocka_unit_test(test_damaged),    cmocka_unit_test(test_two_holders), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

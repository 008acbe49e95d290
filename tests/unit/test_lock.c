#include "harness.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	struct lock_entry entry = {(char *)(uintptr_t)reference, (char *)(uintptr_t)version, &file, 1, false};
	return lock_put(lock, &entry);
}

static void test_round_trip(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	struct lock *lock = NULL;
	assert_ok(lock_open(path, &lock));
	assert_null(lock_find(lock, "debian-source:qemu:host"));
	assert_false(is_file(path));
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
	struct lock_entry entries[] = {{"a", "1", &file, 1, false}, {"b", "1", NULL, 0, false}};
	assert_ok(lock_open(path, &lock));
	assert_fails(lock_put_all(lock, entries, 2), ERR_CORRUPT, "no files");
	assert_false(is_file(path));
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
		{"<<<<<<< HEAD\n", "conflict of a merge, from line 1"},
		{"{\n=======\n}\n", "conflict of a merge, from line 2"},
		{"[]", "is no lock"},
		{"{}", "is no lock"},
		{"{\"format\": 2, \"entries\": {}}", "is of format 2, and this cooper knows 1"},
		{"{\"format\": 1}", "has no map of 'entries'"},
		{"{\"format\": 1, \"entries\": []}", "has no map of 'entries'"},
		{"{\"format\": 1, \"entries\": {}, \"entry\": 1}", "unknown key 'entry'"},
		{"{\"format\": 1, \"entries\": {\"a\": {}, \"a\": {}}}",
		 "not valid JSON: line 1, column 38: duplicate"},
		{"{\"format\": 1, \"entries\": {\"a\": {\"versions\": 1}}}",
		 "unknown key 'versions', in the entry 'a'"},
		{"{\"format\": 1, \"entries\": {\"a\": {\"version\": \"1\", \"files\": [{\"sha-256\": \"\"}]}}}",
		 "unknown key 'sha-256', in the entry 'a'"},
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

/* A shared file stays the shared file; what cannot be written through is refused, and nothing comes in its place. */
static void test_places(void **state)
{
	(void)state;
	AUTO_FREE char *path = lock_path();
	AUTO_FREE char *dir = path_dir(path);
	AUTO_FREE char *shared = path_join(dir, "shared/team.lock");
	AUTO_FREE char *shared_dir = path_dir(shared);
	AUTO_FREE char *text = NULL;
	struct lock *lock = NULL;
	struct stat st;
	assert_ok(dir_make(shared_dir, 0755));
	assert_int_equal(symlink("shared/team.lock", path), 0);
	assert_fails(lock_open(path, &lock), ERR_OS, "is a link to 'shared/team.lock'");
	assert_ok(file_write(shared, "{\"format\": 1, \"entries\": {}}", 28, 0664));
	assert_ok(lock_open(path, &lock));
	assert_ok(put(lock, "a", "1"));
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(lstat(shared, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0664);
	assert_ok(file_read(shared, 10000, &text, NULL));
	assert_non_null(strstr(text, "\"a\""));
	/* whoever can write to the project puts another link there meanwhile: the file behind it is not ours */
	AUTO_FREE char *other = path_join(dir, "other");
	AUTO_FREE char *kept = NULL;
	assert_ok(file_write(other, "{\"format\": 1, \"entries\": {}}", 28, 0644));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("other", path), 0);
	assert_fails(put(lock, "b", "1"), ERR_USAGE, "became a link to");
	assert_ok(file_read(other, 10000, &kept, NULL));
	assert_null(strstr(kept, "\"b\""));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("shared/team.lock", path), 0);
	/* it is gone meanwhile */
	assert_int_equal(unlink(shared), 0);
	assert_fails(put(lock, "b", "1"), ERR_OS, "cannot be followed");
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	/* or meant to stay as it is */
	assert_ok(file_write(shared, "{\"format\": 1, \"entries\": {}}", 28, 0444));
	assert_fails(put(lock, "b", "1"), ERR_USAGE, "read-only");
	lock_free(lock);
	lock = NULL;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_fails(lock_open(path, &lock), ERR_USAGE, "is a folder");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_fails(lock_open(path, &lock), ERR_USAGE, "no regular file");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("cooper.lock", path), 0);
	assert_fails(lock_open(path, &lock), ERR_OS, "cannot be followed");
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
	struct lock_entry entry = {"a", "1", &file, 1, false};
	assert_ok(lock_open(path, &lock));
	assert_fails(lock_put(lock, &entry), ERR_CORRUPT, "SHA-256");
	entry.file_count = 0;
	assert_fails(lock_put(lock, &entry), ERR_CORRUPT, "no files");
	assert_false(is_file(path));
	lock_free(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_all_or_none), cmocka_unit_test(test_text),
		cmocka_unit_test(test_damaged),    cmocka_unit_test(test_two_holders), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "sys/file.h"
#include "tree/file_pool.h"

enum { FILES = 300 };

struct scene {
	char *dir;
	char *paths[FILES];
	char hexes[FILES][SHA256_HEX];
};

/* File @i has @size bytes, all of them its number. */
static struct err *submit(struct file_pool *p, struct scene *s, size_t i, size_t size, int flags)
{
	char *buffer = file_pool_buffer(p);
	memset(buffer, (int)(i & 0xff), size);
	s->paths[i] = mem_printf("%s/%zu", s->dir, i);
	int fd = open(s->paths[i], flags | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	return file_pool_submit(p, &(struct file_job){fd, buffer, size, s->paths[i], s->hexes[i]});
}

static void check(const struct scene *s, size_t i, size_t size)
{
	char hex[SHA256_HEX];
	int64_t found = 0;
	struct stat st;
	assert_ok(digest_file(s->paths[i], hex, &found));
	assert_int_equal(found, size);
	assert_string_equal(hex, s->hexes[i]);
	assert_int_equal(stat(s->paths[i], &st), 0);
	assert_int_equal(st.st_mtime, 946684800);
}

static void scene_done(struct scene *s)
{
	for (size_t i = 0; i < FILES; i++)
		free(s->paths[i]);
	free(s->dir);
}

/* Far more files than buffers or descriptors (256 of them): of all sizes, and none at all. */
static void many(void **state UNUSED)
{
	static struct scene s;
	s.dir = test_dir();
	struct file_pool *p = file_pool_new(946684800);
	for (size_t i = 0; i < FILES; i++)
		assert_ok(submit(p, &s, i, i * 997 % (FILE_POOL_BYTES + 1), O_WRONLY));
	assert_ok(file_pool_wait(p));
	for (size_t i = 0; i < FILES; i++)
		check(&s, i, i * 997 % (FILE_POOL_BYTES + 1));
	assert_ok(file_pool_wait(p));
	file_pool_give_back(p, file_pool_buffer(p));
	assert_null(file_pool_free(p));
	assert_null(file_pool_free(NULL));
	scene_done(&s);
}

/* One that cannot be written is named by a later call; those after it are written all the same. */
static void one_fails(void **state UNUSED)
{
	static struct scene s;
	s.dir = test_dir();
	struct file_pool *p = file_pool_new(946684800);
	struct err *e = NULL;
	for (size_t i = 0; i < FILES; i++)
		e = err_first(e, submit(p, &s, i, 10, i == 3 ? O_RDONLY : O_WRONLY));
	e = err_first(e, file_pool_wait(p));
	AUTO_FREE char *name = mem_printf("cannot write '%s'", s.paths[3]);
	assert_fails(e, ERR_OS, name);
	for (size_t i = 0; i < FILES; i++)
		if (i != 3)
			check(&s, i, 10);
	file_pool_free(p);
	scene_done(&s);
}

/* Nobody waits: freeing does, and closes everything. */
static void freed_early(void **state UNUSED)
{
	static struct scene s;
	s.dir = test_dir();
	struct file_pool *p = file_pool_new(946684800);
	for (size_t i = 0; i < 3; i++)
		err_free(submit(p, &s, i, 100, O_WRONLY));
	file_pool_free(p);
	for (size_t i = 0; i < 3; i++)
		check(&s, i, 100);
	scene_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(one_fails),
		cmocka_unit_test(freed_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "harness.h"
#include "net/fetch_writer.h"
#include "sys/file.h"

/* Sizes around the buffers' and far beyond them, in pieces of any size: the file and the digest are those of the bytes.
 */
static void every_size(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 16384, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20, (7 << 20) + 12345};
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "file");
	size_t most = sizes[ARRAY_LEN(sizes) - 1];
	AUTO_FREE unsigned char *bytes = mem_alloc(most);
	for (size_t i = 0; i < most; i++)
		bytes[i] = (unsigned char)(i * 2654435761u >> 13);
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		struct digest *d = digest_new(DIGEST_SHA256);
		struct writer *w = writer_new(fd, path, d, NULL, /* early= */ true);
		size_t piece = 1;
		for (size_t at = 0; at < sizes[s]; at += piece, piece = piece * 3 % 70001 + 1)
			assert_ok(writer_add(w, bytes + at, piece < sizes[s] - at ? piece : sizes[s] - at));
		assert_ok(writer_flush(w));
		char got[SHA256_HEX], wanted[SHA256_HEX], stored[SHA256_HEX];
		digest_hex(d, got);
		digest_bytes(bytes, sizes[s], wanted);
		assert_ok(digest_file(path, stored, NULL));
		assert_string_equal(got, wanted);
		assert_string_equal(stored, wanted);
		writer_free(w);
		digest_free(d);
	}
}

/* Where nothing more fits, the error comes and nothing is written behind the gap. */
static void a_full_disk(void **state)
{
	(void)state;
	enum { LIMIT = (2 << 20) + 4096 };
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "file");
	AUTO_FREE char *bytes = mem_alloc(1 << 20);
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct rlimit old, small;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	assert_int_equal(sigaction(SIGXFSZ, &ignore, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){LIMIT, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct writer *w = writer_new(fd, path, NULL, NULL, /* early= */ false);
	struct err *e = NULL;
	for (int i = 0; i < 8 && !e; i++) {
		memset(bytes, 'a' + i, 1 << 20);
		e = writer_add(w, bytes, 1 << 20);
	}
	e = err_first(e, writer_flush(w));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_ok(writer_flush(w));
	writer_free(w);
	assert_fails(e, ERR_OS, "file");
	assert_int_equal(size_of(path), LIMIT);
	char last = 0;
	assert_int_equal(pread(fd, &last, 1, LIMIT - 1), 1);
	assert_int_equal(last, 'c');
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_size), cmocka_unit_test(a_full_disk)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

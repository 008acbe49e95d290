#include "harness.h"

#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "sys/beneath.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

static const char ABC[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char ABC512[] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
static const char EMPTY[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* FIPS 180-4 examples */
static void test_known_answers(void **state)
{
	char hex[SHA256_HEX];
	char hex512[DIGEST_HEX_MAX];
	struct digest *d = digest_new(DIGEST_SHA512);

	(void)state;
	digest_bytes("abc", 3, hex);
	assert_string_equal(hex, ABC);
	digest_bytes("", 0, hex);
	assert_string_equal(hex, EMPTY);
	digest_add(d, "a", 1);
	digest_add(d, "bc", 2);
	digest_hex(d, hex512);
	assert_string_equal(hex512, ABC512);
	digest_free(d);
	d = digest_new(DIGEST_SHA1);
	digest_add(d, "abc", 3);
	digest_hex(d, hex);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_null(digest_free(d));
	assert_null(digest_free(NULL));
}

static void test_file(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "abc");
	char hex[SHA256_HEX], hex512[DIGEST_HEX_MAX];
	int64_t size = 0;

	(void)state;
	assert_fails(digest_file(path, hex, &size), ERR_ABSENT, "does not exist");
	assert_fails(digest_file(dir, hex, &size), ERR_CORRUPT, "is a folder");
	assert_ok(file_write(path, "abc", 3, 0644));
	assert_ok(digest_file(path, hex, &size));
	assert_string_equal(hex, ABC);
	assert_int_equal(size, 3);
	assert_ok(digest_file(path, hex, NULL));
	assert_ok(digest_file_as(DIGEST_SHA512, path, hex512, NULL));
	assert_string_equal(hex512, ABC512);
}

/* A guest can make a file of a project endless, of nothing but a hole, and a folder of files without number. */
static void test_endless(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "big");
	char hex[SHA256_HEX];

	(void)state;
	assert_ok(file_write(path, "abc", 3, 0644));
	assert_ok(digest_beneath(dir, "big", hex, NULL));
	assert_ok(tree_digest_most(dir, 3 + 2 * 1024, hex));
	assert_fails(tree_digest_most(dir, 3 + 1024, hex), ERR_USAGE, "holds more than 0 MiB, up to 'big'");
	assert_fails(tree_digest_most(dir, 1024 + 2, hex), ERR_USAGE, "'big' is larger than 2 B");
	assert_int_equal(truncate(path, (off_t)1 << 42), 0);
	assert_fails(digest_beneath(dir, "big", hex, NULL), ERR_USAGE, "'big' is larger than 4.0 GiB");
	assert_fails(tree_digest_most(dir, BENEATH_MAX_BYTES, hex), ERR_USAGE, "'big' is larger than");
}

static void test_valid(void **state)
{
	(void)state;
	assert_true(digest_valid(DIGEST_SHA256, ABC));
	assert_false(digest_valid(DIGEST_SHA512, ABC));
	assert_false(digest_valid(DIGEST_SHA256, NULL));
	assert_false(digest_valid(DIGEST_SHA256, ""));
	assert_false(digest_valid(DIGEST_SHA256, "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(digest_valid(DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0"));
	assert_true(digest_is(ABC));
	assert_true(digest_is(ABC512));
	assert_false(digest_is(ABC512 + 1));
	assert_false(digest_is(NULL));
	assert_string_equal(digest_kind_name(digest_kind_of(ABC)), "sha256");
	assert_string_equal(digest_kind_name(digest_kind_of(ABC512)), "sha512");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "sys/child.h"
#include "sys/file.h"
#include "tree/inflate.h"

static void run_sh(const char *dir, const char *script)
{
	struct child_spec spec = {
		.argv = (const char *[]){"sh", "-euc", script, NULL}, .cwd = dir, .deadline_ms = 60000};

	assert_ok(child_run(&spec));
}

/* 12 MiB of which 2 are not zero, ending within a block, in every packing */
static const char make_disk[] = "head -c 1000000 /dev/urandom >disk; truncate -s 6000000 disk; "
				"head -c 1000000 /dev/urandom >>disk; truncate -s 12000001 disk; gzip -1k disk; "
				"xz -0k --block-size=1MiB disk; zstd -1qk disk; bzip2 -1k disk; "
				"(head -c 5000000 disk | gzip -1; tail -c +5000001 disk | gzip -1) >two.gz";

static void test_packings(void **state)
{
	static const char *const formats[][2] = {{"disk.gz", "raw.gz"},   {"disk.xz", "qcow2.xz"},
						 {"disk.zst", "raw.zst"}, {"disk.bz2", "raw.bz2"},
						 {"disk", "qcow2"},       {"two.gz", "raw.gz"}};
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *plain = path_join(dir, "disk");
	AUTO_FREE char *dst = path_join(dir, "out");
	char expected[SHA256_HEX];
	char packed[SHA256_HEX];
	char got[SHA256_HEX];
	int64_t size = 0;
	struct stat st;

	(void)state;
	run_sh(dir, make_disk);
	assert_ok(digest_file(plain, expected, NULL));
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		AUTO_FREE char *src = path_join(dir, formats[i][0]);
		struct inflate_options o = {.format = formats[i][1], .packed_digest = packed, .sha256 = expected};

		assert_ok(digest_file(src, packed, NULL));
		assert_ok(inflate_image(src, dst, &o, "disk", NULL, got));
		assert_string_equal(got, expected);
		assert_ok(digest_file(dst, got, &size));
		assert_string_equal(got, expected);
		assert_int_equal(size, 12000001);
		assert_int_equal(stat(dst, &st), 0);
		assert_true(st.st_blocks * 512 < 3000000);
		assert_int_equal(st.st_mode & 07777, 0644);
		assert_ok(file_remove(dst));
	}
}

static void test_refuses(void **state)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *gz = path_join(dir, "disk.gz");
	AUTO_FREE char *xz = path_join(dir, "disk.xz");
	AUTO_FREE char *plain = path_join(dir, "disk");
	AUTO_FREE char *cut = path_join(dir, "cut");
	AUTO_FREE char *dst = path_join(dir, "out");
	AUTO_FREE char *fresh = path_join(dir, "fresh");
	AUTO(strs) names = STRS_INIT;
	static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
	struct inflate_options o = {.format = "raw.gz", .sha256 = zeros};

	(void)state;
	run_sh(dir, make_disk);
	assert_ok(file_write(dst, "old", 3, 0600));
	assert_fails(inflate_image(gz, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "the unpacked data has SHA-256");
	o.packed_digest = zeros;
	assert_fails(inflate_image(gz, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "the compressed file has SHA-256");
	char packed512[DIGEST_HEX_MAX];
	o.sha256 = NULL;
	assert_ok(digest_file_as(DIGEST_SHA512, gz, packed512, NULL));
	o.packed_digest = packed512;
	assert_ok(inflate_image(gz, fresh, &o, NULL, NULL, NULL));
	packed512[0] = packed512[0] == '0' ? '1' : '0';
	assert_fails(inflate_image(gz, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "the compressed file has SHA-512");
	o.packed_digest = NULL;
	o.max_bytes = 12000000;
	assert_fails(inflate_image(gz, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "more than 12000000 bytes");
	o.max_bytes = 0;
	assert_fails(inflate_image(plain, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "disk");
	assert_fails(inflate_image(xz, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "disk.xz");
	run_sh(dir, "head -c 1500000 disk.gz >cut");
	assert_fails(inflate_image(cut, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "cut");
	o.format = "raw.xz";
	run_sh(dir, "head -c 1500000 disk.xz >cut");
	assert_fails(inflate_image(cut, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "truncated");
	assert_fails(inflate_image(gz, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "damaged");
	o.memory_bytes = 1;
	assert_fails(inflate_image(xz, dst, &o, NULL, NULL, NULL), ERR_CORRUPT, "more memory");
	o.memory_bytes = 0;
	o.format = "raw.lzh";
	assert_fails(inflate_image(gz, dst, &o, NULL, NULL, NULL), ERR_USAGE, "lzh");
	assert_fails(inflate_image("/nonexistent", dst, &o, NULL, NULL, NULL), ERR_ABSENT, "nonexistent");
	assert_int_equal(size_of(dst), 3);
	assert_ok(dir_list(dir, &names)); /* six disks, cut, out and fresh, and no temporary file */
	assert_int_equal(names.count, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packings),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

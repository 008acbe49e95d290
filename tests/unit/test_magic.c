#include "harness.h"

#include <string.h>

#include "archive_maker.h"
#include "base/str.h"
#include "fmt/magic.h"

static void archives(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *archive, *foreign;
	} cases[] = {
		{"PK\3\4rest", 8, "zip", NULL},
		{"PK\5\6rest", 8, "zip", NULL},
		{"PK\7\10rest", 8, NULL, "zip in several parts"},
		{"!<arch>\ndebian-binary   ", 24, "deb", NULL},
		{"!<arch>\nlibfoo.o/      ", 24, NULL, NULL},
		{"\xed\xab\xee\xdb\3\0", 6, "rpm", NULL},
		{"\xfd"
		 "7zXZ\0\0\4",
		 8, "xz", NULL},
		{"\x1f\x8b\10\0\0\0\0\0\0\3", 10, "gz", NULL},
		{"BZh91AY&SY", 10, "bz2", NULL},
		{"\x28\xb5\x2f\xfd\4\0\0\0", 8, "zst", NULL},
		{"7z\xbc\xaf\x27\x1c\0\4", 8, NULL, "7-Zip"},
		{"Rar!\x1a\7\1\0", 8, NULL, "RAR"},
		{"LZIP\1", 5, NULL, "lzip"},
		{"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff", 13, NULL, "lzma"},
		{"\x1f\x9d\x90", 3, NULL, "compress (.Z)"},
		{"070701", 6, NULL, "cpio"},
		{"#!/bin/sh\n", 10, NULL, NULL},
		{"<html>", 6, NULL, NULL},
		{"", 0, NULL, NULL},
		{"B", 1, NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(streq(magic_archive(cases[i].bytes, cases[i].size), cases[i].archive));
		assert_true(streq(magic_foreign(cases[i].bytes, cases[i].size), cases[i].foreign));
	}
}

static void tars(void **state)
{
	AUTO(str) tar = STR_INIT;
	char zeros[MAGIC_SIZE] = "";
	(void)state;
	make_tar_header(&tar, "a\xff", '0', NULL, 0, 0644);
	assert_true(streq(magic_archive(tar.data, tar.len), "tar"));
	assert_null(magic_archive(tar.data, tar.len - 1));
	memset(tar.data + 257, 0, 8); /* without "ustar", as before POSIX: only the checksum is left */
	assert_null(magic_archive(tar.data, tar.len));
	unsigned sum = 0;
	memset(tar.data + 148, ' ', 8);
	for (size_t i = 0; i < tar.len; i++)
		sum += (unsigned char)tar.data[i];
	make_octal(tar.data + 148, 7, sum);
	assert_true(streq(magic_archive(tar.data, tar.len), "tar"));
	make_octal(tar.data + 148, 7, sum - 256); /* one byte of 0xff, taken for -1 */
	assert_true(streq(magic_archive(tar.data, tar.len), "tar"));
	make_octal(tar.data + 148, 7, sum - 1);
	assert_null(magic_archive(tar.data, tar.len));
	assert_null(magic_archive(zeros, sizeof(zeros)));
}

static void pointers(void **state)
{
#define POINTER "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n"
	static const char old[] = "version https://hawser.github.com/spec/v1\r\noid sha256:00\r\n";
	char large[2000] = POINTER;
	(void)state;
	assert_true(magic_lfs_pointer(POINTER, strlen(POINTER)));
	assert_true(magic_lfs_pointer(old, strlen(old)));
	assert_false(magic_lfs_pointer(POINTER, 20));
	assert_false(magic_lfs_pointer("a " POINTER, strlen(POINTER)));
	assert_false(magic_lfs_pointer(large, sizeof(large)));
	assert_false(magic_lfs_pointer("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives),
		cmocka_unit_test(tars),
		cmocka_unit_test(pointers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "fmt/magic.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "fmt/packing.h"
#include "fmt/rpm.h"

enum { TAR_HEADER = 512, CHECKSUM_AT = 148, CHECKSUM_SIZE = 8, LFS_POINTER_MAX = 1024 };

static bool begins(const char *start, size_t size, const char *bytes, size_t n)
{
	return size >= n && memcmp(start, bytes, n) == 0;
}

/* A header's checksum is the sum of its bytes, its own taken for blanks, in octal: POSIX pax, "ustar Interchange". Some
 * old tools took bytes for signed. */
static bool tar_magic(const char *start, size_t size)
{
	unsigned sum = 0, said = 0;
	int signed_sum = 0;
	size_t i = CHECKSUM_AT;

	if (size < TAR_HEADER || !start[0])
		return false;
	for (size_t k = 0; k < TAR_HEADER; k++) {
		char c = k >= CHECKSUM_AT && k < CHECKSUM_AT + CHECKSUM_SIZE ? ' ' : start[k];
		sum += (unsigned char)c;
		signed_sum += (signed char)c;
	}
	while (i < CHECKSUM_AT + CHECKSUM_SIZE && start[i] == ' ')
		i++;
	for (; i < CHECKSUM_AT + CHECKSUM_SIZE && start[i] >= '0' && start[i] <= '7'; i++)
		said = said * 8 + (unsigned)(start[i] - '0');
	return said == sum || (int)said == signed_sum;
}

const char *magic_archive(const char *start, size_t size)
{
	const char *packing = packing_of(start, size);

	if (!streq(packing, "none"))
		return packing;
	if (begins(start, size, "!<arch>\ndebian-binary", 21))
		return "deb";
	if (rpm_magic(start, size))
		return "rpm";
	if (begins(start, size, "PK\3\4", 4) || begins(start, size, "PK\5\6", 4))
		return "zip";
	return tar_magic(start, size) ? "tar" : NULL;
}

const char *magic_foreign(const char *start, size_t size)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *name;
	} kinds[] = {
		{"7z\xbc\xaf\x27\x1c", 6, "7-Zip"},
		{"Rar!\x1a\x07", 6, "RAR"},
		{"LZIP", 4, "lzip"},
		{"\x1f\x9d", 2, "compress (.Z)"},
		{"\x5d\0\0", 3, "lzma"}, /* its usual settings, and a dictionary of 64 KiB or more */
		{"\x89LZO\0\r\n\x1a\n", 9, "lzop"},
		{"\x04\x22\x4d\x18", 4, "lz4"},
		{"MSCF\0\0\0\0", 8, "cabinet"},
		{"xar!", 4, "xar"},
		{"070701", 6, "cpio"},
		{"070702", 6, "cpio"},
		{"070707", 6, "cpio"},
		{"PK\7\x08", 4, "zip in several parts"},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (begins(start, size, kinds[i].bytes, kinds[i].size))
			return kinds[i].name;
	return NULL;
}

/* git-lfs's docs/spec.md: a small text that begins so; "hawser" was its first name. */
bool magic_lfs_pointer(const char *data, size_t size)
{
	static const char *const starts[] = {"version https://git-lfs.github.com/spec/v1",
					     "version https://hawser.github.com/spec/v1"};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (size > strlen(starts[i]) && size < LFS_POINTER_MAX &&
		    begins(data, size, starts[i], strlen(starts[i])))
			return true;
	return false;
}

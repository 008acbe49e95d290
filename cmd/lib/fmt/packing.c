#include "fmt/packing.h"

#include <stdbool.h>
#include <string.h>

#include "fmt/gzip.h"
#include "fmt/xz.h"

static bool bzip2_magic(const char *start, size_t size)
{
	return size >= 8 && memcmp(start, "BZh", 3) == 0 &&
	       (memcmp(start + 4, "1AY&", 4) == 0 || memcmp(start + 4, "\x17rE8", 4) == 0); /* a block, or none */
}

/* A frame, or one of those to be skipped: RFC 8878, 3.1 */
static bool zstd_magic(const char *start, size_t size)
{
	return size >= 4 && (memcmp(start, "\x28\xb5\x2f\xfd", 4) == 0 ||
			     ((start[0] & 0xf0) == 0x50 && memcmp(start + 1, "\x2a\x4d\x18", 3) == 0));
}

const char *packing_of(const char *start, size_t size)
{
	return xz_magic(start, size)      ? "xz"
	       : gzip_magic(start, size)  ? "gz"
	       : bzip2_magic(start, size) ? "bz2"
	       : zstd_magic(start, size)  ? "zst"
					  : "none";
}

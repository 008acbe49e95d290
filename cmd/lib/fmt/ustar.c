#include "fmt/ustar.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"

struct ustar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char user[32];
	char group[32];
	char device_major[8];
	char device_minor[8];
	char prefix[155];
	char pad[12];
};

_Static_assert(sizeof(struct ustar_header) == USTAR_BLOCK, "a header is one block");

static void put_octal(char *field, size_t size, unsigned long long value)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%0*llo", (int)size - 1, value);
	if (n < 0 || (size_t)n >= size)
		bug("%llu does not fit a field of %zu octal digits", value, size - 1);
	memcpy(field, text, (size_t)n + 1);
}

static void pad_block(struct str *tar)
{
	static const char zeros[USTAR_BLOCK];
	size_t rest = tar->len % USTAR_BLOCK;

	if (rest > 0)
		str_add_mem(tar, zeros, USTAR_BLOCK - rest);
}

void ustar_add(struct str *tar, const char *name, unsigned mode, const void *data, size_t size)
{
	struct ustar_header h = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
	const unsigned char *bytes = (const unsigned char *)&h;
	unsigned sum = 0;

	if (!path_is_plain(name) || strlen(name) > USTAR_NAME_MAX || size > 1u << 30)
		bug("'%s' cannot be an entry of a tar file", name);
	memcpy(h.name, name, strlen(name));
	put_octal(h.mode, sizeof(h.mode), mode & 07777);
	put_octal(h.uid, sizeof(h.uid), 0);
	put_octal(h.gid, sizeof(h.gid), 0);
	put_octal(h.size, sizeof(h.size), size);
	put_octal(h.mtime, sizeof(h.mtime), 0);
	/* the checksum is the sum of all bytes with its own field taken as spaces: six digits, NUL, space */
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += bytes[i];
	put_octal(h.checksum, 7, sum);
	str_add_mem(tar, &h, sizeof(h));
	str_add_mem(tar, data, size);
	pad_block(tar);
}

void ustar_end(struct str *tar)
{
	static const char zeros[2 * USTAR_BLOCK];

	str_add_mem(tar, zeros, sizeof(zeros));
}

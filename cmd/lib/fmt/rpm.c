#include "fmt/rpm.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LEAD_BYTES = 96, INTRO_BYTES = 16, INDEX_ENTRY_BYTES = 16 };

bool rpm_magic(const void *start, size_t size)
{
	return size >= 4 && memcmp(start, "\xed\xab\xee\xdb", 4) == 0;
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Step over one section at *offset: intro, index entries, data. */
static struct err *skip_section(int fd, const char *name, int64_t *offset)
{
	const uint32_t most = 256u << 20;
	unsigned char intro[INTRO_BYTES];
	ssize_t n = pread(fd, intro, sizeof(intro), (off_t)*offset);

	if (n < 0)
		return err_os(errno, "cannot read '%s'", name);
	if (n < (ssize_t)sizeof(intro) || memcmp(intro, "\x8e\xad\xe8\x01", 4) != 0)
		return err_new(ERR_CORRUPT, "'%s' is damaged: no rpm header at byte %lld", name, (long long)*offset);
	uint32_t entries = big_endian(intro + 8);
	uint32_t bytes = big_endian(intro + 12);
	if (entries > most / INDEX_ENTRY_BYTES || bytes > most)
		return err_new(ERR_CORRUPT, "'%s' is damaged: an rpm header of impossible size", name);
	*offset += INTRO_BYTES + (int64_t)entries * INDEX_ENTRY_BYTES + bytes;
	return NULL;
}

struct err *rpm_payload(int fd, const char *name, int64_t *ret_offset)
{
	int64_t offset = LEAD_BYTES;

	TRY(skip_section(fd, name, &offset));
	offset = (offset + 7) & ~(int64_t)7; /* only the signature is padded */
	TRY(skip_section(fd, name, &offset));
	*ret_offset = offset;
	return NULL;
}

#include "fmt/macho.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	MH_EXECUTE_TYPE = 2,
	MH_DYLIB_TYPE = 6,
	MH_BUNDLE_TYPE = 8,
	FILETYPE_AT = 12,         /* after magic, cpu type and subtype */
	FAT_FIRST_OFFSET_AT = 16, /* fat header, then cpu type and subtype of the first part */
};

#define MACHO_64 UINT32_C(0xfeedfacf)
#define MACHO_32 UINT32_C(0xfeedface)
#define MACHO_FAT UINT32_C(0xcafebabe)
#define JAVA_VERSION_MIN 30 /* a Java class begins with the same magic: where parts are counted it has a version */

static uint32_t word(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static enum macho_kind thin_kind(const uint8_t *p, size_t size)
{
	if (size < FILETYPE_AT + 4 || (word(p, false) != MACHO_64 && word(p, false) != MACHO_32))
		return MACHO_NONE;
	switch (word(p + FILETYPE_AT, false)) {
	case MH_EXECUTE_TYPE:
		return MACHO_EXECUTABLE;
	case MH_DYLIB_TYPE:
	case MH_BUNDLE_TYPE:
		return MACHO_LIBRARY;
	default:
		return MACHO_NONE;
	}
}

enum macho_kind macho_kind(const void *data, size_t size)
{
	const uint8_t *p = data;
	if (size < FAT_FIRST_OFFSET_AT + 4 || word(p, true) != MACHO_FAT)
		return thin_kind(p, size);
	uint32_t parts = word(p + 4, true);
	size_t offset = word(p + FAT_FIRST_OFFSET_AT, true);
	if (parts == 0 || parts >= JAVA_VERSION_MIN)
		return MACHO_NONE;
	return offset + FILETYPE_AT + 4 <= size ? thin_kind(p + offset, size - offset) : MACHO_EXECUTABLE;
}

/*
 * macho.h - what kind of Mach-O file some bytes begin; reads nothing but the header
 *
 * See: Apple's mach-o/loader.h and mach-o/fat.h
 */
#ifndef COOPER_FMT_MACHO_H
#define COOPER_FMT_MACHO_H

#include <stddef.h>

enum macho_kind {
	MACHO_NONE, /* no Mach-O, or one that is never signed by itself (an object file) */
	MACHO_EXECUTABLE,
	MACHO_LIBRARY, /* dylib or bundle */
};

enum { MACHO_HEADER_BYTES = 64 };

/** macho_kind() - of a file that begins with @data; a universal file is what its first part is, or an executable when
 *  that part begins beyond @size */
enum macho_kind macho_kind(const void *data, size_t size);

#endif

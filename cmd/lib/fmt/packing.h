/*
 * packing.h - how a file is packed, told from its first bytes; nothing is decoded here
 */
#ifndef COOPER_FMT_PACKING_H
#define COOPER_FMT_PACKING_H

#include <stddef.h>

/** packing_of() - "xz", "gz", "bz2", "zst" or "none", for a file that begins with these @size bytes; 8 are enough */
const char *packing_of(const char *start, size_t size);

#endif

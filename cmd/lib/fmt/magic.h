/*
 * magic.h - what a file is, told from its first bytes; names and endings say nothing
 */
#ifndef COOPER_FMT_MAGIC_H
#define COOPER_FMT_MAGIC_H

#include <stdbool.h>
#include <stddef.h>

enum { MAGIC_SIZE = 512 }; /* bytes that are looked at: the header of a tar archive */

/**
 * magic_archive() - "tar", "zip", "deb" or "rpm", or the packing of what may be a tar archive ("xz", "gz", "bz2",
 * "zst")
 *
 * NULL for all that archive.h does not read.
 */
const char *magic_archive(const char *start, size_t size);
/** magic_foreign() - the name of an archive or packing that is not read here ("7-Zip", "lzip"); NULL = none is known */
const char *magic_foreign(const char *start, size_t size);
/** magic_lfs_pointer() - whether a file of these bytes, whole, stands for one that Git LFS keeps elsewhere */
bool magic_lfs_pointer(const char *data, size_t size);

#endif

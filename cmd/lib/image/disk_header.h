/*
 * disk_header.h - a disk image is judged by its first bytes, before any program that believes them opens it
 *
 * A disk image can name other files: a qcow2 its backing file and its external data file, a vmdk its extents. Whoever
 * opens one of a stranger reads those files, wherever they lie, into the guest. So an image is taken only when its
 *header is one of the format that the recipe names, and when it holds all of its data itself; an overlay of ours when
 *it stands on the one file that we gave it. What is not known is refused, never skipped.
 *
 *	TRY(disk_header_check(path, &(struct disk_claim){.format = DISK_QCOW2}));
 *
 * Not here: the tables behind the header, which QEMU checks as it reads them. See: QEMU's docs/interop/qcow2.rst.
 */
#ifndef COOPER_IMAGE_DISK_HEADER_H
#define COOPER_IMAGE_DISK_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum disk_format { DISK_RAW, DISK_QCOW2 };

enum { DISK_HEADER_MAX = 64 * 1024 }; /* of a file's start is looked at; a header that is longer is refused */

/* What a disk must be. */
struct disk_claim {
	enum disk_format format;
	const char *backing; /* the file below it, exactly so; NULL = there must be none */
	enum disk_format backing_format;
};

/** disk_format_of() - by the file's name, as cooper names them: "disk.raw", else qcow2 */
enum disk_format disk_format_of(const char *name);
/** disk_format_word() - as QEMU calls it */
const char *disk_format_word(enum disk_format format);

/**
 * disk_header_judge() - whether @head is the start of such a disk; pure
 * @size:        of @head: DISK_HEADER_MAX, or all of a smaller file
 * @file_bytes:  of the whole file
 *
 * Errors:  CORRUPT (it is something else, names other files, is encrypted, or has parts that are not known)
 */
MUST_CHECK struct err *disk_header_judge(const unsigned char *head, size_t size, int64_t file_bytes,
					 const struct disk_claim *claim);

/** disk_header_check() - the same of the file @path; CORRUPT, ABSENT, OS, with its name */
MUST_CHECK struct err *disk_header_check(const char *path, const struct disk_claim *claim);

/** disk_header_backing() - the name of the file below the qcow2 image @path, heap; NULL when it names none. It is only what
 *  the image says: a claim for disk_header_check(), once the caller knows it for ours. CORRUPT, ABSENT, OS */
MUST_CHECK struct err *disk_header_backing(const char *path, char **ret_name);

#endif

/*
 * archive_write.h - ISO 9660 images and tar files, the same bytes from the same entries each time
 *
 * No owner, no time and no mode but whether a file is executable is written.
 *
 *	TRY(iso_write(path, entries, count, "COOPER"));
 *
 *	TRY(tar_create(path, &w));
 *	struct err *e = tar_add(w, &entry, hex);
 *	TRY(tar_commit(w, 0600, e));
 */
#ifndef COOPER_FMT_ARCHIVE_WRITE_H
#define COOPER_FMT_ARCHIVE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "fmt/digest.h"

/* One entry to write; exactly one of data, file, target or none of them (a folder) */
struct archive_entry_spec {
	const char *name; /* relative, plain */
	const void *data; /* content of @size bytes in memory */
	size_t size;
	const char *file;   /* content from this file, streamed */
	const char *target; /* a symbolic link's target */
	bool executable;    /* 0755 instead of 0644; folders are 0755 always */
};

/**
 * iso_write() - an ISO 9660 image with Rock Ridge at @path, replaced atomically, the same bytes each time
 * @volume_id: upper case letters, digits, '_', at most 32
 *
 * Cost: the content passes through a temporary file in $TMPDIR.
 */
MUST_CHECK struct err *iso_write(const char *path, const struct archive_entry_spec *entries, size_t count,
				 const char *volume_id);

struct tar_writer;

/** tar_create() - begin a tar file, which appears at @path, where nothing may be, when it is whole */
MUST_CHECK struct err *tar_create(const char *path, struct tar_writer **ret_writer);
/** tar_add() - the next entry; @ret_hex: SHA-256 of its content, as it was written */
MUST_CHECK struct err *tar_add(struct tar_writer *w, const struct archive_entry_spec *spec, char ret_hex[SHA256_HEX]);
/** tar_commit() - the file is @path now, with @mode, flushed; or, after @take_e, nothing is left of it.
 *  Errors: @take_e, USAGE (something is at @path), OS */
MUST_CHECK struct err *tar_commit(struct tar_writer *take_w, mode_t mode, struct err *take_e);

#endif

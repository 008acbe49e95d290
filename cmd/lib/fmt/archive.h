/*
 * archive.h - entries of tar, zip, deb and rpm files in turn
 *
 * Reading gives what the archive says, unjudged: archive_policy.h judges, unpack.h acts. Only these readers exist
 * here: tar (ustar, pax, GNU), deb (ar with data.tar) and rpm (cpio), packed with gzip, bzip2, xz, zstd or not at all,
 * and zip. xz is decoded by several threads; every packing that has checksums has them compared.
 *
 *	struct archive_reader *r = NULL;
 *	TRY(archive_open(fd, name, 0, &r));
 *	while (!(e = archive_next(r, &item, &more)) && more)
 *		...archive_data(r, &data, &size, &offset)...
 *	archive_close(r);
 */
#ifndef COOPER_FMT_ARCHIVE_H
#define COOPER_FMT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/stream.h"

enum archive_kind { ITEM_FILE, ITEM_DIR, ITEM_SYMLINK, ITEM_HARDLINK, ITEM_OTHER };

/* Texts are borrowed until the next call on the reader. */
struct archive_item {
	const char *name;
	const char *target;  /* of a link, else NULL */
	const char *type;    /* "a character device" */
	const char *warning; /* what was odd about the header, or NULL */
	enum archive_kind kind;
	int64_t size; /* -1 = unknown */
	bool executable;
};

struct archive_reader;

/** archive_open() - read the open file @take_fd from its start; @memory_bytes bounds the .xz decoder (0 = its default)
 */
MUST_CHECK struct err *archive_open(int take_fd, const char *name, int64_t memory_bytes,
				    struct archive_reader **ret_reader);
/** archive_close() - NULL is fine; returns NULL */
struct archive_reader *archive_close(struct archive_reader *r);
/** archive_next() - the next entry; CORRUPT when the archive is damaged or none; at the end *ret_more is false */
MUST_CHECK struct err *archive_next(struct archive_reader *r, struct archive_item *ret_item, bool *ret_more);
/** archive_data() - the next piece of the entry's content, with its place in the file; NULL data at the end */
MUST_CHECK struct err *archive_data(struct archive_reader *r, const void **ret_data, size_t *ret_size,
				    int64_t *ret_offset);
/** archive_skips() - whether content that is not asked for costs nothing, since the file is sought in */
bool archive_skips(const struct archive_reader *r);
/** archive_packed() - bytes of the packed file read so far; may be called from any thread */
int64_t archive_packed(struct archive_reader *r);
/** archive_format() - "tar", "zip", "deb" or "rpm"; known after the first archive_next() */
const char *archive_format_text(struct archive_reader *r);

/**
 * raw_open() - the bytes inside one packed file that is no archive (disk.raw.gz)
 * @packing: "gz", "xz", "zst", "bz2" or "none"; other content than it says is CORRUPT when read
 *
 * @take_inner is owned from here on, also on failure.
 */
MUST_CHECK struct err *raw_open(struct stream *take_inner, const char *name, const char *packing, int64_t memory_bytes,
				struct stream **ret_stream);

#endif

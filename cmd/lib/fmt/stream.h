/*
 * stream.h - bytes that are pulled, a piece at a time, through a chain of decoders
 *
 * A stream lends its bytes until the next call; a piece of size 0 is the end. Streams own the stream that they
 * read from: closing the outermost closes all. A stream is used by one thread at a time; stream_consumed() may be
 * called from any.
 */
#ifndef COOPER_FMT_STREAM_H
#define COOPER_FMT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct stream {
	struct err *(*read)(struct stream *s, const void **ret_data, size_t *ret_size);
	int64_t (*seek)(struct stream *s, int64_t offset, int whence); /* new position or -1; NULL = cannot */
	int64_t (*consumed)(struct stream *s);                         /* NULL = what @inner has consumed */
	void (*close)(struct stream *s);
	struct stream *inner; /* what it reads from and owns, or NULL */
};

/** stream_file() - read the open file @take_fd from its start; @name is for messages; consumed is the furthest byte */
struct stream *stream_file(int take_fd, const char *name);
/** stream_consumed() - bytes read from the file at the bottom of the chain */
int64_t stream_consumed(struct stream *s);
/** stream_close() - close the chain; NULL is fine; returns NULL */
struct stream *stream_close(struct stream *s);
/** stream_close_at() - cleanup handler of AUTO_STREAM */
void stream_close_at(struct stream **p);
#define AUTO_STREAM __attribute__((cleanup(stream_close_at))) struct stream

#endif

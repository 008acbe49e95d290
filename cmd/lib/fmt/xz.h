/*
 * xz.h - .xz streams, decoded by liblzma's multi-threaded decoder on threads of their own
 *
 * Blocks that carry their sizes (what xz -T writes) are decoded in parallel; a stream of one block by one thread.
 * Either way decoding runs beside the caller, through a small ring of buffers. Memory is bounded: where several
 * threads would need more than the limit, fewer are used; where one does, the file is refused.
 */
#ifndef COOPER_FMT_XZ_H
#define COOPER_FMT_XZ_H

#include <stdbool.h>
#include <stdint.h>

#include "fmt/stream.h"

/** xz_magic() - whether a file that begins with these @size bytes is .xz */
bool xz_magic(const void *start, size_t size);
/**
 * xz_open() - the decoded bytes of @take_inner, which is owned from here on (also on failure)
 * @memory_bytes: what the decoder may use; 0 = a quarter of the machine's, between 256 MiB and 1 GiB
 *
 * Reading gives CORRUPT for damaged or truncated data and for data that needs more memory than allowed.
 */
MUST_CHECK struct err *xz_open(struct stream *take_inner, const char *name, int64_t memory_bytes,
			       struct stream **ret_stream);

#endif

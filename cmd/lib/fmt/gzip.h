/*
 * gzip.h - .gz streams, checked: RFC 1952's CRC-32 and length of every member
 *
 * libarchive's gzip filter skips both, so that a flipped bit in a stored block would go unnoticed.
 * Beside them the streams of RFC 1950 that git's binary hunks are made of.
 */
#ifndef COOPER_FMT_GZIP_H
#define COOPER_FMT_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "fmt/stream.h"

/** gzip_magic() - whether a file that begins with these @size bytes is .gz */
bool gzip_magic(const void *start, size_t size);
/**
 * gzip_open() - the decoded bytes of @take_inner, which is owned from here on (also on failure)
 *
 * Members one after another are one stream; bytes after the last one are passed over, as gzip does.
 * Reading gives CORRUPT for damaged or truncated data.
 */
MUST_CHECK struct err *gzip_open(struct stream *take_inner, const char *name, struct stream **ret_stream);
/** zlib_inflate() - a zlib stream (RFC 1950) of exactly @size inflated bytes; false on damage */
bool zlib_inflate(const void *packed, size_t packed_size, void *ret_bytes, size_t size);

#endif

/*
 * inflate.h - a packed disk image becomes a sparse file, verified at both ends in one pass
 */
#ifndef COOPER_TREE_INFLATE_H
#define COOPER_TREE_INFLATE_H

#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "fmt/digest.h"

struct inflate_options {
	const char *format;        /* "raw.gz", "qcow2.xz", "raw.zst", ...: what follows the last dot counts; without
				      one ("qcow2") the bytes are taken as they are; NULL = told from the first bytes */
	const char *packed_digest; /* of @src, SHA-256 or SHA-512; NULL = was checked before */
	const char *sha256;        /* of what comes out; NULL = unknown */
	int64_t max_bytes;         /* of what comes out; 0 = 64 GiB */
	int64_t memory_bytes;      /* for the .xz decoder; 0 = its default */
};

/**
 * inflate_image() - unpack the one file in @src to @dst
 * @ret_sha256: digest of what came out; may be NULL
 *
 * Runs of zeros become holes. @dst appears, whole and flushed, when everything holds; progress is in packed bytes.
 * Errors: CORRUPT (damaged, or a digest differs), ABSENT, OS, CANCELED. On error: @dst is not created or changed.
 */
MUST_CHECK struct err *inflate_image(const char *src, const char *dst, const struct inflate_options *o,
				     const char *step, struct sink *sink, char ret_sha256[SHA256_HEX]);

#endif

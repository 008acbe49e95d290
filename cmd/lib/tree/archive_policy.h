/*
 * archive_policy.h - what may leave an archive: pure decisions on names, types, links, modes and amounts
 *
 * No I/O here. The rules are the same on every system, so that an archive which unpacks on Linux unpacks on a Mac:
 * names are relative, never "..", valid UTF-8 without control characters and bounded; only files, folders,
 * symbolic and hard links exist; a link stays inside the tree; modes are 0755 or 0644.
 *
 * A symbolic link may have ".." only at the start of its target. The folder that holds a link is real (the writer
 * never passes through a link), so leading ".." are exact; ".." after a name could be redirected by another link.
 */
#ifndef COOPER_TREE_ARCHIVE_POLICY_H
#define COOPER_TREE_ARCHIVE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What is 0 is the default's: archive_limits_of() */
struct archive_limits {
	int64_t entries;    /* how many names, those of folders on the way included */
	int64_t bytes;      /* of all files, unpacked; holes count */
	int64_t file_bytes; /* of one file */
	int64_t ratio;      /* unpacked (headers count) : packed, looked at once ratio_after bytes are out */
	int64_t ratio_after;
	int depth;      /* folders in a name */
	int name_bytes; /* of one component */
	int path_bytes; /* of a whole name */
};

#define ARCHIVE_LIMITS_DEFAULT                                                                                         \
	{                                                                                                              \
		.entries = 1000000, .bytes = 8LL << 30, .file_bytes = 4LL << 30, .ratio = 200,                         \
		.ratio_after = 64 << 20, .depth = 64, .name_bytes = 255, .path_bytes = 4096                            \
	}

/* The largest that recipe and command line may set. A name takes some 400 bytes of the unpacker's 6 GiB of memory. */
enum { ARCHIVE_ENTRIES_MAX = 10000000, ARCHIVE_RATIO_MAX = 1000000 };
#define ARCHIVE_BYTES_MAX (INT64_C(64) << 40)

/** archive_limits_of() - @limits, which may be NULL, with the defaults in place of what is 0 */
struct archive_limits archive_limits_of(const struct archive_limits *limits);
/** archive_limits_set() - one limit as a command line has it: "entries=2000000", "file=8GiB"; USAGE when it is none */
MUST_CHECK struct err *archive_limits_set(struct archive_limits *limits, const char *text);

/* What an absolute link target in a package means: packages are rooted at "/", source archives are not. */
enum archive_absolute { ABSOLUTE_REFUSE, ABSOLUTE_SKIP, ABSOLUTE_KEEP };

/**
 * archive_policy_path() - the path below the target folder for an entry called @name
 * @strip:    leading components to drop
 * @ret_path: heap; NULL when nothing is left ("." or stripped away whole)
 *
 * Errors: CORRUPT for an absolute name, a ".." component, an empty name.
 */
MUST_CHECK struct err *archive_policy_path(const char *name, int strip, char **ret_path);

/** archive_policy_name() - CORRUPT unless @path is within the limits, UTF-8 and free of control characters */
MUST_CHECK struct err *archive_policy_name(const char *path, const struct archive_limits *limits);

/** archive_policy_link_fault() - what lets a link at @path lead outside the tree, or to nothing; NULL when it does not
 */
const char *archive_policy_link_fault(const char *path, const char *target);
/**
 * archive_policy_symlink() - whether a link at @path may point to @target
 * @ret_write: false when the link is to be left out (an absolute target under ABSOLUTE_SKIP)
 */
MUST_CHECK struct err *archive_policy_symlink(const char *path, const char *target, enum archive_absolute absolute,
					      const struct archive_limits *limits, bool *ret_write);

/** archive_policy_amount() - CORRUPT when one of the amounts, promised ones included, is above its limit */
MUST_CHECK struct err *archive_policy_amount(const struct archive_limits *limits, int64_t entries, int64_t bytes,
					     int64_t file_bytes);

/**
 * archive_policy_ratio() - CORRUPT when more came out of what was read than real data packs
 * @unpacked: bytes that have come out so far, not those that a header promises
 * @packed:   bytes read for them
 */
MUST_CHECK struct err *archive_policy_ratio(const struct archive_limits *limits, int64_t unpacked, int64_t packed);

#endif

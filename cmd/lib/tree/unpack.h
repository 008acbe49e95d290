/*
 * unpack.h - an archive becomes a tree, under one policy, by a confined child
 *
 * The policy is archive_policy.h; the writing is tree_writer.h. The reading runs in a child (unpack_child.h) that may
 * only write below the target folder, with limits on memory and file size and without the network where the system can
 * do that: a bug in a reader harms nothing else. The child's words come back over a pipe; the parent reports
 * progress (packed bytes), obeys cancellation, and ends a child that stands still.
 *
 *	struct strs exclude = ...;
 *	struct unpack_report report;
 *	struct unpack_options o = {.strip = 1, .exclude = &exclude};
 *	TRY(unpack_archive(tarball, dir, &o, step, sink, &report));
 */
#ifndef COOPER_TREE_UNPACK_H
#define COOPER_TREE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "fmt/digest.h"
#include "tree/archive_policy.h"

enum { UNPACK_MTIME = 946684800 }; /* 2000-01-01: after what zip and ISO 9660 can say, before any build */

struct unpack_options {
	int strip;                            /* leading components dropped from every name */
	const struct strs *exclude;           /* globs (glob_match()) of names after strip; may be NULL */
	const char *into;                     /* a folder below the target to unpack into; NULL = the target itself */
	const struct archive_limits *limits;  /* archive_limits_of(); may be NULL */
	const char *only_format;              /* "tar", "zip", "deb" or "rpm": anything else is CORRUPT; NULL = any */
	enum archive_absolute absolute_links; /* what to do with absolute link targets */
	bool allow_collisions;                /* names that a Mac takes for one are fine: no Mac will see this tree */
	int64_t mtime;                        /* seconds since 1970 for everything; 0 = UNPACK_MTIME */
	int64_t memory_bytes;                 /* for the .xz decoder; 0 = its default */
};

struct unpack_report {
	int64_t entries;       /* written */
	int64_t bytes;         /* of files, holes included */
	int64_t excluded;      /* left out by exclude, by strip, or as absolute links */
	char tree[SHA256_HEX]; /* tree_digest.h of what this call wrote */
};

/**
 * unpack_archive() - unpack @archive below the folder @dir
 * @dir: must exist; may hold what other sources brought, but nothing of it is ever replaced
 *
 * Errors: CORRUPT (damaged, not an archive, or against the policy), OS, ABSENT, CANCELED, TIMEOUT (no progress).
 * On error: @dir holds a part of the tree; the caller throws it away.
 * Cost: as tar; a digest of every file on top; no flush to disk.
 */
MUST_CHECK struct err *unpack_archive(const char *archive, const char *dir, const struct unpack_options *o,
				      const char *step, struct sink *sink, struct unpack_report *ret_report);

/** unpack_deb() - unpack_archive() of a Debian package's files; anything but a package is CORRUPT */
MUST_CHECK struct err *unpack_deb(const char *deb, const char *dir, const struct unpack_options *o, const char *step,
				  struct sink *sink, struct unpack_report *ret_report);

#endif

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

#include "base/err.h"
#include "base/event.h"
#include "tree/unpack_options.h"

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

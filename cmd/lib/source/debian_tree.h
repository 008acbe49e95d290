/*
 * debian_tree.h - a Debian source package becomes the tree that `dpkg-source --skip-patches -x` makes of it
 *
 * The project's archive, with or without a top folder; its components, each in the folder of its name; the packaging in
 * place of whatever debian/ was there; in format 1.0 the diff, every hunk of it. Patches of debian/patches are not
 * applied: a recipe names them as its `series:`. Modes and times are those of all trees (tree_writer.h).
 */
#ifndef COOPER_SOURCE_DEBIAN_TREE_H
#define COOPER_SOURCE_DEBIAN_TREE_H

#include "base/event.h"
#include "base/str.h"
#include "source/debian_dsc.h"
#include "tree/archive_policy.h"

struct debian_tree_options {
	const struct strs *exclude;          /* globs of names in the tree; may be NULL */
	const struct archive_limits *limits; /* may be NULL */
	const char *step;
	const char *version; /* that the package must have, whole; NULL = any */
};

/**
 * debian_tree_make() - the tree of the package that consists of @parts, in the folder @dir, which is there and empty
 *
 * Errors: those of debian_dsc_read(), unpack_archive() and patch_series_apply(); USAGE (@dir is not empty).
 * On error: @dir holds a part of the tree; the caller throws it away.
 */
MUST_CHECK struct err *debian_tree_make(const struct debian_part *parts, size_t count, const char *dir,
					const struct debian_tree_options *o, struct sink *sink);

#endif

/*
 * unpack_options.h - what unpacking is told, and what it reports (unpack.h)
 */
#ifndef COOPER_TREE_UNPACK_OPTIONS_H
#define COOPER_TREE_UNPACK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "fmt/digest.h"
#include "tree/archive_policy.h"

enum { UNPACK_MTIME = 946684800 }; /* 2000-01-01: after what zip and ISO 9660 can say, before any build */

struct unpack_options {
	int strip;                            /* leading components dropped from every name */
	bool one_top;                         /* with strip 1: all must be below one folder; USAGE where it is not */
	const struct strs *exclude;           /* globs (glob_match()) of names after strip; may be NULL */
	const char *into;                     /* a folder below the target to unpack into; NULL = the target itself */
	const struct archive_limits *limits;  /* archive_limits_of(); may be NULL */
	const char *only_format;              /* "tar", "zip", "deb" or "rpm": anything else is CORRUPT; NULL = any */
	enum archive_absolute absolute_links; /* what to do with absolute link targets */
	bool allow_collisions;                /* names that a Mac takes for one are fine: no Mac will see this tree */
};

struct unpack_report {
	int64_t entries;       /* written */
	int64_t bytes;         /* of files, holes included */
	int64_t excluded;      /* left out by exclude, by strip, or as absolute links */
	char tree[SHA256_HEX]; /* tree_digest.h of what this call wrote */
};

#endif

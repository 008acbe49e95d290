/*
 * debian_dsc.h - what a .dsc says of its source package: which file is what
 *
 * Pure. The rules are those of dpkg-source(1): the names of the files follow from source, version and format. Formats
 * 1.0, 3.0 (native) and 3.0 (quilt); the others (2.0, git, bzr, custom) are refused, and so is a file that the format
 * has no place for: what is not understood must not be missing from the tree in silence.
 */
#ifndef COOPER_SOURCE_DEBIAN_DSC_H
#define COOPER_SOURCE_DEBIAN_DSC_H

#include <stddef.h>

#include "base/err.h"

/* One file of the package; all borrowed. */
struct debian_part {
	const char *name;
	const char *sha256;
	const char *path; /* where its bytes are */
};

/* An additional archive of the project's: it goes into a folder of its name. */
struct debian_component {
	char *name;
	const struct debian_part *part;
};

struct debian_layout {
	char *format;  /* "3.0 (quilt)" */
	char *version; /* with epoch and revision */
	const struct debian_part *main;
	struct debian_component *components; /* by name */
	size_t count, cap;
	const struct debian_part *packaging; /* foo_1.0-1.debian.tar.xz; NULL = none */
	const struct debian_part *diff;      /* foo_1.0-1.diff.gz; NULL = none */
};

void debian_layout_done(struct debian_layout *l);

/**
 * debian_dsc_read() - the layout of the package whose .dsc is @text
 * @parts: all its files, the .dsc among them; @ret_layout borrows from them
 *
 * Errors: CORRUPT (no .dsc; a file that it lists is missing or has another digest, or one that it does not list is
 * there), USAGE (a format that is not supported)
 */
MUST_CHECK struct err *debian_dsc_read(const char *text, const struct debian_part *parts, size_t count,
				       struct debian_layout *ret_layout);

#endif

/*
 * patch.h - a series of patches onto a source tree: all of it or nothing
 *
 * Reads git and plain unified diffs (renames, copies, modes, symlinks, binary data, mails with prose around them,
 * CRLF in transport). Every patch of the series is parsed and applied in memory, each onto the result of those
 * before it; only when all of them fit is the tree touched. A hunk must match byte for byte (fuzz 0), at its line
 * or at the nearest other place; two places equally near are an error. Nothing outside the tree is read or written.
 *
 * An empty patch changes nothing; text without any diff in it (a web page that says "not found") is damage.
 * Not here: fetching, digests of patches, context diffs (refused by name).
 *
 *	struct patch_input inputs[] = {{.name = "fix.patch", .text = text, .size = size, .strip = 1}};
 *	struct patch_report report = PATCH_REPORT_INIT;
 *	TRY(patch_series_apply("/home/me/build/src", inputs, 1, NULL, &report));
 */
#ifndef COOPER_PATCH_PATCH_H
#define COOPER_PATCH_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* One patch file; all borrowed. */
struct patch_input {
	const char *name; /* for messages: 0001-fix.patch */
	const char *text; /* need not end in NUL */
	size_t size;
	int strip;                  /* leading components dropped from names, as patch -p */
	bool reverse;               /* take the change back */
	const struct strs *exclude; /* globs of target paths (after the strip): skipped and counted; NULL = none */
};

struct patch_options {
	bool check_only; /* find out, write nothing */
	bool reverse;    /* take the whole series back, last patch first */
	bool places;     /* fill report->places; not together with a reverse */
};

/* A hunk that matched elsewhere than its header says. */
struct patch_offset {
	size_t patch; /* index of the input */
	char *path;
	size_t hunk;    /* from 1, within the file */
	size_t line;    /* where it went, from 1, in the file before the patch */
	int64_t offset; /* lines further down (or up: negative) than the header says */
};

/* Where a hunk fits: what its header should say. */
struct patch_place {
	size_t patch; /* index of the input */
	size_t row;   /* of its header, in the patch, from 1 */
	size_t old_start;
	size_t new_start;
};

struct patch_report {
	size_t patches;
	size_t files; /* changed, created or removed (check_only: that would be) */
	size_t created;
	size_t removed;
	size_t hunks;         /* applied */
	size_t hunks_skipped; /* of excluded files */
	struct strs skipped;  /* excluded target paths, one per patch that touches it */
	struct patch_offset *offsets;
	size_t offset_count;
	size_t offset_cap;
	struct patch_place *places; /* of every hunk, in the order of the patches; only when options->places asks */
	size_t place_count;
	size_t place_cap;
};

#define PATCH_REPORT_INIT ((struct patch_report){0})

void patch_report_done(struct patch_report *r);

/**
 * patch_series_apply() - apply @inputs, in order, to the tree at @tree_dir
 * @options:    may be NULL
 * @ret_report: what was done; filled on success and, as far as it got, on error; free with patch_report_done()
 *
 * What changes is staged in a folder at the top of the tree, then put in place file by file. Only a kill while they are
 * put in place leaves the tree half patched; the next run says so.
 *
 * Errors: CORRUPT (a patch is damaged, does not fit, or leads outside the tree; detail shows the closest place, the
 *         hint says when it is upstream already; or the tree is half patched), USAGE (a format that is not supported),
 *         OS, BUSY (another run is writing), CANCELED (before anything was written).
 * On error: the tree is unchanged, unless the error says that it is half patched.
 */
MUST_CHECK struct err *patch_series_apply(const char *tree_dir, const struct patch_input *inputs, size_t count,
					  const struct patch_options *options, struct patch_report *ret_report);

/** str_add_patch_offset() - "hunk 2 of 'a.c' at line 120, 5 lines further down" */
void str_add_patch_offset(struct str *s, const struct patch_offset *offset);

/** str_add_patch_report() - "40 patches to 582 files (1691 hunks, 10 with an offset, 469 excluded)" */
void str_add_patch_report(struct str *s, const struct patch_report *report);

/**
 * patch_refresh() - the text of input @index with the line numbers where its hunks fit, everything else byte for byte
 * @report: of an application of the series with options->places (check_only is enough)
 * @ret:    receives the text; equal to the input's when nothing moved
 */
void patch_refresh(const struct patch_input *input, size_t index, const struct patch_report *report, struct str *ret);

/* One line of a quilt series file. */
struct patch_series_item {
	char *name; /* relative to the series file's folder */
	int strip;
	bool reverse;
};

struct patch_series {
	struct patch_series_item *items;
	size_t count;
	size_t cap;
};

#define PATCH_SERIES_INIT ((struct patch_series){0})

void patch_series_done(struct patch_series *s);

/**
 * patch_series_parse() - the patches that a quilt series file names
 * @name: of the file, for messages
 *
 * One name per line, then -pN (default 1) and -R; '#' begins a comment.
 * Errors: CORRUPT (a name twice or leading outside, an unknown option), with the line.
 */
MUST_CHECK struct err *patch_series_parse(const char *name, const char *text, size_t size, struct patch_series *ret);

#endif

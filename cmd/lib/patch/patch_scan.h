/*
 * patch_scan.h - reading a patch row by row, and the names in it
 *
 * Private to the patch engine. A row is a line of the patch's text; nothing is copied until a name is.
 */
#ifndef COOPER_PATCH_PATCH_SCAN_H
#define COOPER_PATCH_PATCH_SCAN_H

#include "patch/patch.h"

struct patch_row {
	const char *text;
	size_t len; /* without the newline */
	bool eol;
};

struct patch_scan {
	const struct patch_input *input;
	const char *at;
	const char *end;
	size_t line; /* of the row at @at, from 1 */
};

/** patch_scan_of() - at the first row of @input */
struct patch_scan patch_scan_of(const struct patch_input *input);
/** patch_skip_mark() - past a byte order mark (UTF-8) at the cursor: editors put one before a text's first row */
void patch_skip_mark(struct patch_scan *s);
/** patch_peek() - the row at the cursor; false at the end */
bool patch_peek(const struct patch_scan *s, struct patch_row *row);
/** patch_next() - patch_peek() and move on */
bool patch_next(struct patch_scan *s, struct patch_row *row);
/** patch_row_starts() - whether @row begins with @prefix; patch_row_trim() drops a CR at its end, true when there */
bool patch_row_starts(const struct patch_row *row, const char *prefix);
bool patch_row_trim(struct patch_row *row);
/** patch_damaged() - CORRUPT: "'NAME' line N: what" */
MUST_CHECK struct err *patch_damaged(const struct patch_scan *s, size_t line, const char *fmt, ...) PRINTF_LIKE(3, 4);
/** patch_number() - digits at *@p, at most 999999999; false when there are none */
bool patch_number(const char **p, const char *end, size_t *ret);

/* A name in a header: what it says, and what is left after the strip. */
struct patch_name {
	char *raw;   /* unquoted; NULL = none */
	char *path;  /* after the strip, cleaned; NULL = /dev/null, nothing left, or @fault */
	char *fault; /* why it names nothing in the tree: "'../f' leads outside the tree"; NULL = it may */
	size_t line; /* where it stands */
	bool absent; /* /dev/null */
	bool epoch;  /* its time stamp is 1970-01-01 00:00 UTC: the file does not exist */
};

void patch_name_done(struct patch_name *n);
/** patch_name_header() - of "--- NAME<tab>TIME"; @text is what follows the dashes */
MUST_CHECK struct err *patch_name_header(const struct patch_scan *s, const char *text, size_t len,
					 struct patch_name *ret);
/** patch_name_bare() - of "rename from NAME": git writes no a/ there, so one component less is stripped */
MUST_CHECK struct err *patch_name_bare(const struct patch_scan *s, const char *text, size_t len,
				       struct patch_name *ret);
/** patch_name_pair() - of "diff --git A B"; both paths NULL when where A ends cannot be told */
MUST_CHECK struct err *patch_name_pair(const struct patch_scan *s, const char *text, size_t len,
				       struct patch_name *ret_a, struct patch_name *ret_b);
/**
 * patch_name_moved() - the names of a rename or copy when "diff --git A B" holds them below a folder
 *
 * The diff of a submodule names it in A and B alone: its own "rename from" lines are relative to it. @ret_a and
 * @ret_b are left alone when @pair (what follows "diff --git ") is not A and B below one folder.
 */
MUST_CHECK struct err *patch_name_moved(const struct patch_scan *s, const char *pair, const char *from, const char *to,
					struct patch_name *ret_a, struct patch_name *ret_b);
/** patch_names_below() - whether @a and @b are @from and @to below one and the same folder, or these themselves */
bool patch_names_below(const char *a, const char *b, const char *from, const char *to);

#endif

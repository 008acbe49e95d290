/*
 * patch_rows.h - what the rows between diffs are: words, mails, or the start of a diff
 *
 * Private to the patch engine. Words are passed over as git and patch(1) do. A mail has a head, a text and, from its
 * "---" or first diff on, a patch; its text may show parts of diffs (git-mailinfo(1) draws the same line).
 */
#ifndef COOPER_PATCH_PATCH_ROWS_H
#define COOPER_PATCH_PATCH_ROWS_H

#include "patch/patch_scan.h"

enum patch_row_kind {
	PATCH_ROW_WORDS,
	PATCH_ROW_MAIL, /* the first of a mail, or of a commit in a log */
	PATCH_ROW_GIT,
	PATCH_ROW_PLAIN,
	PATCH_ROW_BINARY,    /* "Binary files A and B differ", "Binary file A has changed" */
	PATCH_ROW_SUBMODULE, /* "Submodule A 1234567..89abcde" without the diff of what is in it */
};

enum patch_part { PATCH_AT_START, PATCH_IN_HEAD, PATCH_IN_TEXT, PATCH_IN_PATCH };

struct patch_rows {
	enum patch_part part;
	bool from, subject;     /* lines of the head that were there: both make it a mail's */
	struct patch_row last;  /* the row before; NULL text at the start and after a diff */
	struct patch_row field; /* of the head, that the row before belongs to */
	bool log;               /* after "commit ID": its indented words come next */
	bool section;           /* a diff was read in this mail */
	bool property;          /* after "Property changes on:" */
	size_t indented;        /* line of the first diff that is indented; 0 = none */
};

#define PATCH_ROWS_INIT ((struct patch_rows){.part = PATCH_AT_START})

/** patch_rows_kind() - what the row at the cursor begins */
enum patch_row_kind patch_rows_kind(const struct patch_rows *r, const struct patch_scan *s);
/** patch_rows_pass() - past a row of words, or a mail's first */
void patch_rows_pass(struct patch_rows *r, struct patch_scan *s);
/** patch_rows_section() - a diff was read */
void patch_rows_section(struct patch_rows *r);
/** patch_rows_in_text() - whether the words at hand are a mail's text */
bool patch_rows_in_text(const struct patch_rows *r);
/** patch_row_is_blank() - whether nothing but blanks and tabs is in @row */
bool patch_row_is_blank(const struct patch_row *row);
/** patch_row_indented() - whether a diff begins at the cursor, behind the same blanks or ">" in every row */
bool patch_row_indented(const struct patch_scan *s);
/** patch_row_is_binary() - "Binary files A and B differ", "Files A and B differ" */
bool patch_row_is_binary(const struct patch_row *row);
/** patch_row_submodule() - the name in "Submodule NAME 1234567..89abcde (rewind):"; false when it is another row */
bool patch_row_submodule(const struct patch_row *row, const char **ret_name, size_t *ret_len);

#endif

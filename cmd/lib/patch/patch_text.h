/*
 * patch_text.h - the lines of a file, and where a hunk fits in them
 *
 * Private to the patch engine. A text is lines that point into bytes somebody else owns (the file as read, or the
 * patches), so that a line is never copied however many patches move it.
 */
#ifndef COOPER_PATCH_PATCH_TEXT_H
#define COOPER_PATCH_PATCH_TEXT_H

#include "patch/patch_set.h"

struct patch_text {
	struct patch_line *lines;
	size_t count;
	size_t cap;
	uint64_t *sums; /* hash of the lines before each one; made when a search needs it */
};

#define PATCH_TEXT_INIT ((struct patch_text){0})

void patch_text_done(struct patch_text *t);
/** patch_text_split() - lines of @data, borrowed; at most PATCH_FILE_MAX bytes */
void patch_text_split(struct patch_text *t, const char *data, size_t size);
/** patch_text_reserve() - room for @n lines in an empty text */
void patch_text_reserve(struct patch_text *t, size_t n);
/** patch_text_add() - append @n lines */
void patch_text_add(struct patch_text *t, const struct patch_line *lines, size_t n);
/** patch_text_join() - the bytes */
void patch_text_join(const struct patch_text *t, struct str *out);
/** patch_text_crlf() - whether its first line ends in CRLF; patch_line_crlf() whether @line does */
bool patch_text_crlf(const struct patch_text *t);
bool patch_line_crlf(const struct patch_line *line);
/** patch_line_hash() - 64 bits of its bytes and its end */
uint64_t patch_line_hash(const struct patch_line *line);

enum patch_fit { PATCH_FITS, PATCH_FITS_NOWHERE, PATCH_FITS_TWICE };

/**
 * patch_locate() - where @hunk fits in @t, at or after line @min (from 0)
 * @expected: where its header and the hunks before it say, from 0
 * @ret_at:   the place; of PATCH_FITS_TWICE the upper of the two equally near ones, the other in *ret_other
 *
 * A hunk of line 1 with less context before its change than after it was made at the start of the file and must
 * fit there; one with context before its change and none after it, at the end (as git apply has it).
 * Cost: one comparison when it fits where expected; else O(lines) once per text, and O(distance).
 */
enum patch_fit patch_locate(struct patch_text *t, const struct patch_set *set, const struct patch_hunk *hunk,
			    size_t min, int64_t expected, size_t *ret_at, size_t *ret_other);

/** patch_at_start() - whether the hunk was made at the first line of the file; patch_at_end() at its last */
bool patch_at_start(const struct patch_hunk *hunk);
bool patch_at_end(const struct patch_hunk *hunk);

/**
 * patch_explain() - the closest place of @hunk in @t, expected and found lines side by side; heap
 * @ret_blanks: whether the lines there differ in nothing but blanks, and how that was said
 */
char *patch_explain(const struct patch_text *t, const struct patch_set *set, const struct patch_hunk *hunk,
		    const char *path, int64_t expected, bool *ret_blanks);

#endif

/*
 * utf8.h - what text is beyond its bytes: well-formed, the same name to a Mac, so many columns wide
 *
 * utf8proc behind it. Escaping what a terminal must not see is str.h's.
 */
#ifndef COOPER_BASE_UTF8_H
#define COOPER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** utf8_next() - bytes of the code point that @text, of @size bytes but not 0, begins with; 1 and -1 for a bad byte */
size_t utf8_next(const char *text, size_t size, int32_t *ret_point);
/** utf8_is_valid() - whether @text is well-formed UTF-8 (no overlong forms, no surrogates) */
bool utf8_is_valid(const char *text);
/**
 * utf8_fold() - the form of @name under which a Mac would take two names for one; heap
 *
 * APFS and HFS+ compare names without regard to letter case and to Unicode normalisation. A tree that holds two names
 * with one folded form cannot be unpacked there, or worse, the second replaces the first. Canonical decomposition, full
 * case folding, what is invisible dropped. Where this and a Mac differ, this takes more names for one. Of a name
 * that is not UTF-8 only the ASCII letters change.
 */
char *utf8_fold(const char *name);
/** utf8_columns() - how many columns of a terminal @text takes; a byte that is not UTF-8 takes one */
size_t utf8_columns(const char *text);
/** utf8_fit() - how many bytes of @text fit into @columns columns; never a part of what is shown as one character */
size_t utf8_fit(const char *text, size_t columns);

#endif

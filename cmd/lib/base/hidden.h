/*
 * hidden.h - characters that do not show, or that show as something else
 *
 * They come from web pages, word processors and input methods, and from people who want that a reviewer sees other text
 * than the program. Tables over Unicode; ASCII has none: tabs and control characters are the parsers' own matter.
 */
#ifndef COOPER_BASE_HIDDEN_H
#define COOPER_BASE_HIDDEN_H

#include <stddef.h>
#include <stdint.h>

enum hidden {
	HIDDEN_NOT,
	HIDDEN_BLANK, /* looks like a blank and is none: U+00A0 */
	HIDDEN_EMPTY, /* takes no room: U+200B, U+00AD, tags */
	HIDDEN_BREAK, /* a line break to some: U+2028, U+0085 */
	HIDDEN_ORDER, /* changes the order in which text is shown: U+202E */
	HIDDEN_MARK,  /* a byte order mark, which belongs at the beginning of a file */
};

/** hidden_kind() - what the code point @point is; *@ret_name: its name in English, may be NULL */
enum hidden hidden_kind(int32_t point, const char **ret_name);
/** hidden_find() - offset of the first such character in @size bytes of @text, or @size; *@ret_point: which */
size_t hidden_find(const char *text, size_t size, int32_t *ret_point);

#endif

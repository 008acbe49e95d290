#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/mem.h"

size_t utf8_next(const char *text, size_t size, int32_t *ret_point)
{
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, size < 4 ? (int)size : 4, ret_point);

	return n > 0 ? (size_t)n : 1;
}

bool utf8_is_valid(const char *text)
{
	utf8proc_int32_t point = 0;

	for (; *text && point >= 0; text += utf8_next(text, 4, &point))
		;
	return point >= 0;
}

char *utf8_fold(const char *name)
{
	char *folded = mem_strdup(name);
	utf8proc_uint8_t *wide = NULL;
	bool ascii = true;

	for (char *p = folded; *p; p++) {
		ascii = ascii && (unsigned char)*p < 0x80;
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 0x20 : *p);
	}
	if (!ascii && utf8proc_map((const utf8proc_uint8_t *)name, 0, &wide,
				   UTF8PROC_NULLTERM | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE) >= 0) {
		free(folded);
		folded = (char *)wide;
	}
	return folded;
}

/* Bytes of @text within @columns columns, whole grapheme clusters (UAX #29), and the columns that they take. */
static size_t measure(const char *text, size_t columns, size_t *ret_taken)
{
	utf8proc_int32_t point = 0, before = 0, state = 0;
	size_t fitting = 0, at = 0, taken = 0;

	*ret_taken = 0;
	while (text[at]) {
		size_t n = utf8_next(text + at, 4, &point);

		if (point < 0 || before < 0 || utf8proc_grapheme_break_stateful(before, point, &state)) {
			fitting = at;
			*ret_taken = taken;
		}
		taken += point < 0 ? 1 : (size_t)utf8proc_charwidth(point);
		if (taken > columns)
			return fitting;
		at += n;
		before = point;
	}
	*ret_taken = taken;
	return at;
}

size_t utf8_columns(const char *text)
{
	size_t taken;

	measure(text, SIZE_MAX, &taken);
	return taken;
}

size_t utf8_fit(const char *text, size_t columns)
{
	size_t taken;

	return measure(text, columns, &taken);
}

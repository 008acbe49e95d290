#include "patch/patch_blanks.h"

#include <string.h>

#include "base/utf8.h"

struct blank {
	int32_t first, last;
	const char *name;
	bool unseen; /* takes no room */
};

/* What a byte that is no UTF-8 is, in Latin-1. */
enum { LATIN1_NO_BREAK = 0xa0 };

/* https://www.unicode.org/reports/tr44/ White_Space, Default_Ignorable_Code_Point */
static const struct blank blanks[] = {
	{'\t', '\t', "tab", false},
	{'\v', '\v', "vertical tab", false},
	{'\f', '\f', "form feed", false},
	{'\r', '\r', "carriage return", false},
	{' ', ' ', "blank", false},
	{0xa0, 0xa0, "no-break space", false},
	{0xad, 0xad, "soft hyphen", true},
	{0x1680, 0x1680, "space of another width", false},
	{0x180e, 0x180e, "vowel separator", true},
	{0x2000, 0x200a, "space of another width", false},
	{0x200b, 0x200b, "zero-width space", true},
	{0x200c, 0x200d, "zero-width joiner", true},
	{0x200e, 0x200f, "direction mark", true},
	{0x2028, 0x2029, "line separator", false},
	{0x202a, 0x202e, "direction mark", true},
	{0x202f, 0x202f, "narrow no-break space", false},
	{0x205f, 0x205f, "space of another width", false},
	{0x2060, 0x2064, "word joiner", true},
	{0x2066, 0x2069, "direction mark", true},
	{0x3000, 0x3000, "wide space", false},
	{0xfe00, 0xfe0f, "variation selector", true},
	{0xfeff, 0xfeff, "byte order mark", true},
};

static const struct blank *find_blank(int32_t point)
{
	for (size_t i = 0; i < ARRAY_LEN(blanks); i++)
		if (point >= blanks[i].first && point <= blanks[i].last)
			return &blanks[i];
	return NULL;
}

/* "ESC [ 31 m": ECMA-48, control sequences. */
static size_t escape_length(const char *text, size_t size)
{
	if (size < 3 || text[0] != '\033' || text[1] != '[')
		return 0;
	size_t n = 2;
	while (n < size && text[n] >= 0x20 && text[n] <= 0x3f)
		n++;
	return n < size ? n + 1 : 0;
}

size_t patch_blank_at(const char *text, size_t size)
{
	int32_t point = 0;
	size_t n = size ? escape_length(text, size) : 0;
	if (!size || n)
		return n;
	n = utf8_next(text, size, &point);
	if (point < 0)
		return (unsigned char)text[0] == LATIN1_NO_BREAK ? 1 : 0;
	return find_blank(point) ? n : 0;
}

bool patch_blank_takes_room(const char *text, size_t size)
{
	int32_t point = 0;
	if (!size || escape_length(text, size))
		return false;
	utf8_next(text, size, &point);
	const struct blank *b = point < 0 ? NULL : find_blank(point);
	return !b || !b->unseen;
}

static void add_many(struct str *s, size_t count, const char *name)
{
	if (count == 1)
		str_addf(s, "a %s", name);
	else
		str_addf(s, "%zu %ss", count, name);
}

static size_t count_run(const char *text, size_t size, size_t n)
{
	size_t count = 1;
	while ((count + 1) * n <= size && memcmp(text, text + count * n, n) == 0)
		count++;
	return count;
}

void str_add_patch_char(struct str *s, const char *text, size_t size)
{
	int32_t point = 0;
	if (!size) {
		str_add(s, "the end of the line");
		return;
	}
	if (escape_length(text, size)) {
		str_add(s, "a terminal's colour code");
		return;
	}
	size_t n = utf8_next(text, size, &point);
	const struct blank *b = point < 0 ? NULL : find_blank(point);
	if (point < 0)
		str_addf(s, "the byte 0x%02x%s", (unsigned char)text[0],
			 (unsigned char)text[0] == LATIN1_NO_BREAK ? " (a no-break space in Latin-1)" : "");
	else if (b)
		add_many(s, count_run(text, size, n), b->name);
	else if (point < ' ' || point == 0x7f)
		str_add(s, "a control character");
	else
		str_addf(s, "'%.*s'", (int)n, text);
	if (point >= 0x80 || (point >= 0 && !b && (point < ' ' || point == 0x7f)))
		str_addf(s, " (U+%04X)", (unsigned)point);
}

/* The next character of @text that shows, from *@at on; a bad byte is negative; false at the end. */
static bool next_shown(const char *text, size_t size, size_t *at, int32_t *ret)
{
	for (size_t n = 1; n && *at < size; *at += n)
		n = patch_blank_at(text + *at, size - *at);
	if (*at >= size)
		return false;
	size_t n = utf8_next(text + *at, size - *at, ret);
	if (*ret < 0)
		*ret = -(int32_t)(unsigned char)text[*at];
	*at += n;
	return true;
}

bool patch_looks_same(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t i = 0, j = 0;
	for (;;) {
		int32_t x = 0, y = 0;
		bool more_a = next_shown(a, a_size, &i, &x), more_b = next_shown(b, b_size, &j, &y);
		if (!more_a || !more_b)
			return more_a == more_b;
		if (x != y)
			return false;
	}
}

size_t patch_first_difference(const char *a, size_t a_size, const char *b, size_t b_size, size_t *ret_column)
{
	size_t n = 0;
	while (n < a_size && n < b_size) {
		int32_t point = 0;
		size_t size = utf8_next(a + n, a_size - n, &point);
		if (size > b_size - n || memcmp(a + n, b + n, size) != 0)
			break;
		n += size;
	}
	bool in_blanks = (n < a_size && (a[n] == ' ' || a[n] == '\t')) || (n < b_size && (b[n] == ' ' || b[n] == '\t'));
	while (in_blanks && n > 0 && (a[n - 1] == ' ' || a[n - 1] == '\t'))
		n--;
	*ret_column = 1;
	for (size_t i = 0; i < n; i += utf8_next(a + i, n - i, &(int32_t){0}))
		++*ret_column;
	return n;
}

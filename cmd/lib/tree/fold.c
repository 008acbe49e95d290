#include "tree/fold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tree/fold_tables.h"

enum { NOT_UTF8 = 0x200000 }; /* plus a byte that is no part of a code point */

/* One code point of UTF-8 at @p: its value and length, or length 0 when the bytes are not UTF-8 (RFC 3629). */
static size_t decode(const char *p, uint32_t *ret_point)
{
	const unsigned char *b = (const unsigned char *)p;
	size_t n = b[0] < 0x80 ? 1 : b[0] >= 0xc2 && b[0] < 0xe0 ? 2 : b[0] >= 0xe0 && b[0] < 0xf0 ? 3 : 4;
	uint32_t point = n == 1 ? b[0] : b[0] & (0xffu >> (n + 1));

	if (n == 4 && (b[0] < 0xf0 || b[0] > 0xf4))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (b[i] & 0x3f);
	}
	if ((n == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) ||
	    (n == 4 && (point < 0x10000 || point > 0x10ffff)))
		return 0;
	*ret_point = point;
	return n;
}

static void encode(struct str *s, uint32_t point)
{
	if (point < 0x80) {
		str_add_char(s, (char)point);
	} else if (point < 0x800) {
		str_add_char(s, (char)(0xc0 | point >> 6));
		str_add_char(s, (char)(0x80 | (point & 0x3f)));
	} else if (point < 0x10000) {
		str_add_char(s, (char)(0xe0 | point >> 12));
		str_add_char(s, (char)(0x80 | (point >> 6 & 0x3f)));
		str_add_char(s, (char)(0x80 | (point & 0x3f)));
	} else {
		str_add_char(s, (char)(0xf0 | point >> 18));
		str_add_char(s, (char)(0x80 | (point >> 12 & 0x3f)));
		str_add_char(s, (char)(0x80 | (point >> 6 & 0x3f)));
		str_add_char(s, (char)(0x80 | (point & 0x3f)));
	}
}

static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0xfeff || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f);
}

static int compare_u16(const void *key, const void *element)
{
	uint32_t wanted = *(const uint32_t *)key;
	uint32_t point = *(const uint16_t *)element;

	return wanted < point ? -1 : wanted > point;
}

static int compare_u32(const void *key, const void *element)
{
	uint32_t wanted = *(const uint32_t *)key;
	uint32_t point = *(const uint32_t *)element;

	return wanted < point ? -1 : wanted > point;
}

static int compare_case(const void *key, const void *element)
{
	uint32_t point = *(const uint32_t *)key;
	const struct fold_case *c = element;

	return point < c->first ? -1 : point > c->last;
}

static int compare_mark(const void *key, const void *element)
{
	uint32_t point = *(const uint32_t *)key;
	const uint32_t *range = element;

	return point < range[0] ? -1 : point > range[1];
}

static bool is_mark(uint32_t point)
{
	return point >= 0x300 && bsearch(&point, fold_marks, fold_marks_count, sizeof(fold_marks[0]), compare_mark);
}

struct points {
	uint32_t *items;
	size_t count;
	size_t cap;
};

static void add_point(struct points *p, uint32_t point)
{
	p->items = mem_grow(p->items, &p->cap, p->count + 1, sizeof(*p->items));
	p->items[p->count++] = point;
}

/* @point without letter case; it has no decomposition any more. */
static void add_folded(struct points *p, uint32_t point)
{
	const struct fold_case *c = bsearch(&point, fold_cases, fold_cases_count, sizeof(*c), compare_case);
	const uint16_t *several =
		bsearch(&point, fold_several, fold_several_count, sizeof(fold_several[0]), compare_u16);

	if (several) {
		for (int i = 1; i < 4 && several[i]; i++)
			add_point(p, several[i]);
	} else if (c && (point - c->first) % c->step == 0) {
		add_point(p, (uint32_t)((int32_t)point + c->distance));
	} else {
		add_point(p, point);
	}
}

/* What @point is composed of, the second 0 where it is another single one; false when it is not composed. */
static bool decompose(uint32_t point, uint32_t ret_parts[2])
{
	const uint16_t *pair = bsearch(&point, fold_pairs, fold_pairs_count, sizeof(fold_pairs[0]), compare_u16);
	const uint32_t *pair32 =
		bsearch(&point, fold_pairs32, fold_pairs32_count, sizeof(fold_pairs32[0]), compare_u32);

	ret_parts[0] = pair ? pair[1] : pair32 ? pair32[1] : 0;
	ret_parts[1] = pair ? pair[2] : pair32 ? pair32[2] : 0;
	return pair || pair32;
}

static void fold_point(struct points *p, uint32_t point)
{
	uint32_t parts[2];

	if (is_invisible(point))
		return;
	if (decompose(point, parts)) {
		fold_point(p, parts[0]);
		if (parts[1])
			fold_point(p, parts[1]);
	} else if (point >= 0xac00 && point <= 0xd7a3) { /* Hangul syllables: Unicode 3.12 */
		uint32_t i = point - 0xac00;

		add_point(p, 0x1100 + i / 588);
		add_point(p, 0x1161 + i % 588 / 28);
		if (i % 28)
			add_point(p, 0x11a7 + i % 28);
	} else {
		add_folded(p, point);
	}
}

/* Marks after one letter in one order. Unicode's keeps those of one class as they are; here no two orders differ. */
static void sort_marks(struct points *p)
{
	for (size_t i = 0; i < p->count; i++) {
		size_t n = 0;

		while (i + n < p->count && is_mark(p->items[i + n]))
			n++;
		if (n > 1)
			qsort(p->items + i, n, sizeof(*p->items), compare_u32);
		i += n;
	}
}

static char *fold_wide(const char *name)
{
	struct points points = {0};
	struct str s = STR_INIT;

	while (*name) {
		uint32_t point = 0;
		size_t n = decode(name, &point);

		if (n)
			fold_point(&points, point);
		else
			add_point(&points, NOT_UTF8 + (unsigned char)*name);
		name += n ? n : 1;
	}
	sort_marks(&points);
	for (size_t i = 0; i < points.count; i++) {
		if (points.items[i] >= NOT_UTF8)
			str_add_char(&s, (char)(points.items[i] - NOT_UTF8));
		else
			encode(&s, points.items[i]);
	}
	free(points.items);
	return str_take(&s);
}

char *name_fold(const char *name)
{
	char *folded = mem_strdup(name);

	for (char *p = folded; *p; p++) {
		if ((unsigned char)*p >= 0x80) {
			free(folded);
			return fold_wide(name);
		}
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 0x20);
	}
	return folded;
}

bool name_is_utf8(const char *name)
{
	while (*name) {
		uint32_t point;
		size_t n = decode(name, &point);

		if (n == 0)
			return false;
		name += n;
	}
	return true;
}

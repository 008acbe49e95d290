#include "base/hidden.h"

#include "base/auto.h"
#include "base/utf8.h"

static const struct {
	int32_t first, last;
	enum hidden kind;
	const char *name;
} ranges[] = {
	{0x0085, 0x0085, HIDDEN_BREAK, "next line"},
	{0x00a0, 0x00a0, HIDDEN_BLANK, "no-break space"},
	{0x00ad, 0x00ad, HIDDEN_EMPTY, "soft hyphen"},
	{0x034f, 0x034f, HIDDEN_EMPTY, "combining grapheme joiner"},
	{0x061c, 0x061c, HIDDEN_EMPTY, "Arabic letter mark"},
	{0x115f, 0x1160, HIDDEN_BLANK, "Hangul filler"},
	{0x1680, 0x1680, HIDDEN_BLANK, "Ogham space mark"},
	{0x180e, 0x180e, HIDDEN_EMPTY, "Mongolian vowel separator"},
	{0x2000, 0x200a, HIDDEN_BLANK, "space of another width"},
	{0x200b, 0x200b, HIDDEN_EMPTY, "zero width space"},
	{0x200c, 0x200c, HIDDEN_EMPTY, "zero width non-joiner"},
	{0x200d, 0x200d, HIDDEN_EMPTY, "zero width joiner"},
	{0x200e, 0x200f, HIDDEN_EMPTY, "direction mark"},
	{0x2028, 0x2028, HIDDEN_BREAK, "line separator"},
	{0x2029, 0x2029, HIDDEN_BREAK, "paragraph separator"},
	{0x202a, 0x202e, HIDDEN_ORDER, "change of direction"},
	{0x202f, 0x202f, HIDDEN_BLANK, "narrow no-break space"},
	{0x205f, 0x205f, HIDDEN_BLANK, "mathematical space"},
	{0x2060, 0x2064, HIDDEN_EMPTY, "invisible operator"},
	{0x2066, 0x2069, HIDDEN_ORDER, "change of direction"},
	{0x206a, 0x206f, HIDDEN_EMPTY, "deprecated format character"},
	{0x2800, 0x2800, HIDDEN_BLANK, "blank Braille pattern"},
	{0x3000, 0x3000, HIDDEN_BLANK, "ideographic space"},
	{0x3164, 0x3164, HIDDEN_BLANK, "Hangul filler"},
	{0xfeff, 0xfeff, HIDDEN_MARK, "byte order mark"},
	{0xffa0, 0xffa0, HIDDEN_BLANK, "Hangul filler"},
	{0xe0000, 0xe007f, HIDDEN_EMPTY, "tag"},
};

enum hidden hidden_kind(int32_t point, const char **ret_name)
{
	for (size_t i = 0; point >= 0x80 && i < ARRAY_LEN(ranges) && ranges[i].first <= point; i++) {
		if (point > ranges[i].last)
			continue;
		if (ret_name)
			*ret_name = ranges[i].name;
		return ranges[i].kind;
	}
	return HIDDEN_NOT;
}

size_t hidden_find(const char *text, size_t size, int32_t *ret_point)
{
	size_t n = 1;
	for (size_t i = 0; i < size; i += n) {
		n = 1;
		if (!((unsigned char)text[i] & 0x80))
			continue;
		n = utf8_next(text + i, size - i, ret_point);
		if (hidden_kind(*ret_point, NULL))
			return i;
	}
	return size;
}

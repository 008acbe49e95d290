#include "fmt/yaml_text.h"

#include <string.h>

#include "base/conflict.h"
#include "base/hidden.h"

static const char conflict_hint[] =
	"keep what is right of both sides and remove the three lines of marks; `git status` "
	"lists the files with conflicts";

bool yaml_encoding_fault(const char *text, size_t size, struct yaml_fault *ret)
{
	bool marked = size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0);
	bool wide = size >= 4 && ((!text[0] && text[1] && !text[2] && text[3]) ||
				  (text[0] && !text[1] && text[2] && !text[3]) || memcmp(text, "\0\0\xfe\xff", 4) == 0);
	*ret = (struct yaml_fault){0, 1, "the file is in UTF-16 or UTF-32, not in UTF-8", "save it as UTF-8"};
	return marked || wide;
}

static void set_conflict(struct arena *arena, const char *line, size_t size, struct yaml_fault *ret)
{
	size_t length = 0;
	while (length < size && line[length] != '\r' && line[length] != '\n')
		length++;
	ret->size = length;
	ret->message = arena_printf(arena, "a conflict that git left here: '%.*s'", (int)length, line);
	ret->hint = conflict_hint;
}

static bool set_hidden(struct arena *arena, int32_t point, struct yaml_fault *ret)
{
	const char *name = NULL;
	enum hidden kind = hidden_kind(point, &name);
	ret->message = arena_printf(arena, "a character that does not show: U+%04X (%s)", (unsigned)point, name);
	ret->hint = kind == HIDDEN_BLANK ? "type a blank in its place; in quotes it may stay"
					 : "remove it; in quotes it may stay";
	if (kind == HIDDEN_BREAK)
		ret->hint = "YAML begins a line there, and editors do not: remove it";
	if (kind == HIDDEN_ORDER)
		ret->hint = "readers see another text than the program: remove it, or write it as \"\\u202E\"";
	if (kind == HIDDEN_MARK)
		ret->hint = "remove it: it belongs at the beginning of a file, if anywhere";
	return kind == HIDDEN_BREAK || kind == HIDDEN_ORDER || kind == HIDDEN_MARK;
}

bool yaml_next_fault(struct arena *arena, const char *text, size_t size, size_t *at, struct yaml_fault *ret)
{
	for (size_t i = *at; i < size; i++) {
		bool is_start = i == 0 || text[i - 1] == '\n';
		bool found = false;
		*ret = (struct yaml_fault){.offset = i, .size = 1};
		if (is_start && conflict_mark(text + i, size - i)) {
			set_conflict(arena, text + i, size - i, ret);
			found = true;
		} else if (text[i] == '\r' && (i + 1 == size || text[i + 1] != '\n')) {
			ret->message = "a carriage return that ends no line";
			ret->hint = "save the file with line ends of Unix or Windows";
			found = true;
		} else if ((unsigned char)text[i] >= 0xc2) { /* begins a character of several bytes */
			int32_t point = 0;
			size_t n = size - i < 4 ? size - i : 4;
			found = hidden_find(text + i, n, &point) == 0 && set_hidden(arena, point, ret);
			ret->size = point < 0x800 ? 2 : 3;
		}
		*at = text[i] == '\r' && found ? size : i + ret->size; /* all the lines that follow are one */
		if (found)
			return true;
	}
	return false;
}

bool yaml_hidden_fault(struct arena *arena, const char *text, size_t from, size_t to, struct yaml_fault *ret)
{
	int32_t point = 0;
	size_t found = from + hidden_find(text + from, to - from, &point);
	if (found == to)
		return false;
	*ret = (struct yaml_fault){.offset = found, .size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4};
	set_hidden(arena, point, ret);
	return true;
}

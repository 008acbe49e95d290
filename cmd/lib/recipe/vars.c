#include "recipe/vars.h"

#include <string.h>

#include "base/suggest.h"

/* Names and places; the order is that of the reference page. */
#define VARIABLES(ROW)                                                                                                 \
	ROW(name)                                                                                                      \
	ROW(version)                                                                                                   \
	ROW(source) ROW(build) ROW(prefix) ROW(guest_arch) ROW(host_arch) ROW(os) ROW(jobs) ROW(key) ROW(debian_arch)
#define NAME(member) #member,
#define OFFSET(member) offsetof(struct vars, member),

static const char *const names[] = {VARIABLES(NAME) NULL};
static const size_t offsets[] = {VARIABLES(OFFSET)};

const char *const *vars_known(void)
{
	return names;
}

static size_t find_name(const char *name, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(offsets); i++)
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
			return i;
	return ARRAY_LEN(offsets);
}

/* A piece of text: literal bytes, or one variable. */
struct piece {
	const char *start;
	size_t size;      /* of the piece in the text */
	const char *text; /* literal bytes, or the variable's name */
	size_t text_size;
	bool is_variable;
};

static struct piece literal(const char *start, size_t size, size_t shown)
{
	return (struct piece){start, size, start, shown, false};
}

/* The piece at @p (not at the end); false, with the size of the fault, on "${" without a name and "}". */
static bool next_piece(const char *p, struct piece *ret)
{
	if (p[0] != '$') {
		size_t n = strcspn(p, "$");
		*ret = literal(p, n, n);
		return true;
	}
	if (p[1] == '$') {
		*ret = literal(p, 2, 1);
		return true;
	}
	if (p[1] != '{') {
		*ret = literal(p, 1, 1);
		return true;
	}
	size_t n = strcspn(p + 2, "}");
	*ret = (struct piece){p, n + 3, p + 2, n, true};
	bool closed = p[2 + n] == '}';
	if (!closed)
		ret->size = 2;
	return closed && n;
}

static struct err *broken(const struct piece *piece)
{
	if (piece->size == 3)
		return err_hint(err_new(ERR_USAGE, "'${}' names no variable"), "write $$ for a plain dollar sign");
	return err_hint(err_new(ERR_USAGE, "'${' without a closing '}'"), "write $$ for a plain dollar sign");
}

static struct err *unknown(const struct piece *piece)
{
	enum { NAME_SHOWN = 40 };
	AUTO_FREE char *name = mem_strndup(piece->text, piece->text_size);
	AUTO_FREE char *shown = str_escape(name);
	const char *near = suggest_nearest(name, names, ARRAY_LEN(offsets));
	struct err *e = err_new(ERR_USAGE, "unknown variable '${%.*s}'", NAME_SHOWN, shown);
	if (near)
		return err_hint(e, "did you mean '${%s}'?", near);
	AUTO(strs) known = STRS_INIT;
	strs_add_all(&known, names);
	AUTO_FREE char *all = strs_join(&known, ", ");
	return err_hint(e, "variables are %s; write $${%.*s} for the text itself", all, NAME_SHOWN, shown);
}

struct err *vars_check_at(const char *text, size_t *ret_from, size_t *ret_to)
{
	struct piece piece;
	for (const char *p = text; *p; p += piece.size) {
		bool whole = next_piece(p, &piece);
		if (whole && (!piece.is_variable || find_name(piece.text, piece.text_size) < ARRAY_LEN(offsets)))
			continue;
		*ret_from = (size_t)(p - text);
		*ret_to = *ret_from + piece.size;
		return whole ? unknown(&piece) : broken(&piece);
	}
	return NULL;
}

static struct err *add_value(const struct vars *vars, const struct piece *piece, struct str *out)
{
	size_t i = find_name(piece->text, piece->text_size);
	if (i == ARRAY_LEN(offsets))
		return unknown(piece);
	const char *value;
	memcpy(&value, (const char *)vars + offsets[i], sizeof(value));
	if (!value)
		return err_hint(err_new(ERR_USAGE, "'${%s}' is not available here", names[i]),
				"use it where the recipes' reference says that it is available");
	str_add(out, value);
	return NULL;
}

struct err *vars_expand(const struct vars *vars, const char *text, char **ret_text)
{
	AUTO(str) out = STR_INIT;
	struct piece piece;
	for (const char *p = text; *p; p += piece.size) {
		if (!next_piece(p, &piece))
			return broken(&piece);
		if (piece.is_variable)
			TRY(add_value(vars, &piece, &out));
		else
			str_add_mem(&out, piece.text, piece.text_size);
	}
	*ret_text = str_take(&out);
	return NULL;
}

struct err *vars_expand_all(const struct vars *vars, const struct strs *items, struct strs *out)
{
	for (size_t i = 0; i < items->count; i++) {
		char *text = NULL;
		TRY(vars_expand(vars, items->items[i], &text));
		strs_take(out, text);
	}
	return NULL;
}

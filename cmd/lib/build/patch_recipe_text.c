#include "build/patch_recipe_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char odd[] = "its list of patches is written in a way that cannot be edited safely";

struct err *patch_recipe_refuse(const struct recipe_text *t, const char *what)
{
	return err_new(ERR_USAGE, "'%s' is not edited: %s", t->path, what);
}

/* Where the lines of an entry are. */
struct lines {
	size_t lead; /* of the comments directly above it */
	size_t body; /* of the row with its dash */
	size_t end;  /* after its last row */
};

static size_t row_start(const char *text, size_t at)
{
	while (at > 0 && text[at - 1] != '\n')
		at--;
	return at;
}

static size_t row_end(const struct recipe_text *t, size_t at)
{
	while (at < t->doc->size && t->doc->text[at] != '\n')
		at++;
	return at < t->doc->size ? at + 1 : at;
}

/* Whether the rest of the row from @at on is nothing or a comment. */
static bool is_rest_free(const struct recipe_text *t, size_t at)
{
	while (at < t->doc->size && (t->doc->text[at] == ' ' || t->doc->text[at] == '\t'))
		at++;
	return at == t->doc->size || t->doc->text[at] == '\n' || t->doc->text[at] == '#';
}

static bool is_comment(const struct recipe_text *t, size_t at)
{
	while (at < t->doc->size && (t->doc->text[at] == ' ' || t->doc->text[at] == '\t'))
		at++;
	return at < t->doc->size && t->doc->text[at] == '#';
}

/* After the last byte of @node itself; 0 when it ends elsewhere (an alias). */
static size_t node_end(const struct recipe_text *t, const struct yaml_node *node)
{
	const struct yaml_node *last = node;
	while (last->kind != YAML_SCALAR && last->block && last->count) {
		const struct yaml_node *next = last->values[last->count - 1];
		if (next->start.offset < last->start.offset)
			return 0;
		last = next;
	}
	size_t end = last->end.offset;
	while (last->block && end > last->start.offset && strchr(" \n", t->doc->text[end - 1]))
		end--;
	return end;
}

/* The row after the last one of @node, or 0. */
static size_t rows_end(const struct recipe_text *t, const struct yaml_node *node)
{
	size_t end = node_end(t, node);
	return end && is_rest_free(t, end) ? row_end(t, end) : 0;
}

/* The lines of entry @i; @after is the row after those of the one before. False when they are odd. */
static bool find_lines(const struct recipe_text *t, size_t i, size_t after, struct lines *ret)
{
	const char *text = t->doc->text;
	const struct yaml_node *node = t->list->values[i];
	size_t dash = node->start.offset;
	if (dash < after)
		return false;
	while (dash > after && strchr(" \n", text[dash - 1]))
		dash--;
	if (dash == after || text[--dash] != '-')
		return false;
	ret->body = row_start(text, dash);
	ret->end = rows_end(t, node);
	ret->lead = ret->body;
	if (ret->body < after || ret->end <= dash || strspn(text + ret->body, " ") != dash - ret->body)
		return false;
	while (ret->lead > after && is_comment(t, row_start(text, ret->lead - 1)))
		ret->lead = row_start(text, ret->lead - 1);
	return true;
}

static void add_rows(const struct recipe_text *t, struct str *out, size_t from, size_t to)
{
	if (out->len && to > from && out->data[out->len - 1] != '\n')
		str_add_char(out, '\n');
	str_add_mem(out, t->doc->text + from, to - from);
}

static void add_new(struct str *out, const struct patch_entry *entry, size_t indent)
{
	if (out->len && out->data[out->len - 1] != '\n')
		str_add_char(out, '\n');
	patch_entry_add(out, entry, indent);
}

static void add_entries(const struct recipe_text *t, const struct lines *lines, size_t indent, struct str *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct place *place = &t->order[i];
		if (place->entry) {
			add_new(out, place->entry, indent);
			continue;
		}
		const struct lines *l = &lines[place->old];
		size_t gap = place->old + 1 < t->list->count ? lines[place->old + 1].lead : l->end;
		add_rows(t, out, l->lead, l->body);
		if (!t->dropped[place->old])
			add_rows(t, out, l->body, l->end);
		add_rows(t, out, l->end, gap);
	}
}

static bool is_emptied(const struct recipe_text *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->order[i].entry || !t->dropped[t->order[i].old])
			return false;
	return true;
}

/* Everything before the list, which says that it is empty when nothing is left in it. */
static bool add_head(const struct recipe_text *t, size_t end, struct str *out)
{
	size_t colon = yaml_key(t->doc->root, "patches")->end.offset;
	bool emptied = is_emptied(t);
	if (t->doc->text[colon] != ':' || (emptied && !is_rest_free(t, colon + 1)))
		return false;
	str_add_mem(out, t->doc->text, colon + 1);
	if (emptied)
		str_add(out, " []");
	str_add_mem(out, t->doc->text + colon + 1, end - colon - 1);
	return true;
}

/* A list where there was none: after the rows of `source`, or at the end. */
static struct err *put_list(const struct recipe_text *t, struct str *out)
{
	const struct yaml_node *root = t->doc->root, *source = yaml_get(root, "source");
	size_t at = root->block && source ? rows_end(t, source) : 0;
	if (!at)
		return patch_recipe_refuse(t, "it has no list of patches, and no place for one is found");
	str_add_mem(out, t->doc->text, at);
	if (out->data[out->len - 1] != '\n')
		str_add_char(out, '\n');
	str_addf(out, "%*spatches:\n", root->start.column - 1, "");
	for (size_t i = 0; i < t->count; i++)
		patch_entry_add(out, t->order[i].entry, (size_t)root->start.column + 1);
	str_add_mem(out, t->doc->text + at, t->doc->size - at);
	return NULL;
}

struct err *patch_recipe_block(const struct recipe_text *t, struct str *out)
{
	if (!t->list)
		return put_list(t, out);
	AUTO_FREE struct lines *lines = mem_array(t->list->count + 1, sizeof(*lines));
	size_t after = row_end(t, yaml_key(t->doc->root, "patches")->end.offset), indent = 0;
	for (size_t i = 0; i < t->list->count; i++) {
		if (!find_lines(t, i, after, &lines[i]))
			return patch_recipe_refuse(t, odd);
		indent = strspn(t->doc->text + lines[i].body, " ");
		after = lines[i].end;
	}
	if (!add_head(t, lines[0].lead, out))
		return patch_recipe_refuse(t, odd);
	add_entries(t, lines, indent, out);
	add_rows(t, out, after, t->doc->size);
	return NULL;
}

/* "[]": its entries get rows of their own. */
static struct err *fill_brackets(const struct recipe_text *t, struct str *out)
{
	size_t start = t->list->start.offset, end = t->list->end.offset, rest = row_end(t, end);
	if (!t->doc->root->block || !is_rest_free(t, end))
		return patch_recipe_refuse(t, odd);
	str_add_mem(out, t->doc->text, start);
	while (out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	str_add_mem(out, t->doc->text + end, rest - end);
	for (size_t i = 0; i < t->count; i++)
		add_new(out, t->order[i].entry, (size_t)t->doc->root->start.column + 1);
	str_add_mem(out, t->doc->text + rest, t->doc->size - rest);
	return NULL;
}

/* What stands between two entries: as before between neighbours of before. */
static void add_separator(const struct recipe_text *t, size_t last, size_t next, struct str *out)
{
	struct yaml_node **v = t->list->values;
	if (last + 1 == next && next < t->list->count)
		str_add_mem(out, t->doc->text + v[last]->end.offset, v[next]->start.offset - v[last]->end.offset);
	else
		str_add(out, ", ");
}

struct err *patch_recipe_flow(const struct recipe_text *t, struct str *out)
{
	const struct yaml_node *list = t->list;
	const char *text = t->doc->text;
	if (text[list->start.offset] != '[' || text[list->end.offset - 1] != ']')
		return patch_recipe_refuse(t, odd);
	if (!list->count)
		return fill_brackets(t, out);
	size_t after = list->start.offset + 1, last = SIZE_MAX;
	for (size_t i = 0; i < list->count; after = list->values[i++]->end.offset)
		if (list->values[i]->start.offset < after || list->values[i]->end.offset > list->end.offset)
			return patch_recipe_refuse(t, odd);
	/* A comment there belongs to what it stands at, whatever that is. */
	if (memchr(text + list->start.offset, '#', list->end.offset - list->start.offset))
		return patch_recipe_refuse(t, "there are comments in its list of patches");
	str_add_mem(out, text, list->values[0]->start.offset);
	bool any = false;
	for (size_t i = 0; i < t->count; i++) {
		const struct place *place = &t->order[i];
		const struct yaml_node *node = place->entry ? NULL : list->values[place->old];
		if (node && t->dropped[place->old])
			continue;
		if (any)
			add_separator(t, last, node ? place->old : SIZE_MAX, out);
		any = true;
		last = node ? place->old : SIZE_MAX - 1;
		if (node)
			str_add_mem(out, text + node->start.offset, node->end.offset - node->start.offset);
		else
			patch_entry_add_flow(out, place->entry);
	}
	str_add_mem(out, text + after, t->doc->size - after);
	return NULL;
}

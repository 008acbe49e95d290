#include "build/patch_recipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "build/patch_recipe_text.h"

/* Index of the entry in the list; SIZE_MAX when there is none, or not one alone. */
static size_t find_entry(const struct recipe_text *t, const struct patch_entry *entry)
{
	size_t found = SIZE_MAX, count = 0;
	for (size_t i = 0; t->list && i < t->list->count; i++) {
		const char *value = yaml_get_text(t->list->values[i], entry->key);
		if (!value || !streq(value, entry->value))
			continue;
		found = i;
		count++;
	}
	return count == 1 ? found : SIZE_MAX;
}

static bool has_place(const struct recipe_text *t, size_t old)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->order[i].entry && t->order[i].old == old)
			return true;
	return false;
}

static void insert(struct recipe_text *t, size_t at, struct place place)
{
	t->order = mem_grow(t->order, &t->cap, t->count + 1, sizeof(*t->order));
	memmove(t->order + at + 1, t->order + at, (t->count - at) * sizeof(*t->order));
	t->order[at] = place;
	t->count++;
}

static struct err *place_wanted(struct recipe_text *t, const struct patch_entry *wanted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t old = find_entry(t, &wanted[i]);
		if (wanted[i].is_new && old == SIZE_MAX) {
			if (!utf8_is_valid(wanted[i].value))
				return patch_recipe_refuse(t, "the name of a patch is not UTF-8");
			insert(t, t->count, (struct place){.entry = &wanted[i]});
			continue;
		}
		const struct place *last = t->count ? &t->order[t->count - 1] : NULL;
		if (old == SIZE_MAX)
			return patch_recipe_refuse(t, "its list of patches has an entry twice, or no longer");
		if (last && !last->entry && last->old == old)
			continue;
		if (has_place(t, old))
			return patch_recipe_refuse(t, "a commit stands among those of one series or file");
		insert(t, t->count, (struct place){.old = old});
	}
	return NULL;
}

static struct err *drop_known(struct recipe_text *t, const struct patch_entry *known, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t old = find_entry(t, &known[i]);
		if (old == SIZE_MAX && known[i].is_new)
			continue;
		if (old == SIZE_MAX)
			return patch_recipe_refuse(t, "its list of patches has an entry twice, or no longer");
		t->dropped[old] = !has_place(t, old);
	}
	return NULL;
}

/* What took no part, and the comments of what goes, stay behind what they stand behind. */
static void place_others(struct recipe_text *t)
{
	for (size_t old = 0; t->list && old < t->list->count; old++) {
		size_t at = 0;
		if (has_place(t, old))
			continue;
		for (size_t i = 0; old && i < t->count && !at; i++)
			at = !t->order[i].entry && t->order[i].old == old - 1 ? i + 1 : 0;
		insert(t, at, (struct place){.old = old});
	}
}

static bool is_changed(const struct recipe_text *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->order[i].entry || t->order[i].old != i || t->dropped[i])
			return true;
	return false;
}

static bool is_same(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	if (a->kind == YAML_SCALAR)
		return a->type == b->type && streq(a->text, b->text);
	for (size_t i = 0; i < a->count; i++)
		if ((a->kind == YAML_MAP && !streq(a->keys[i]->text, b->keys[i]->text)) ||
		    !is_same(a->values[i], b->values[i]))
			return false;
	return true;
}

static bool is_entry(const struct yaml_node *node, const struct patch_entry *entry)
{
	const char *value = yaml_get_text(node, entry->key), *why = yaml_get_text(node, "why");
	const char *upstream = yaml_get_text(node, "upstream");
	return node->kind == YAML_MAP && node->count == 3 && value && streq(value, entry->value) && why && upstream &&
	       (!utf8_is_valid(patch_entry_why(entry)) || streq(why, patch_entry_why(entry))) &&
	       streq(upstream, "none");
}

static bool is_list_right(const struct recipe_text *t, const struct yaml_node *list)
{
	size_t at = 0;
	if (!list || list->kind != YAML_LIST)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		const struct place *place = &t->order[i];
		if (!place->entry && t->dropped[place->old])
			continue;
		if (at == list->count)
			return false;
		const struct yaml_node *node = list->values[at++];
		if (place->entry ? !is_entry(node, place->entry) : !is_same(node, t->list->values[place->old]))
			return false;
	}
	return at == list->count;
}

/* The new text means the old recipe with another list of patches, the one that was wanted. */
static bool means_that(const struct recipe_text *t, struct arena *arena, const struct str *out)
{
	const struct yaml_doc *doc = yaml_parse(arena, t->path, str_text(out), out->len);
	const struct yaml_node *new = doc->problem_count ? NULL : doc->root, *old = t->doc->root;
	if (!new || new->kind != YAML_MAP || new->count != old->count + (t->list ? 0 : 1))
		return false;
	for (size_t i = 0; i < old->count; i++) {
		const char *key = old->keys[i]->text;
		const struct yaml_node *value = yaml_get(new, key);
		if (!value || (!streq(key, "patches") && !is_same(value, old->values[i])))
			return false;
	}
	return is_list_right(t, yaml_get(new, "patches"));
}

static struct err *edit(struct recipe_text *t, struct arena *arena, struct str *ret)
{
	AUTO(str) out = STR_INIT;
	if (t->list && t->list->kind != YAML_LIST)
		return patch_recipe_refuse(t, "its `patches` is no list");
	TRY(t->list && !t->list->block ? patch_recipe_flow(t, &out) : patch_recipe_block(t, &out));
	if (!means_that(t, arena, &out))
		return patch_recipe_refuse(t, "its list of patches is written in a way that cannot be edited safely");
	str_add_mem(ret, str_text(&out), out.len);
	return NULL;
}

struct err *patch_recipe_edit(const char *path, const char *text, size_t size, const struct patch_entry *known,
			      size_t known_count, const struct patch_entry *wanted, size_t wanted_count,
			      struct str *ret)
{
	struct arena *arena = arena_new();
	struct recipe_text t = {.path = path, .doc = yaml_parse(arena, path, text, size)};
	const struct yaml_node *root = t.doc->problem_count ? NULL : t.doc->root;
	struct err *e = NULL;
	if (!root || root->kind != YAML_MAP)
		e = patch_recipe_refuse(&t, "it cannot be read");
	else if (size != t.doc->size || memchr(text, '\r', size))
		e = patch_recipe_refuse(&t, "it has a byte order mark, or lines that end in CR");
	t.list = e ? NULL : yaml_get(root, "patches");
	t.dropped = mem_array(t.list ? t.list->count + 1 : 1, sizeof(*t.dropped));
	if (!e)
		e = place_wanted(&t, wanted, wanted_count);
	if (!e)
		e = drop_known(&t, known, known_count);
	if (!e) {
		place_others(&t);
		if (is_changed(&t))
			e = edit(&t, arena, ret);
		else
			str_add_mem(ret, text, size);
	}
	free(t.order);
	free(t.dropped);
	arena_free(arena);
	return e;
}

#include "recipe/extend.h"

#include <string.h>

/* By which key the items of each appending list are told apart; other lists replace. */
static const struct {
	const char *list;
	const char *key;
} appending[] = {{"steps", "name"}, {"mounts", "guest"}, {"ports", "item"}};

static const char *key_of_list(const char *list)
{
	for (size_t i = 0; i < ARRAY_LEN(appending); i++)
		if (streq(appending[i].list, list))
			return appending[i].key;
	return NULL;
}

/* Of a mount without a place of its own, the host's folder. Of a port, which may be a plain text, the address and port
 * of the host: what is before the last colon. */
static const char *identity(struct arena *arena, const struct yaml_node *item, const char *key)
{
	const char *text = item->kind == YAML_SCALAR ? item->text : yaml_get_text(item, key);
	if (streq(key, "guest") && !text)
		return yaml_get_text(item, "host");
	if (!streq(key, "item"))
		return text;
	const char *colon = text ? strrchr(text, ':') : NULL;
	if (!colon)
		return NULL;
	const char *host = arena_strndup(arena, text, (size_t)(colon - text));
	return strchr(host, ':') ? host : arena_printf(arena, "127.0.0.1:%s", host);
}

static bool names_again(struct arena *arena, const struct yaml_node *list, const char *name, const char *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (streq(identity(arena, list->values[i], key), name))
			return true;
	return false;
}

/* Each lower item, or the upper ones of its name in its place; then the upper ones that are new. */
static struct yaml_node *append(struct arena *arena, const struct yaml_node *upper, const struct yaml_node *lower,
				const char *key)
{
	struct yaml_node *list = arena_alloc(arena, sizeof(*list));
	*list = *upper;
	list->count = 0;
	list->values = arena_array(arena, upper->count + lower->count, sizeof(*list->values));
	bool *placed = arena_array(arena, upper->count, sizeof(*placed));
	for (size_t i = 0; i < lower->count; i++) {
		const char *name = identity(arena, lower->values[i], key);
		if (!name || !names_again(arena, upper, name, key))
			list->values[list->count++] = lower->values[i];
		for (size_t j = 0; name && j < upper->count; j++) {
			if (placed[j] || !streq(identity(arena, upper->values[j], key), name))
				continue;
			list->values[list->count++] = upper->values[j];
			placed[j] = true;
		}
	}
	for (size_t j = 0; j < upper->count; j++)
		if (!placed[j])
			list->values[list->count++] = upper->values[j];
	return list;
}

static struct yaml_node *merge_value(struct arena *arena, const char *key, struct yaml_node *upper,
				     const struct yaml_node *lower)
{
	const char *item_key = key_of_list(key);
	if (upper->kind == YAML_MAP && lower->kind == YAML_MAP)
		return extend_merge(arena, upper, lower);
	/* an empty list is said on purpose: none of those below */
	if (upper->kind == YAML_LIST && lower->kind == YAML_LIST && item_key && upper->count)
		return append(arena, upper, lower, item_key);
	return upper;
}

struct yaml_node *extend_merge(struct arena *arena, const struct yaml_node *upper, const struct yaml_node *lower)
{
	struct yaml_node *map = arena_alloc(arena, sizeof(*map));
	*map = *upper;
	map->count = 0;
	map->keys = arena_array(arena, upper->count + lower->count, sizeof(*map->keys));
	map->values = arena_array(arena, upper->count + lower->count, sizeof(*map->values));
	for (size_t i = 0; i < upper->count; i++) {
		const struct yaml_node *below = yaml_get(lower, upper->keys[i]->text);
		map->keys[map->count] = upper->keys[i];
		map->values[map->count++] =
			below ? merge_value(arena, upper->keys[i]->text, upper->values[i], below) : upper->values[i];
	}
	for (size_t i = 0; i < lower->count; i++) {
		if (yaml_key(upper, lower->keys[i]->text))
			continue;
		map->keys[map->count] = lower->keys[i];
		map->values[map->count++] = lower->values[i];
	}
	return map;
}

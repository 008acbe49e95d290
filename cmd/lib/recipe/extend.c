#include "recipe/extend.h"

#include <string.h>

/* How the items of an appending list are told apart; NULL for a list that replaces. */
typedef const char *identity_fn(struct arena *arena, const struct yaml_node *item);

static const char *step_identity(struct arena *arena, const struct yaml_node *item)
{
	(void)arena;
	return yaml_get_text(item, "name");
}

static const char *mount_identity(struct arena *arena, const struct yaml_node *item)
{
	(void)arena;
	return yaml_get_text(item, "guest");
}

/* Address and port of the host: what is before the last colon. */
static const char *port_identity(struct arena *arena, const struct yaml_node *item)
{
	const char *text = item->kind == YAML_SCALAR ? item->text : yaml_get_text(item, "item");
	const char *colon = text ? strrchr(text, ':') : NULL;
	if (!colon)
		return NULL;
	const char *host = arena_strndup(arena, text, (size_t)(colon - text));
	return strchr(host, ':') ? host : arena_printf(arena, "127.0.0.1:%s", host);
}

static identity_fn *identity_of(const char *key)
{
	if (streq(key, "steps"))
		return step_identity;
	if (streq(key, "mounts"))
		return mount_identity;
	return streq(key, "ports") ? port_identity : NULL;
}

static bool names_again(struct arena *arena, const struct yaml_node *list, const char *name, identity_fn *identity)
{
	for (size_t i = 0; i < list->count; i++)
		if (streq(identity(arena, list->values[i]), name))
			return true;
	return false;
}

/* Each lower item, or the upper ones of its name in its place; then the upper ones that are new. */
static struct yaml_node *append(struct arena *arena, const struct yaml_node *upper, const struct yaml_node *lower,
				identity_fn *identity)
{
	struct yaml_node *list = arena_alloc(arena, sizeof(*list));
	*list = *upper;
	list->count = 0;
	list->values = arena_array(arena, upper->count + lower->count, sizeof(*list->values));
	bool *placed = arena_array(arena, upper->count, sizeof(*placed));
	for (size_t i = 0; i < lower->count; i++) {
		const char *name = identity(arena, lower->values[i]);
		if (!name || !names_again(arena, upper, name, identity))
			list->values[list->count++] = lower->values[i];
		for (size_t j = 0; name && j < upper->count; j++) {
			if (placed[j] || !streq(identity(arena, upper->values[j]), name))
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
	identity_fn *identity = identity_of(key);
	if (upper->kind == YAML_MAP && lower->kind == YAML_MAP)
		return extend_merge(arena, upper, lower);
	if (upper->kind == YAML_LIST && lower->kind == YAML_LIST && identity)
		return append(arena, upper, lower, identity);
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

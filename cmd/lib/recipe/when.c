#include "recipe/when.h"

#include "recipe/version.h"

static bool word_holds(const char *key, const char *word, const struct when_facts *facts)
{
	if (streq(key, "os"))
		return os_of(word) == facts->os;
	if (streq(key, "arch"))
		return arch_of(word) == facts->arch;
	if (streq(key, "guest_arch"))
		return arch_of(word) == facts->guest_arch;
	return *facts->version && version_matches(word, facts->version);
}

static bool member_holds(const char *key, const struct yaml_node *value, const struct when_facts *facts)
{
	if (value->kind == YAML_SCALAR)
		return word_holds(key, value->text, facts);
	for (size_t i = 0; i < value->count; i++)
		if (word_holds(key, value->values[i]->text, facts))
			return true;
	return false;
}

static bool holds(const struct yaml_node *node, const struct when_facts *facts)
{
	const struct yaml_node *when = yaml_get(node, "when");
	for (size_t i = 0; when && i < when->count; i++)
		if (!member_holds(when->keys[i]->text, when->values[i], facts))
			return false;
	return true;
}

/* A list that may grow beyond the count that its node says. */
struct growing {
	struct arena *arena;
	struct yaml_node *list;
	size_t cap;
};

static void add_value(struct growing *g, struct yaml_node *value)
{
	g->list->values = arena_grow(g->arena, g->list->values, &g->cap, g->list->count + 1, sizeof(*g->list->values));
	g->list->values[g->list->count++] = value;
}

static void add_item(struct growing *g, const struct yaml_node *item, const struct when_facts *facts)
{
	const struct yaml_node *one = yaml_get(item, "item");
	const struct yaml_node *many = yaml_get(item, "items");
	if (one)
		add_value(g, when_decide(g->arena, one, facts));
	else if (many)
		for (size_t i = 0; i < many->count; i++) {
			if (holds(many->values[i], facts))
				add_item(g, many->values[i], facts);
		}
	else
		add_value(g, when_decide(g->arena, item, facts));
}

static void decide_list(struct arena *arena, struct yaml_node *copy, const struct yaml_node *list,
			const struct when_facts *facts)
{
	struct growing g = {arena, copy, 0};
	for (size_t i = 0; i < list->count; i++)
		if (holds(list->values[i], facts))
			add_item(&g, list->values[i], facts);
}

static void decide_map(struct arena *arena, struct yaml_node *copy, const struct yaml_node *map,
		       const struct when_facts *facts)
{
	copy->keys = arena_array(arena, map->count, sizeof(*copy->keys));
	copy->values = arena_array(arena, map->count, sizeof(*copy->values));
	for (size_t i = 0; i < map->count; i++) {
		if (streq(map->keys[i]->text, "when") || !holds(map->values[i], facts))
			continue;
		copy->keys[copy->count] = map->keys[i];
		copy->values[copy->count++] = when_decide(arena, map->values[i], facts);
	}
}

struct yaml_node *when_decide(struct arena *arena, const struct yaml_node *node, const struct when_facts *facts)
{
	struct yaml_node *copy = arena_alloc(arena, sizeof(*copy));
	*copy = *node;
	if (node->kind == YAML_SCALAR)
		return copy;
	copy->keys = copy->values = NULL;
	copy->count = 0;
	if (node->kind == YAML_LIST)
		decide_list(arena, copy, node, facts);
	else
		decide_map(arena, copy, node, facts);
	return copy;
}

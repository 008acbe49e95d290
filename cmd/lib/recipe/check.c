#include "recipe/check.h"

#include <string.h>

#include "base/suggest.h"

/* --- defaults --- */

static void set_defaults(struct arena *arena, const struct schema *schema, void *base)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		if (field->type == FIELD_MAP && field->offset != NOT_STORED)
			set_defaults(arena, field->of, (char *)base + field->offset);
		else
			check_store(field, arena_strdup(arena, field->fallback_text), field->fallback, base);
	}
}

/* --- keys --- */

/* The nested map that knows @key, for "it belongs under"; NULL when none does. */
static const struct schema_field *find_below(const struct schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].type == FIELD_MAP && schema_find(schema->fields[i].of, key))
			return &schema->fields[i];
	return NULL;
}

static size_t known_keys(const struct schema *schema, const char **names)
{
	size_t n = 0;
	for (; n < schema->field_count; n++)
		names[n] = schema->fields[n].name;
	if (schema->conditional)
		names[n++] = "when";
	return n;
}

static void add_unknown_key(struct check *check, const struct schema *schema, const struct yaml_node *key)
{
	const char **names = arena_array(check->arena, schema->field_count + 1, sizeof(*names));
	size_t n = known_keys(schema, names);
	const char *near = suggest_nearest(key->text, names, n);
	const struct schema_field *below = find_below(schema, key->text);
	AUTO(str) hint = STR_INIT;
	if (streq(key->text, "<<") && !key->quoted)
		return; /* the reader has told about it */
	if (near) {
		str_addf(&hint, "did you mean '%s'?", near);
	} else if (below) {
		str_addf(&hint, "it belongs under '%s:'", below->name);
	} else if (streq(key->text, "when")) {
		str_add(&hint, "'when' belongs to an item of a list");
	} else {
		str_add(&hint, "keys here are ");
		for (size_t i = 0; i < n; i++)
			str_addf(&hint, "%s%s", i ? ", " : "", names[i]);
	}
	problem_add(check->problems, key, str_text(&hint), "unknown key '%s' in %s", key->text, schema->name);
}

/* "'a', 'b' or 'c'" */
static char *join_or(struct arena *arena, const char *const *names)
{
	AUTO(str) s = STR_INIT;
	for (size_t i = 0; names[i]; i++)
		str_addf(&s, "%s'%s'", i == 0 ? "" : names[i + 1] ? ", " : " or ", names[i]);
	return arena_strdup(arena, str_text(&s));
}

static void check_one_of(struct check *check, const struct schema *schema, const struct yaml_node *map)
{
	const struct yaml_node *first = NULL;
	for (size_t i = 0; schema->one_of[i]; i++) {
		const struct yaml_node *key = yaml_key(map, schema->one_of[i]);
		if (!key)
			continue;
		if (first) {
			bool in_order = first->start.offset < key->start.offset;
			problem_add(check->problems, in_order ? key : first, "keep one of the two",
				    "use only one of '%s' and '%s'", in_order ? first->text : key->text,
				    in_order ? key->text : first->text);
			return;
		}
		first = key;
	}
	if (!first && !check->partial)
		problem_add(check->problems, map, NULL, "%s needs %s", schema->name,
			    join_or(check->arena, schema->one_of));
}

static void check_with(struct check *check, const struct schema_field *field, const struct yaml_node *map)
{
	const struct yaml_node *key = yaml_key(map, field->name);
	if (!key || check->partial)
		return;
	for (size_t i = 0; field->with[i]; i++)
		if (yaml_key(map, field->with[i]))
			return;
	problem_add(check->problems, key, NULL, "'%s' requires %s", field->name, join_or(check->arena, field->with));
}

static void check_required(struct check *check, const struct schema *schema, const struct schema_field *field,
			   const struct yaml_node *map)
{
	if (check->partial || yaml_key(map, field->name))
		return;
	AUTO(str) hint = STR_INIT;
	/* a name says nothing: what is meant by it does */
	bool telling = field->type == FIELD_TEXT && field->kind != TEXT_NAME;
	const char *example = telling ? text_rule_of(field->kind)->example : NULL;
	if (field->values)
		str_addf(&hint, "write '%s: %s'", field->name, field->values[0]);
	else if (example)
		str_addf(&hint, "for example '%s: %s'", field->name, example);
	else
		str_add(&hint, field->doc);
	problem_add(check->problems, map, str_text(&hint), "'%s' is missing in %s", field->name, schema->name);
}

/* --- maps --- */

static void store_mark(const struct schema *schema, const struct yaml_node *node, void *base)
{
	if (base && schema->mark_offset)
		*(struct mark *)(void *)((char *)base + schema->mark_offset) =
			(struct mark){node->start.line, node->start.column, node};
}

static void check_members(struct check *check, const struct schema *schema, struct yaml_node *map, void *base)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct schema_field *field = schema_find(schema, map->keys[i]->text);
		if (schema->conditional && streq(map->keys[i]->text, "when"))
			check_when(check, map->values[i]);
		else if (!field)
			add_unknown_key(check, schema, map->keys[i]);
		else
			check_value(check, field, map->values[i], base);
	}
}

static void check_rules(struct check *check, const struct schema *schema, const struct yaml_node *map)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		if (schema->fields[i].flags & FIELD_REQUIRED)
			check_required(check, schema, &schema->fields[i], map);
		if (schema->fields[i].with)
			check_with(check, &schema->fields[i], map);
	}
	if (schema->one_of)
		check_one_of(check, schema, map);
	if (schema->check && !check->partial)
		schema->check(check->problems, map);
}

void check_map(struct check *check, const struct schema *schema, const char *key, struct yaml_node *node, void *base)
{
	if (node->kind != YAML_MAP && schema->shorthand) {
		const struct schema_field *field = schema_find(schema, schema->shorthand);
		store_mark(schema, node, base);
		if (field->type == FIELD_TEXTS && node->kind == YAML_SCALAR && node->type != YAML_NULL)
			problem_add(check->problems, node,
				    arena_printf(check->arena, "write %s", check_words(check, node)),
				    "%s must be a list of words, not text", schema->name);
		else
			check_value(check, field, node, base);
		return;
	}
	if (node->kind != YAML_MAP) {
		const char *first = schema->fields[0].name;
		problem_add(check->problems, node,
			    arena_printf(check->arena, "for example '%s: { %s: ... }'", key, first),
			    node->kind == YAML_SCALAR && node->type == YAML_NULL ? "'%s' has no value"
										 : "'%s' must be a map",
			    key);
		return;
	}
	store_mark(schema, node, base);
	check_members(check, schema, node, base);
	check_rules(check, schema, node);
}

/* What people read, and what later steps answer for, goes out of the tree that keys are made of. */
static void keep_for_keys(const struct schema *schema, struct yaml_node *node)
{
	size_t kept = 0;
	if (node->kind == YAML_LIST)
		for (size_t i = 0; i < node->count; i++)
			keep_for_keys(schema, node->values[i]);
	if (node->kind != YAML_MAP)
		return;
	for (size_t i = 0; i < node->count; i++) {
		const struct schema_field *field = schema_find(schema, node->keys[i]->text);
		if (field && field->flags & (FIELD_NOTE | FIELD_LATER))
			continue;
		if (field && field->of)
			keep_for_keys(field->of, node->values[i]);
		node->keys[kept] = node->keys[i];
		node->values[kept++] = node->values[i];
	}
	node->count = kept;
}

void check_fill(struct check *check, const struct schema *schema, struct yaml_node *root, void *base)
{
	set_defaults(check->arena, schema, base);
	check_map(check, schema, schema->name, root, base);
	keep_for_keys(schema, root);
}

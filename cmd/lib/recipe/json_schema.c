/* The field tables as JSON Schema, draft-07 (json-schema.org/draft-07), which editors and ajv understand. */
#include "recipe/docs.h"

#include <stdlib.h>

#include "fmt/json.h"
#include "recipe/schema.h"

enum { DEFINITIONS_MAX = 64 };

struct definitions {
	struct json *object;
	const struct schema *schemas[DEFINITIONS_MAX];
	const char *names[DEFINITIONS_MAX];
	size_t count;
	struct strs owned;
};

static struct json *object_schema(struct definitions *d, const struct schema *schema, bool partial);

/* {@key: @take_value} */
static struct json *object_of(const char *key, struct json *take_value)
{
	struct json *j = js_object();
	js_set(j, key, take_value);
	return j;
}

static struct json *reference(const char *name)
{
	AUTO_FREE char *path = mem_printf("#/definitions/%s", name);
	return object_of("$ref", js_text(path));
}

static bool is_taken(const struct definitions *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (streq(d->names[i], name))
			return true;
	return false;
}

/* "a guest step" -> "guest-step"; a number after it where another table has that name. */
static const char *choose_name(struct definitions *d, const char *name)
{
	AUTO(str) s = STR_INIT;
	name += str_starts(name, "an ") ? 3 : str_starts(name, "a ") ? 2 : 0;
	for (const char *p = name; *p; p++)
		str_add_char(&s, *p == ' ' ? '-' : *p);
	AUTO_FREE char *chosen = mem_strdup(str_text(&s));
	for (size_t n = 2; is_taken(d, chosen); n++) {
		free(chosen);
		chosen = mem_printf("%s-%zu", str_text(&s), n);
	}
	strs_add(&d->owned, chosen);
	return d->owned.items[d->owned.count - 1];
}

/* A reference to the definition of @schema, which is made when it is first asked for. */
static struct json *define(struct definitions *d, const struct schema *schema, bool partial)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->schemas[i] == schema)
			return reference(d->names[i]);
	if (d->count == DEFINITIONS_MAX)
		bug("more than %d tables", DEFINITIONS_MAX);
	const char *name = choose_name(d, schema->name);
	d->schemas[d->count] = schema;
	d->names[d->count++] = name;
	js_set(d->object, name, js_object()); /* keeps its place before those below it */
	js_set(d->object, name, object_schema(d, schema, partial));
	return reference(name);
}

static struct json *typed(const char *type)
{
	return object_of("type", js_text(type));
}

static struct json *texts_of(const char *const *values)
{
	struct json *array = js_array();
	for (size_t i = 0; values[i]; i++)
		js_add_text(array, values[i]);
	return array;
}

static struct json *text_schema(const struct schema_field *field)
{
	AUTO_FREE char *pattern = text_pattern(field->kind);
	struct json *j = typed("string");
	if (field->values)
		js_set(j, "enum", texts_of(field->values));
	else if (pattern && !(field->flags & FIELD_VARS))
		js_set_text(j, "pattern", pattern);
	else if (!(field->flags & FIELD_EMPTY))
		js_set_int(j, "minLength", 1);
	return j;
}

static struct json *number_schema(const struct schema_field *field)
{
	struct json *j = typed("integer");
	js_set_int(j, "minimum", field->min);
	js_set_int(j, "maximum", field->max);
	return j;
}

static struct json *list_of(struct json *take_items, int least)
{
	struct json *j = typed("array");
	js_set_int(j, "minItems", least);
	js_set(j, "items", take_items);
	return j;
}

static struct json *any_of(struct json *take_first, struct json *take_second)
{
	struct json *array = js_array();
	js_add(array, take_first);
	js_add(array, take_second);
	return object_of("anyOf", array);
}

static struct json *required_of(const char *key)
{
	return object_of("required", texts_of((const char *const[]){key, NULL}));
}

static struct json *one_required(const char *const *keys)
{
	struct json *array = js_array();
	for (size_t i = 0; keys[i]; i++)
		js_add(array, required_of(keys[i]));
	return array;
}

/* {item: X, when: ...} or {items: [...], when: ...} */
static struct json *item_schema(struct definitions *d, const struct schema_field *field)
{
	static const char *const keys[] = {"item", "items", NULL};
	struct json *j = typed("object"), *properties = js_object();
	js_set(properties, "item", text_schema(field));
	js_set(properties, "items", list_of(text_schema(field), 1));
	js_set(properties, "when", define(d, schema_when(), /* partial= */ false));
	js_set(j, "properties", properties);
	js_set_bool(j, "additionalProperties", false);
	js_set(j, "oneOf", one_required(keys));
	return j;
}

static struct json *pairs_schema(const struct schema_field *field)
{
	struct json *j = typed("object");
	js_set(j, "propertyNames", object_of("pattern", js_text(text_rule_of(TEXT_VARIABLE)->pattern)));
	js_set(j, "additionalProperties", text_schema(field));
	return j;
}

static struct json *value_schema(struct definitions *d, const struct schema_field *field, bool partial)
{
	struct json *list;
	switch (field->type) {
	case FIELD_BOOL:
		return typed("boolean");
	case FIELD_INT:
	case FIELD_INT64:
		return number_schema(field);
	case FIELD_TEXTS:
		list = list_of(any_of(text_schema(field), item_schema(d, field)), 1);
		return field->flags & FIELD_ONE ? any_of(text_schema(field), list) : list;
	case FIELD_PAIRS:
		return pairs_schema(field);
	case FIELD_MAP:
		return define(d, field->of, partial);
	case FIELD_LIST:
		return list_of(define(d, field->of, /* partial= */ false), field->flags & FIELD_EMPTY ? 0 : 1);
	case FIELD_TEXT:
	case FIELD_CHOICE:
	case FIELD_ENUM:
	case FIELD_SIZE:
	case FIELD_DURATION:
	case FIELD_MODE:
	case FIELD_PORT:
		break;
	}
	return text_schema(field);
}

/* Beside $ref other keywords are ignored in draft-07: a description needs allOf around it. */
static struct json *described(struct json *take_value, const char *doc)
{
	if (!js_get(take_value, "$ref")) {
		js_set_text(take_value, "description", doc);
		return take_value;
	}
	struct json *j = object_of("description", js_text(doc)), *all = js_array();
	js_add(all, take_value);
	js_set(j, "allOf", all);
	return j;
}

static struct json *properties_of(struct definitions *d, const struct schema *schema, bool partial)
{
	struct json *properties = js_object();
	for (size_t i = 0; i < schema->field_count; i++)
		js_set(properties, schema->fields[i].name,
		       described(value_schema(d, &schema->fields[i], partial), schema->fields[i].doc));
	if (schema->conditional)
		js_set(properties, "when", define(d, schema_when(), /* partial= */ false));
	return properties;
}

static struct json *required_names(const struct schema *schema)
{
	struct json *names = js_array();
	for (size_t i = 0; i < schema->field_count; i++)
		if (schema->fields[i].flags & FIELD_REQUIRED)
			js_add_text(names, schema->fields[i].name);
	return names;
}

static void set_dependencies(struct json *j, const struct schema *schema)
{
	struct json *all = js_object();
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		if (field->with)
			js_set(all, field->name, object_of("anyOf", one_required(field->with)));
	}
	if (js_count(all))
		js_set(j, "dependencies", all);
	else
		js_free(all);
}

static struct json *object_schema(struct definitions *d, const struct schema *schema, bool partial)
{
	struct json *j = typed("object");
	js_set_text(j, "description", schema->doc);
	js_set(j, "properties", properties_of(d, schema, partial));
	js_set_bool(j, "additionalProperties", false);
	if (schema == schema_when())
		js_set_int(j, "minProperties", 1);
	if (!partial) {
		js_set(j, "required", required_names(schema));
		if (schema->one_of)
			js_set(j, "oneOf", one_required(schema->one_of));
		set_dependencies(j, schema);
	}
	if (!schema->shorthand)
		return j;
	return any_of(j, value_schema(d, schema_find(schema, schema->shorthand), /* partial= */ false));
}

/* A stack that extends another may leave out what that one gives. */
static void set_stack_required(struct json *stack)
{
	js_set(stack, "if", required_of("extends"));
	js_set(stack, "then", js_object());
	js_set(stack, "else", object_of("required", required_names(schema_of(RECIPE_STACK))));
}

/* if kind is this one then the table of it */
static struct json *kind_rule(struct definitions *d, enum recipe_kind kind)
{
	struct json *value = object_of("const", js_text(schema_kinds()[kind]));
	struct json *j = object_of("if", object_of("properties", object_of("kind", value)));
	js_set(j, "then", define(d, schema_of(kind), kind == RECIPE_STACK));
	return j;
}

void recipe_json_schema(struct str *out)
{
	struct definitions d = {.object = js_object()};
	AUTO_JSON *root = js_object();
	struct json *rules = js_array();
	js_set_text(root, "$schema", "http://json-schema.org/draft-07/schema#");
	js_set_text(root, "title", "cooper recipe");
	js_set_text(root, "type", "object");
	js_set(root, "properties", object_of("kind", object_of("enum", texts_of(schema_kinds()))));
	js_set(root, "required", texts_of((const char *const[]){"kind", NULL}));
	for (int i = 0; schema_kinds()[i]; i++)
		js_add(rules, kind_rule(&d, (enum recipe_kind)i));
	set_stack_required(js_get(d.object, "stack"));
	js_set(root, "allOf", rules);
	js_set(root, "definitions", d.object);
	AUTO_FREE char *text = js_pretty(root);
	str_add(out, text);
	strs_done(&d.owned);
}

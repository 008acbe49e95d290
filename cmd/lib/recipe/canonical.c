#include "recipe/canonical.h"

#include "base/units.h"
#include "fmt/json.h"

/* Plain numbers and booleans are what they look like: a validated document has no text that looks like them. */
static void set_value(struct json *object, struct json *array, const char *key, const struct yaml_node *node);

static struct json *members_of(const struct yaml_node *node)
{
	bool is_map = node->kind == YAML_MAP;
	struct json *members = is_map ? js_object() : js_array();
	for (size_t i = 0; i < node->count; i++)
		set_value(is_map ? members : NULL, is_map ? NULL : members, is_map ? node->keys[i]->text : NULL,
			  node->values[i]);
	return members;
}

/* Lists of the language hold text, lists and maps; numbers and booleans stand at keys only. */
static void set_value(struct json *object, struct json *array, const char *key, const struct yaml_node *node)
{
	int64_t number = 0;
	if (array)
		js_add(array, node->kind == YAML_SCALAR ? js_text(node->text) : members_of(node));
	else if (node->kind != YAML_SCALAR)
		js_set(object, key, members_of(node));
	else if (node->type == YAML_BOOL)
		js_set_bool(object, key, streq(node->text, "true"));
	else if (node->type == YAML_INT && num_parse(node->text, 0, INT64_MAX, &number))
		js_set_int(object, key, number);
	else
		js_set_text(object, key, node->text);
}

char *canonical_of(const struct yaml_node *root)
{
	AUTO_JSON *json = members_of(root);
	return js_canonical(json);
}

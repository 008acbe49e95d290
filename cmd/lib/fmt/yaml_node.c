/* Reading and copying nodes; nothing here knows libyaml. */
#include <string.h>

#include "fmt/yaml.h"

static size_t find_key(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++)
		if (streq(map->keys[i]->text, key))
			return i;
	return SIZE_MAX;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	size_t i = find_key(map, key);
	return i == SIZE_MAX ? NULL : map->values[i];
}

struct yaml_node *yaml_key(const struct yaml_node *map, const char *key)
{
	size_t i = find_key(map, key);
	return i == SIZE_MAX ? NULL : map->keys[i];
}

const char *yaml_get_text(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *value = yaml_get(map, key);
	return value && value->kind == YAML_SCALAR ? value->text : NULL;
}

static bool is_word(const char *text, const char *lower, const char *title, const char *upper)
{
	return streq(text, lower) || streq(text, title) || streq(text, upper);
}

static bool all_of(const char *text, const char *set)
{
	return *text && text[strspn(text, set)] == '\0';
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_decimal(const char *p)
{
	static const char digits[] = "0123456789";
	p += *p == '-' || *p == '+';
	size_t whole = strspn(p, digits);
	p += whole;
	if (*p == '.') {
		size_t part = strspn(++p, digits);
		if (!whole && !part)
			return false;
		p += part;
	} else if (!whole) {
		return false;
	}
	if (*p != 'e' && *p != 'E')
		return *p == '\0';
	p++;
	p += *p == '-' || *p == '+';
	return all_of(p, digits);
}

enum yaml_type yaml_scalar_type(const char *text)
{
	const char *digits = text + (*text == '-' || *text == '+');
	if (*text == '\0' || streq(text, "~") || is_word(text, "null", "Null", "NULL"))
		return YAML_NULL;
	if (is_word(text, "true", "True", "TRUE") || is_word(text, "false", "False", "FALSE"))
		return YAML_BOOL;
	if (all_of(digits, "0123456789") || (str_starts(text, "0o") && all_of(text + 2, "01234567")) ||
	    (str_starts(text, "0x") && all_of(text + 2, "0123456789abcdefABCDEF")))
		return YAML_INT;
	if (is_decimal(text) || is_word(digits, ".inf", ".Inf", ".INF") || is_word(text, ".nan", ".NaN", ".NAN"))
		return YAML_FLOAT;
	return YAML_TEXT;
}

const char *yaml_kind_name(const struct yaml_node *node)
{
	static const char *const types[] = {
		[YAML_TEXT] = "text",    [YAML_NULL] = "nothing",   [YAML_BOOL] = "true or false",
		[YAML_INT] = "a number", [YAML_FLOAT] = "a number",
	};
	if (node->kind == YAML_LIST)
		return "a list";
	return node->kind == YAML_MAP ? "a map" : types[node->type];
}

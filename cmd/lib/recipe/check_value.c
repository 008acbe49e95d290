/* One value of a field: its type, its text, and where it is stored. */
#include "recipe/check.h"

#include <string.h>

#include "base/arch.h"
#include "base/suggest.h"
#include "base/units.h"
#include "recipe/vars.h"

static void *member(void *base, size_t offset)
{
	return (char *)base + offset;
}

static bool stores(const struct schema_field *field, const void *base)
{
	return base && field->offset != NOT_STORED;
}

/* "'memory'", or "an item of 'packages'"; a port has no key to call it by */
static const char *label(struct check *check, const struct schema_field *field)
{
	if (field->type == FIELD_PORT)
		return "this";
	return arena_printf(check->arena, field->flags & FIELD_ITEM ? "an item of '%s'" : "'%s'", field->name);
}

/* --- scalars --- */

/* The value as it would be written in quotes, when that helps. */
static const char *quoted(struct check *check, const struct yaml_node *node)
{
	return arena_printf(check->arena, "put it in quotes: \"%s\"", node->text);
}

static bool has_value(struct check *check, const struct schema_field *field, const struct yaml_node *node)
{
	const char *hint = "give it a value, or remove the key";
	if (node->kind != YAML_SCALAR || node->type != YAML_NULL)
		return true;
	if (streq(node->text, "~") && field->kind == TEXT_HOST_PATH)
		hint = "without quotes ~ is YAML's word for nothing; your home folder is \"~\"";
	else if (*node->text)
		hint = quoted(check, node);
	else if (field->flags & FIELD_EMPTY)
		hint = "empty text is \"\"";
	problem_add(check->problems, node, hint, "%s has no value", label(check, field));
	return false;
}

/* A mode is written as it is shown: "0644", not 644, which is another number to YAML than to people. */
static const char *mode_hint(struct check *check, const struct yaml_node *node)
{
	const char *digits = str_starts(node->text, "0o") ? node->text + 2 : node->text;
	size_t n = strspn(digits, "01234567");
	digits += n == 4 && *digits == '0';
	n = strspn(digits, "01234567");
	return n == 3 && !digits[n] ? arena_printf(check->arena, "write \"0%s\", with the quotes", digits)
				    : "for example \"0644\", with the quotes";
}

static void add_wrong_type(struct check *check, const struct schema_field *field, const char *wanted, const char *hint,
			   const struct yaml_node *node)
{
	problem_add(check->problems, node, hint, "%s must be %s, not %s", label(check, field), wanted,
		    yaml_kind_name(node));
}

static bool is_text(struct check *check, const struct schema_field *field, const struct yaml_node *node)
{
	const struct text_rule *rule = text_rule_of(field->kind);
	if (!has_value(check, field, node))
		return false;
	if (node->kind != YAML_SCALAR)
		add_wrong_type(check, field, field->kind != TEXT_ANY ? rule->name : "text",
			       arena_printf(check->arena, "for example '%s'", rule->example), node);
	else if (node->type != YAML_TEXT)
		add_wrong_type(check, field, "text",
			       field->kind == TEXT_MODE ? mode_hint(check, node) : quoted(check, node), node);
	return node->kind == YAML_SCALAR && node->type == YAML_TEXT;
}

static bool check_variables(struct check *check, const struct schema_field *field, const struct yaml_node *node)
{
	size_t from = 0, to = 0;
	if (field->flags & (FIELD_LITERAL | FIELD_NOTE))
		return true;
	const char *dollar = strstr(node->text, "${");
	if (!(field->flags & FIELD_VARS) && dollar) {
		from = (size_t)(dollar - node->text);
		to = from + strcspn(dollar, "}");
		to += node->text[to] == '}';
		problem_add_within(check->problems, node, from, to, "write the value itself",
				   "variables are not expanded in %s", label(check, field));
		return false;
	}
	if (!(field->flags & FIELD_VARS))
		return true;
	struct err *e = vars_check_at(node->text, &from, &to);
	if (!e)
		return true;
	problem_add_within(check->problems, node, from, to, e->hint, "%s", e->message);
	err_free(e);
	return false;
}

/* With variables, the rule is asked about the text that a plain word for each of them gives. */
static bool check_rule(struct check *check, const struct schema_field *field, const struct yaml_node *node)
{
	static const struct vars words = {"x", "1", "/x", "/x", "/x", "x", "x", "x", "1", "x", "x"};
	const struct text_rule *rule = text_rule_of(field->kind);
	AUTO_FREE char *expanded = NULL;
	AUTO(str) why = STR_INIT;
	if (!*node->text && field->flags & FIELD_EMPTY)
		return true;
	if (field->flags & FIELD_VARS) {
		struct err *e = vars_expand(&words, node->text, &expanded);
		if (e) {
			err_free(e);
			return false;
		}
	}
	if (text_check(field->kind, expanded ? expanded : node->text, &why))
		return true;
	const char *hint = rule->hint ? rule->hint : arena_printf(check->arena, "for example %s", rule->example);
	problem_add(check->problems, node, hint, "%s is not %s: it %s", label(check, field), rule->name,
		    str_text(&why));
	return false;
}

static bool check_text(struct check *check, const struct schema_field *field, const struct yaml_node *node)
{
	return is_text(check, field, node) && check_variables(check, field, node) && check_rule(check, field, node);
}

/* Architectures get cooper's names, so that keys do not tell amd64 from x86_64. */
static void name_arch(struct check *check, const struct schema_field *field, struct yaml_node *node)
{
	enum arch arch = text_is_arch(field->kind) ? arch_of(node->text) : ARCH_NONE;
	if (arch)
		node->text = arena_strdup(check->arena, arch_name(arch));
}

static bool check_choice(struct check *check, const struct schema_field *field, const struct yaml_node *node,
			 int64_t *ret_index)
{
	size_t n = 0;
	if (!is_text(check, field, node))
		return false;
	*ret_index = word_index(field->values, node->text);
	if (*ret_index >= 0)
		return true;
	AUTO(str) hint = STR_INIT;
	while (field->values[n])
		n++;
	const char *near = suggest_nearest(node->text, field->values, n);
	if (near)
		str_addf(&hint, "did you mean '%s'?", near);
	for (size_t i = 0; !near && i < n; i++)
		str_addf(&hint, "%s%s", i ? ", " : "one of ", field->values[i]);
	problem_add(check->problems, node, str_text(&hint), "%s cannot be '%s'", label(check, field), node->text);
	return false;
}

static bool check_bool(struct check *check, const struct schema_field *field, const struct yaml_node *node,
		       int64_t *ret_value)
{
	static const char *const yes[] = {"yes", "Yes", "YES", "on", "On", "ON", "y", "Y", "True", "TRUE", "true"};
	if (!has_value(check, field, node))
		return false;
	if (node->kind == YAML_SCALAR && node->type == YAML_BOOL &&
	    (streq(node->text, "true") || streq(node->text, "false"))) {
		*ret_value = streq(node->text, "true");
		return true;
	}
	bool meant = false;
	for (size_t i = 0; node->kind == YAML_SCALAR && i < ARRAY_LEN(yes); i++)
		meant = meant || streq(yes[i], node->text);
	problem_add(check->problems, node,
		    arena_printf(check->arena, "write '%s: %s'", field->name, meant ? "true" : "false"),
		    "'%s' must be true or false", field->name);
	return false;
}

static bool check_number(struct check *check, const struct schema_field *field, const struct yaml_node *node,
			 int64_t *ret_value)
{
	if (!has_value(check, field, node))
		return false;
	if (node->kind != YAML_SCALAR || node->type != YAML_INT) {
		int64_t ignored = 0;
		bool in_quotes = node->kind == YAML_SCALAR && num_parse(node->text, 0, INT64_MAX, &ignored);
		add_wrong_type(check, field, "a whole number",
			       in_quotes ? "remove the quotes"
					 : arena_printf(check->arena, "for example '%s: %lld'", field->name,
							(long long)(field->min ? field->min : 1)),
			       node);
		return false;
	}
	const char *digits = node->text + (*node->text == '-' || *node->text == '+');
	if (digits[0] == '0' && digits[1]) {
		problem_add(check->problems, node, "write it in decimal, without a zero in front",
			    "'%s' must be a whole number, and '%s' is one base or another to different readers",
			    field->name, node->text);
		return false;
	}
	if (num_parse(node->text, field->min, field->max, ret_value))
		return true;
	problem_add(check->problems, node, NULL, "'%s' must be a whole number from %lld to %lld", field->name,
		    (long long)field->min, (long long)field->max);
	return false;
}

static void add_bound(struct str *s, const struct schema_field *field, int64_t value)
{
	if (field->type == FIELD_SIZE)
		str_add_size(s, value);
	else
		str_add_duration(s, value);
}

/* A size or a duration. */
static bool check_measure(struct check *check, const struct schema_field *field, const struct yaml_node *node,
			  int64_t *ret_value)
{
	const struct text_rule *rule = text_rule_of(field->kind);
	bool is_size = field->type == FIELD_SIZE;
	if (node->kind == YAML_SCALAR && (node->type == YAML_INT || node->type == YAML_FLOAT)) {
		problem_add(check->problems, node,
			    arena_printf(check->arena, "write a unit, for example %s", rule->example),
			    "'%s' has no unit", field->name);
		return false;
	}
	if (!check_text(check, field, node))
		return false;
	bool parsed = is_size ? size_parse(node->text, ret_value) : duration_parse(node->text, ret_value);
	if (parsed && *ret_value >= field->min && *ret_value <= field->max)
		return true;
	AUTO(str) range = STR_INIT;
	add_bound(&range, field, field->min);
	str_add(&range, " to ");
	add_bound(&range, field, field->max);
	problem_add(check->problems, node, NULL, "'%s' must be from %s", field->name, str_text(&range));
	return false;
}

static bool check_mode(struct check *check, const struct schema_field *field, const struct yaml_node *node,
		       int64_t *ret_value)
{
	const char *digits = node->text;
	if (!check_text(check, field, node))
		return false;
	*ret_value = (digits[1] - '0') * 64 + (digits[2] - '0') * 8 + (digits[3] - '0');
	return true;
}

static void check_port(struct check *check, const struct schema_field *field, const struct yaml_node *node,
		       struct port *port)
{
	AUTO_FREE char *address = NULL;
	int host = 0, guest = 0;
	if (!check_text(check, field, node) || !text_port(node->text, &address, &host, &guest) || !port)
		return;
	port->host_address = arena_strdup(check->arena, address ? address : "127.0.0.1");
	port->host_port = host;
	port->guest_port = guest;
}

/* --- lists --- */

const char *check_words(struct check *check, const struct yaml_node *node)
{
	AUTO(strs) words = STRS_INIT;
	strs_split(&words, node->text, " \t\n");
	AUTO_FREE char *joined = strs_join(&words, ", ");
	return arena_printf(check->arena, "[%s]", joined);
}

/* Whether @node is the map form of a list's item: {item: X, when: ...} or {items: [...], when: ...}. */
static bool is_item(const struct yaml_node *node)
{
	return node->kind == YAML_MAP && (yaml_key(node, "item") || yaml_key(node, "items"));
}

static void check_item(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base);
static void check_texts(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base);

/* {item: X, when: ...}, {items: [X, Y], when: ...}: only in a document whose conditions are not decided yet. */
static void check_item_map(struct check *check, const struct schema_field *field, struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *key = node->keys[i];
		if (streq(key->text, "when"))
			check_when(check, node->values[i]);
		else if (streq(key->text, "item"))
			check_item(check, field, node->values[i], NULL);
		else if (streq(key->text, "items"))
			check_texts(check, field, node->values[i], NULL);
		else
			problem_add(check->problems, key, "keys here are item, items, when",
				    "unknown key '%s' in an item", key->text);
	}
	if (yaml_key(node, "item") && yaml_key(node, "items"))
		problem_add(check->problems, node, "keep one of the two", "use only one of 'item' and 'items'");
}

static void check_one_text(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base)
{
	int64_t index = 0;
	if (field->values ? !check_choice(check, field, node, &index) : !check_text(check, field, node))
		return;
	if (!stores(field, base))
		return;
	name_arch(check, field, node);
	if (!text_is_arch(field->kind) || !strs_has(member(base, field->offset), node->text))
		arena_strs_add(check->arena, member(base, field->offset), node->text);
}

static void check_item(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base)
{
	struct schema_field item = *field;
	item.flags |= FIELD_ITEM;
	if (is_item(node))
		check_item_map(check, field, node);
	else
		check_one_text(check, &item, node, base);
}

/* @hint is for what should be a list and is none */
static bool is_list(struct check *check, const struct schema_field *field, const struct yaml_node *node,
		    const char *hint)
{
	if (!has_value(check, field, node))
		return false;
	if (node->kind != YAML_LIST)
		add_wrong_type(check, field, "a list", hint, node);
	else if (node->count == 0 && !check->decided && !(field->flags & FIELD_EMPTY))
		problem_add(check->problems, node,
			    field->flags & FIELD_REQUIRED ? "add an item" : "add an item, or remove the key",
			    "'%s' is empty", field->name);
	return node->kind == YAML_LIST;
}

static void check_texts(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base)
{
	const char *hint = NULL;
	if (node->kind == YAML_SCALAR && node->type != YAML_NULL && field->flags & FIELD_ONE) {
		check_one_text(check, field, node, base);
		return;
	}
	if (node->kind == YAML_SCALAR)
		hint = arena_printf(check->arena, "write '%s: %s'", field->name, check_words(check, node));
	if (!is_list(check, field, node, hint))
		return;
	struct schema_field first = *field;
	first.flags &= ~(unsigned)FIELD_EMPTY;
	for (size_t i = 0; i < node->count; i++)
		check_item(check, i == 0 ? &first : field, node->values[i], base);
}

static void check_list(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base)
{
	const char *hint = "start each item with '- '";
	if (field->of->shorthand && node->kind == YAML_SCALAR)
		hint = arena_printf(check->arena, "write '%s: [%s]'", field->name, check_words(check, node));
	if (!is_list(check, field, node, hint))
		return;
	char *items = stores(field, base) ? arena_array(check->arena, node->count, field->of->size) : NULL;
	bool partial = check->partial;
	check->partial = false; /* an item is whole wherever it stands */
	for (size_t i = 0; i < node->count; i++) {
		if (items)
			check_fill(check, field->of, node->values[i], items + i * field->of->size);
		else
			check_map(check, field->of, field->name, node->values[i], NULL);
	}
	check->partial = partial;
	if (!items)
		return;
	*(void **)member(base, field->offset) = items;
	*(size_t *)member(base, field->count_offset) = node->count;
}

static void check_pairs(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base)
{
	if (!has_value(check, field, node))
		return;
	if (node->kind != YAML_MAP) {
		add_wrong_type(check, field, "a map", "write 'NAME: value'", node);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		struct schema_field name = {node->keys[i]->text, FIELD_TEXT, FIELD_LITERAL,
					    TEXT_VARIABLE,       0,          .doc = NULL};
		struct schema_field value = *field;
		value.name = node->keys[i]->text;
		if (!check_rule(check, &name, node->keys[i]) || !check_text(check, &value, node->values[i]) || !base)
			continue;
		AUTO_FREE char *pair = mem_printf("%s=%s", node->keys[i]->text, node->values[i]->text);
		arena_strs_add(check->arena, member(base, field->offset), pair);
	}
}

void check_when(struct check *check, struct yaml_node *node)
{
	bool partial = check->partial;
	check->partial = false;
	check_map(check, schema_when(), "when", node, NULL);
	check->partial = partial;
	if (check->versionless && yaml_key(node, "version"))
		problem_add(check->problems, yaml_key(node, "version"), "ask for os, arch or guest_arch",
			    "a stack has no version to compare: this would never match");
}

/* --- all types --- */

void check_store(const struct schema_field *field, char *text, int64_t number, void *base)
{
	enum field_type type = field->type;
	void *at = stores(field, base) ? member(base, field->offset) : NULL;
	if (!at)
		return;
	if (type == FIELD_TEXT || type == FIELD_CHOICE)
		*(char **)at = text;
	else if (type == FIELD_BOOL)
		*(bool *)at = number != 0;
	else if (type == FIELD_INT || type == FIELD_ENUM || type == FIELD_MODE)
		*(int *)at = (int)number;
	else if (type == FIELD_INT64 || type == FIELD_SIZE || type == FIELD_DURATION)
		*(int64_t *)at = number;
}

static void drop_slash(struct check *check, struct yaml_node *node)
{
	size_t n = node->kind == YAML_SCALAR ? strlen(node->text) : 0;
	if (n > 1 && node->text[n - 1] == '/')
		node->text = arena_strndup(check->arena, node->text, n - 1);
}

void check_value(struct check *check, const struct schema_field *field, struct yaml_node *node, void *base)
{
	int64_t number = 0;
	bool good = false;
	if (field->flags & FIELD_FOLDER)
		drop_slash(check, node);
	switch (field->type) {
	case FIELD_TEXTS:
		check_texts(check, field, node, base);
		break;
	case FIELD_PAIRS:
		check_pairs(check, field, node, base);
		break;
	case FIELD_MAP:
		check_map(check, field->of, field->name, node,
			  stores(field, base) ? member(base, field->offset) : NULL);
		break;
	case FIELD_LIST:
		check_list(check, field, node, base);
		break;
	case FIELD_PORT:
		check_port(check, field, node, base);
		break;
	case FIELD_TEXT:
		good = check_text(check, field, node);
		break;
	case FIELD_CHOICE:
	case FIELD_ENUM:
		good = check_choice(check, field, node, &number);
		break;
	case FIELD_BOOL:
		good = check_bool(check, field, node, &number);
		break;
	case FIELD_INT:
	case FIELD_INT64:
		good = check_number(check, field, node, &number);
		break;
	case FIELD_MODE:
		good = check_mode(check, field, node, &number);
		break;
	case FIELD_SIZE:
	case FIELD_DURATION:
		good = check_measure(check, field, node, &number);
		break;
	}
	if (!good || !stores(field, base))
		return;
	name_arch(check, field, node);
	check_store(field, node->text, number, base);
}

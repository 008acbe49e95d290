#include "recipe/docs.h"

#include <string.h>

#include "recipe/schema.h"
#include "recipe/vars.h"

enum { SCHEMAS_MAX = 64 };

/* Tables that one kind of recipe uses, in the order in which they are met. */
struct seen {
	const struct schema *items[SCHEMAS_MAX];
	const char *keys[SCHEMAS_MAX]; /* path of keys to each: "source[]" */
	size_t count;
	struct strs owned;
};

static const char intro[] =
	"# Recipes\n"
	"\n"
	"Generated from the field tables in `cmd/lib/recipe/schema.c` by `cooper tool docs`; `make docs` "
	"regenerates it.\n"
	"\n"
	"A recipe is one YAML document: `recipes/NAME.yaml` of kind `build` or `stack`, `vmimages/NAME.yaml` of kind\n"
	"`image`. `cooper lint FILE` checks one. Editors check while you type with this first line:\n"
	"\n"
	"```yaml\n"
	"# yaml-language-server: $schema=schema.json\n"
	"```\n"
	"\n"
	"## Rules\n"
	"\n"
	"- An unknown key, a key given twice, a value of the wrong type: each is an error with its place.\n"
	"- Text that looks like a number, a boolean or nothing needs quotes: `version: \"10.2\"`. The booleans are "
	"`true`\n"
	"  and `false`.\n"
	"- Sizes and durations have units: `2GiB`, `500MB`, `30s`, `5m`.\n"
	"- Every `url` has a digest. Debian packages are pinned in `cooper.lock` instead.\n"
	"- There are no shell strings: a command is a list of words. A `script` is run by the interpreter that it "
	"names.\n"
	"- Anchors and aliases may be used; tags, merge keys and more than one document may not. At most 1 MiB, 32 "
	"levels\n"
	"  and 10,000 values.\n"
	"- Architectures may be written `amd64` and `arm64`; they are stored as `x86_64` and `aarch64`.\n"
	"\n"
	"## Variables\n"
	"\n"
	"Where a field says *variables*, `${name}` is replaced; `$$` gives a dollar sign. An unknown name is an "
	"error.\n"
	"Everywhere else `${` is an error, except in guest steps, whose text goes to the guest as it is.\n"
	"\n"
	"Variables: ";

static const char conditions[] =
	"\n"
	"## Conditions\n"
	"\n"
	"An item of a list may carry `when`; it is included only where the condition matches. An item that is plain text "
	"is\n"
	"written as a map for that, and several at once with `items`:\n"
	"\n"
	"```yaml\n"
	"configure:\n"
	"  - - ${source}/configure\n"
	"    - { item: --enable-hvf, when: { os: macos } }\n"
	"    - { items: [--enable-kvm, --enable-attr], when: { os: linux } }\n"
	"  - { run: [make, tables], when: { version: \">= 10.2, < 11\", guest_arch: [aarch64, riscv64] } }\n"
	"```\n"
	"\n";

static const char extending[] =
	"\n"
	"### extends\n"
	"\n"
	"The stack is merged over the one it names: maps merge, values replace. Of `steps`, `mounts` and `ports` "
	"the\n"
	"items are appended; one with the same `name`, the same mount point, or the same port of the host "
	"replaces\n"
	"the one below; an empty list (`mounts: []`) removes all that are below. Other lists replace. A file that a step\n"
	"names lies beside the stack that has the step.\n";

static const char *without_article(const char *name)
{
	if (str_starts(name, "an "))
		return name + 3;
	return str_starts(name, "a ") ? name + 2 : name;
}

static void add_values(struct str *out, const char *const *values, const char *between)
{
	for (size_t i = 0; values[i]; i++)
		str_addf(out, "%s`%s`", i ? between : "", values[i]);
}

static void add_type(struct str *out, const struct schema_field *field)
{
	const char *rule = without_article(text_rule_of(field->kind)->name);
	switch (field->type) {
	case FIELD_TEXT:
	case FIELD_SIZE:
	case FIELD_DURATION:
	case FIELD_MODE:
	case FIELD_PORT:
		str_add(out, rule);
		break;
	case FIELD_CHOICE:
	case FIELD_ENUM:
		add_values(out, field->values, ", ");
		break;
	case FIELD_BOOL:
		str_add(out, "`true`, `false`");
		break;
	case FIELD_INT:
	case FIELD_INT64:
		str_add(out, "whole number");
		break;
	case FIELD_TEXTS:
		str_add(out, field->flags & FIELD_ONE ? "one or a list of " : "list: ");
		if (field->values)
			add_values(out, field->values, ", ");
		else
			str_add(out, rule);
		break;
	case FIELD_PAIRS:
		str_add(out, "map of NAME: text");
		break;
	case FIELD_MAP:
		str_add(out, "map");
		break;
	case FIELD_LIST:
		str_addf(out, "list of %s%s", without_article(field->of->name),
			 str_ends(field->of->name, "ch") ? "es" : "s");
		break;
	}
	if (field->flags & FIELD_VARS)
		str_add(out, "; *variables*");
}

static void add_presence(struct str *out, const struct schema_field *field)
{
	const char *fallback = field->fallback_doc ? field->fallback_doc : field->fallback_text;
	if (field->flags & FIELD_REQUIRED)
		str_add(out, "required");
	else if (fallback)
		str_add(out, fallback);
}

static void add_range(struct str *out, const struct schema_field *field)
{
	if ((field->type == FIELD_INT || field->type == FIELD_INT64) && field->max < 1 << 20)
		str_addf(out, " From %lld to %lld.", (long long)field->min, (long long)field->max);
	if (!field->with)
		return;
	str_add(out, " Only with ");
	add_values(out, field->with, " or ");
	str_add(out, ".");
}

static void add_table(struct str *out, const struct schema *schema)
{
	str_add(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		str_addf(out, "| `%s` | ", field->name);
		add_type(out, field);
		str_add(out, " | ");
		add_presence(out, field);
		str_addf(out, " | %s", field->doc);
		add_range(out, field);
		str_add(out, " |\n");
	}
	if (schema->conditional)
		str_add(out, "| `when` | map |  | Include it only when this condition matches. |\n");
	if (schema->one_of) {
		str_add(out, "\nExactly one of ");
		add_values(out, schema->one_of, ", ");
		str_add(out, ".\n");
	}
	if (schema->shorthand)
		str_addf(out, "\nA plain value is short for `%s:`.\n", schema->shorthand);
}

/* The tables below @schema that are not there yet; @key is the path of keys to it. */
static void collect(struct seen *seen, const struct schema *schema, const char *key)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		bool known = !field->of || seen->count == SCHEMAS_MAX;
		for (size_t j = 0; j < seen->count && !known; j++)
			known = seen->items[j] == field->of;
		if (known)
			continue;
		strs_addf(&seen->owned, "%s%s%s%s", key, *key ? "." : "", field->name,
			  field->type == FIELD_LIST ? "[]" : "");
		const char *path = seen->owned.items[seen->owned.count - 1];
		seen->items[seen->count] = field->of;
		seen->keys[seen->count++] = path;
		collect(seen, field->of, path);
	}
}

static void add_kind(struct str *out, enum recipe_kind kind)
{
	const struct schema *schema = schema_of(kind);
	struct seen seen = {.count = 0};
	str_addf(out, "\n## kind: %s\n\n%s\n\n", schema->name, schema->doc);
	add_table(out, schema);
	if (kind == RECIPE_STACK)
		str_add(out, extending);
	collect(&seen, schema, "");
	for (size_t i = 0; i < seen.count; i++) {
		str_addf(out, "\n### %s `%s`\n\n%s\n\n", schema->name, seen.keys[i], seen.items[i]->doc);
		add_table(out, seen.items[i]);
	}
	strs_done(&seen.owned);
}

static void add_text_kinds(struct str *out)
{
	str_add(out, "\n## Kinds of text\n\n| kind | example | pattern |\n|---|---|---|\n");
	for (int i = 0; i < TEXT_KIND_COUNT; i++) {
		const struct text_rule *rule = text_rule_of((enum text_kind)i);
		if (i == TEXT_ANY || i == TEXT_LINE)
			continue;
		str_addf(out, "| %s | %s | ", without_article(rule->name), rule->example);
		AUTO_FREE char *pattern = text_pattern((enum text_kind)i);
		for (const char *p = pattern ? pattern : ""; *p; p++) {
			if (p == pattern)
				str_add_char(out, '`');
			if (*p == '|')
				str_add_char(out, '\\'); /* ends a cell of the table otherwise */
			str_add_char(out, *p);
		}
		str_add(out, pattern ? "` |\n" : " |\n");
	}
}

void recipe_docs(struct str *out)
{
	str_add(out, intro);
	add_values(out, vars_known(), ", ");
	str_add(out, ".\n");
	str_add(out, conditions);
	add_table(out, schema_when());
	str_addf(out, "\n%s\n", schema_when()->doc);
	add_kind(out, RECIPE_STACK);
	add_kind(out, RECIPE_BUILD);
	add_kind(out, RECIPE_IMAGE);
	add_text_kinds(out);
}

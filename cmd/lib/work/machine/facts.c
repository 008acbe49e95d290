#include "work/machine/facts.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"

enum field_kind { FIELD_TEXT, FIELD_INT, FIELD_INT64, FIELD_BOOL };

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	size_t size; /* of a text, with its NUL */
	bool required;
};

#define TEXT_FIELD(name, required)                                                                                     \
	{                                                                                                              \
#name, FIELD_TEXT, offsetof(struct host_facts, name), sizeof(((struct host_facts *)0)->name), required \
	}

static const struct field fields[] = {
	TEXT_FIELD(os, true),
	TEXT_FIELD(os_version, false),
	TEXT_FIELD(arch, true),
	TEXT_FIELD(chip, false),
	{"cpus", FIELD_INT, offsetof(struct host_facts, cpus), 0, true},
	{"memory_bytes", FIELD_INT64, offsetof(struct host_facts, memory_bytes), 0, true},
	{"hv_support", FIELD_BOOL, offsetof(struct host_facts, hv_support), 0, false},
	{"kvm_present", FIELD_BOOL, offsetof(struct host_facts, kvm_present), 0, false},
	TEXT_FIELD(distro, false),
	TEXT_FIELD(boot_id, false),
};

struct json *facts_to_json(const struct host_facts *facts)
{
	struct json *root = json_object();

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *at = (const char *)facts + fields[i].offset;
		switch (fields[i].kind) {
		case FIELD_TEXT:
			json_set_text(root, fields[i].name, at);
			break;
		case FIELD_INT:
			json_set_int(root, fields[i].name, *(const int *)(const void *)at);
			break;
		case FIELD_INT64:
			json_set_int(root, fields[i].name, *(const int64_t *)(const void *)at);
			break;
		case FIELD_BOOL:
			json_set_bool(root, fields[i].name, *(const bool *)(const void *)at);
			break;
		}
	}
	return root;
}

static struct err *bad_value(const char *name, const struct field *f, const char *wanted)
{
	return err_new(ERR_USAGE, "%s: '%s' must be %s", name, f->name, wanted);
}

static struct err *read_field(const struct json *value, const char *name, const struct field *f, char *at)
{
	const char *text;
	int64_t number;

	switch (f->kind) {
	case FIELD_TEXT:
		text = json_as_text(value);
		if (!text || strlen(text) >= f->size)
			return bad_value(name, f, "a short text");
		memcpy(at, text, strlen(text) + 1);
		return NULL;
	case FIELD_INT:
		number = json_as_int(value, -1);
		if (number < 1 || number > 4096)
			return bad_value(name, f, "a number from 1 to 4096");
		*(int *)(void *)at = (int)number;
		return NULL;
	case FIELD_INT64:
		number = json_as_int(value, -1);
		if (number < 1)
			return bad_value(name, f, "a number of bytes");
		*(int64_t *)(void *)at = number;
		return NULL;
	case FIELD_BOOL:
		break;
	}
	return NULL;
}

/* A boolean can only be read through its object; two defaults tell a boolean from anything else. */
static struct err *read_bool(const struct json *root, const char *name, const struct field *f, char *at)
{
	bool value = json_get_bool(root, f->name, false);

	if (value != json_get_bool(root, f->name, true))
		return bad_value(name, f, "true or false");
	*(bool *)(void *)at = value;
	return NULL;
}

static struct err *check_keys(const struct json *root, const char *name)
{
	const char *known[ARRAY_LEN(fields)];

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		known[i] = fields[i].name;
	for (size_t i = 0; i < json_count(root); i++) {
		const char *key = json_key_at(root, i);
		bool found = false;
		for (size_t k = 0; k < ARRAY_LEN(fields); k++)
			found = found || streq(key, known[k]);
		if (found)
			continue;
		const char *near = suggest_nearest(key, known, ARRAY_LEN(known));
		struct err *e = err_new(ERR_USAGE, "%s: unknown host fact '%s'", name, key);
		return near ? err_hint(e, "did you mean '%s'?", near) : e;
	}
	return NULL;
}

struct err *facts_from_json(const struct json *root, const char *name, struct host_facts *ret_facts)
{
	struct host_facts facts = {.os = ""};

	if (!json_is_object(root))
		return err_new(ERR_USAGE, "%s: host facts are a JSON object", name);
	TRY(check_keys(root, name));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];
		const struct json *value = json_get(root, f->name);
		char *at = (char *)&facts + f->offset;
		if (!value && f->required)
			return err_new(ERR_USAGE, "%s: the host fact '%s' is missing", name, f->name);
		if (!value)
			continue;
		TRY(f->kind == FIELD_BOOL ? read_bool(root, name, f, at) : read_field(value, name, f, at));
	}
	if (!streq(facts.os, "macos") && !streq(facts.os, "linux"))
		return err_new(ERR_USAGE, "%s: 'os' must be macos or linux, not '%s'", name, facts.os);
	if (!streq(facts.arch, "aarch64") && !streq(facts.arch, "x86_64"))
		return err_new(ERR_USAGE, "%s: 'arch' must be aarch64 or x86_64, not '%s'", name, facts.arch);
	*ret_facts = facts;
	return NULL;
}

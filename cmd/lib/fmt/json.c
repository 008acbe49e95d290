#include "fmt/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file.h"
#include "sys/tick.h"

enum { JSON_FILE_MAX = 16 * 1024 * 1024 };

/* struct json is never defined: a pointer to it is a json_t of ours in disguise. */
static json_t *inner(const struct json *value)
{
	return (json_t *)(uintptr_t)value;
}

static struct json *outer(json_t *value)
{
	return (struct json *)value;
}

static json_t *need(json_t *made)
{
	if (!made)
		mem_exhausted();
	return made;
}

struct err *js_parse(const char *text, size_t size, const char *name, struct json **ret_root)
{
	json_error_t why;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

	if (!root && json_error_code(&why) == json_error_out_of_memory)
		mem_exhausted();
	if (!root)
		return err_new(ERR_CORRUPT, "'%s' is not valid JSON: line %d, column %d: %s", name, why.line,
			       why.column, why.text);
	*ret_root = outer(root);
	return NULL;
}

struct err *js_read(const char *path, struct json **ret_root)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;

	TRY(file_read(path, JSON_FILE_MAX, &text, &size));
	return js_parse(text, size, path, ret_root);
}

struct err *js_write(const char *path, const struct json *value, mode_t mode)
{
	AUTO_FREE char *text = js_pretty(value);

	return file_write(path, text, strlen(text), mode);
}

struct json *js_free(struct json *root)
{
	json_decref(inner(root));
	return NULL;
}

void js_free_at(struct json **p)
{
	*p = js_free(*p);
}

struct json *js_object(void)
{
	return outer(need(json_object()));
}

struct json *js_array(void)
{
	return outer(need(json_array()));
}

/* Text that is not UTF-8 cannot be JSON: such bytes are written as \xNN. */
struct json *js_text(const char *value)
{
	json_t *made = value ? json_string(value) : json_null();

	if (made)
		return outer(made);
	AUTO_FREE char *escaped = str_escape(value);
	return outer(need(json_string(escaped)));
}

struct json *js_texts(const struct strs *texts)
{
	struct json *list = js_array();

	for (size_t i = 0; texts && i < texts->count; i++)
		js_add_text(list, texts->items[i]);
	return list;
}

struct json *js_copy(const struct json *value)
{
	return value ? outer(need(json_deep_copy(inner(value)))) : NULL;
}

void js_set(struct json *object, const char *key, struct json *take_value)
{
	json_t *value = take_value ? inner(take_value) : json_null();

	if (!js_is_object(object))
		bug("JSON member '%s' put into something that is not an object", key);
	json_incref(value);
	if (json_object_set_new(inner(object), key, value) != 0) {
		AUTO_FREE char *escaped = str_escape(key);
		if (json_object_set(inner(object), escaped, value) != 0)
			bug("cannot set JSON member '%s'", escaped);
	}
	json_decref(value);
}

void js_set_text(struct json *object, const char *key, const char *value)
{
	js_set(object, key, js_text(value));
}

void js_set_int(struct json *object, const char *key, int64_t value)
{
	js_set(object, key, outer(need(json_integer((json_int_t)value))));
}

void js_set_bool(struct json *object, const char *key, bool value)
{
	js_set(object, key, outer(json_boolean(value)));
}

void js_set_now(struct json *object, const char *key)
{
	AUTO(str) now = STR_INIT;

	str_add_utc(&now, tick_wall_ms());
	js_set_text(object, key, str_text(&now));
}

void js_add(struct json *array, struct json *take_value)
{
	if (json_array_append_new(inner(array), take_value ? inner(take_value) : json_null()) != 0)
		bug("JSON item put into something that is not an array");
}

void js_add_text(struct json *array, const char *value)
{
	js_add(array, js_text(value));
}

struct json *js_get(const struct json *object, const char *key)
{
	return outer(json_object_get(inner(object), key));
}

const char *js_as_text(const struct json *value)
{
	return json_string_value(inner(value));
}

int64_t js_as_int(const struct json *value, int64_t otherwise)
{
	return json_is_integer(inner(value)) ? (int64_t)json_integer_value(inner(value)) : otherwise;
}

const char *js_get_text(const struct json *object, const char *key)
{
	return js_as_text(js_get(object, key));
}

int64_t js_get_int(const struct json *object, const char *key, int64_t otherwise)
{
	return js_as_int(js_get(object, key), otherwise);
}

bool js_get_bool(const struct json *object, const char *key, bool otherwise)
{
	const json_t *value = inner(js_get(object, key));

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

size_t js_count(const struct json *array_or_object)
{
	const json_t *value = inner(array_or_object);

	return value && json_typeof(value) == JSON_OBJECT ? json_object_size(value) : json_array_size(value);
}

struct json *js_at(const struct json *array, size_t index)
{
	return outer(json_array_get(inner(array), index));
}

bool js_next(struct js_member *m)
{
	json_t *of = inner(m->of);

	m->at = m->at ? json_object_iter_next(of, m->at) : json_object_iter(of);
	m->key = m->at ? json_object_iter_key(m->at) : NULL;
	m->value = m->at ? outer(json_object_iter_value(m->at)) : NULL;
	return m->at != NULL;
}

void js_copy_texts(const struct json *array, struct strs *texts)
{
	for (size_t i = 0; i < js_count(array); i++)
		if (js_as_text(js_at(array, i)))
			strs_add(texts, js_as_text(js_at(array, i)));
}

bool js_is_object(const struct json *value)
{
	return value && json_typeof(inner(value)) == JSON_OBJECT;
}

bool js_is_array(const struct json *value)
{
	return value && json_typeof(inner(value)) == JSON_ARRAY;
}

static char *dump(const struct json *value, size_t flags)
{
	char *text = value ? json_dumps(inner(value), flags | JSON_ENCODE_ANY) : mem_strdup("null");

	if (!text)
		bug("cannot write JSON");
	return text;
}

char *js_canonical(const struct json *value)
{
	return dump(value, JSON_COMPACT | JSON_SORT_KEYS);
}

char *js_pretty(const struct json *value)
{
	AUTO_FREE char *text = dump(value, JSON_INDENT(2));

	return mem_printf("%s\n", text);
}

char *js_line(const struct json *value)
{
	return dump(value, JSON_COMPACT);
}

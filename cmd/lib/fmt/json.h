/*
 * json.h - JSON values, read strictly and written canonically
 *
 * struct json is opaque and reference-free for the caller: a document is freed whole with json_free() on its
 * root; children are borrowed. Builders take ownership of what is put in. Canonical output (sorted keys, no
 * spaces) is what keys are made of.
 */
#ifndef COOPER_FMT_JSON_H
#define COOPER_FMT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * jansson exports these three names; ours get other symbols, or the library's inner calls would land here.
 * Callers need not care.
 */
#define json_object json_new_object
#define json_array json_new_array
#define json_copy json_copy_deep

struct json;

/** json_parse() - a whole document of @size bytes (duplicate keys refused); @name is for messages; CORRUPT */
MUST_CHECK struct err *json_parse(const char *text, size_t size, const char *name, struct json **ret_root);
/** json_read() - json_parse() of a file of at most 16 MiB */
MUST_CHECK struct err *json_read(const char *path, struct json **ret_root);
/** json_free() - free a root; NULL is fine; returns NULL */
struct json *json_free(struct json *root);
/** json_free_at() - cleanup handler: __attribute__((cleanup(json_free_at))) struct json *j */
void json_free_at(struct json **p);
#define AUTO_JSON __attribute__((cleanup(json_free_at))) struct json

struct json *json_object(void);
struct json *json_array(void);
/** json_set*() - set a member (replacing); the object keeps @take_value; json_set_text() with NULL sets null */
void json_set(struct json *object, const char *key, struct json *take_value);
void json_set_text(struct json *object, const char *key, const char *value);
void json_set_int(struct json *object, const char *key, int64_t value);
void json_set_bool(struct json *object, const char *key, bool value);
void json_add(struct json *array, struct json *take_value);
void json_add_text(struct json *array, const char *value);
struct json *json_text(const char *value);
/** json_copy() - deep copy */
struct json *json_copy(const struct json *value);

/* Reading: each is forgiving about NULL and wrong types, so that chains need no checks in between. */
struct json *json_get(const struct json *object, const char *key); /* NULL when absent */
const char *json_get_text(const struct json *object, const char *key); /* NULL when absent or not a string */
int64_t json_get_int(const struct json *object, const char *key, int64_t otherwise);
bool json_get_bool(const struct json *object, const char *key, bool otherwise);
size_t json_count(const struct json *array_or_object);
struct json *json_at(const struct json *array, size_t index);
const char *json_as_text(const struct json *value); /* NULL when not a string */
int64_t json_as_int(const struct json *value, int64_t otherwise);
/** json_key_at(), json_value_at() - the @index-th member of an object (insertion order) */
const char *json_key_at(const struct json *object, size_t index);
struct json *json_value_at(const struct json *object, size_t index);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);

/** json_canonical() - sorted keys, no spaces; heap */
char *json_canonical(const struct json *value);
/** json_pretty() - two-space indent, insertion order, newline at the end; heap */
char *json_pretty(const struct json *value);
/** json_line() - one line, insertion order, no newline; heap */
char *json_line(const struct json *value);

#endif

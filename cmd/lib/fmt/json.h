/*
 * json.h - JSON values, read strictly and written canonically
 *
 * struct json is opaque and reference-free for the caller: a document is freed whole with js_free() on its
 * root; children are borrowed. Builders take ownership of what is put in. Canonical output (sorted keys, no
 * spaces) is what keys are made of.
 */
#ifndef COOPER_FMT_JSON_H
#define COOPER_FMT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct json;

/** js_parse() - a whole document of @size bytes (duplicate keys refused); @name is for messages; CORRUPT */
MUST_CHECK struct err *js_parse(const char *text, size_t size, const char *name, struct json **ret_root);
/** js_read() - js_parse() of a file of at most 16 MiB */
MUST_CHECK struct err *js_read(const char *path, struct json **ret_root);
/** js_write() - replace @path atomically with js_pretty(@value), @mode exactly */
MUST_CHECK struct err *js_write(const char *path, const struct json *value, mode_t mode);
/** js_free() - free a root; NULL is fine; returns NULL */
struct json *js_free(struct json *root);
/** js_free_at() - cleanup handler: __attribute__((cleanup(js_free_at))) struct json *j */
void js_free_at(struct json **p);
#define AUTO_JSON __attribute__((cleanup(js_free_at))) struct json

struct json *js_object(void);
struct json *js_array(void);
/** js_set*() - set a member (replacing); the object keeps @take_value; js_set_text() with NULL sets null */
void js_set(struct json *object, const char *key, struct json *take_value);
void js_set_text(struct json *object, const char *key, const char *value);
void js_set_int(struct json *object, const char *key, int64_t value);
void js_set_bool(struct json *object, const char *key, bool value);
/** js_set_now() - the time of day, in UTC */
void js_set_now(struct json *object, const char *key);
void js_add(struct json *array, struct json *take_value);
void js_add_text(struct json *array, const char *value);
struct json *js_text(const char *value);
/** js_texts() - an array of @texts; NULL is none */
struct json *js_texts(const struct strs *texts);
/** js_copy() - deep copy */
struct json *js_copy(const struct json *value);

/* Reading: each is forgiving about NULL and wrong types, so that chains need no checks in between. */
struct json *js_get(const struct json *object, const char *key);     /* NULL when absent */
const char *js_get_text(const struct json *object, const char *key); /* NULL when absent or not a string */
int64_t js_get_int(const struct json *object, const char *key, int64_t otherwise);
bool js_get_bool(const struct json *object, const char *key, bool otherwise);
size_t js_count(const struct json *array_or_object);
struct json *js_at(const struct json *array, size_t index);
const char *js_as_text(const struct json *value); /* NULL when not a string */
int64_t js_as_int(const struct json *value, int64_t otherwise);
/** js_copy_texts() - append the texts in @array to @texts */
void js_copy_texts(const struct json *array, struct strs *texts);
/* On its way over the members of an object, in the order they were put in; nothing may be added meanwhile:
 *	for (struct js_member m = {.of = object}; js_next(&m);)
 */
struct js_member {
	const struct json *of;
	const char *key;
	struct json *value;
	void *at;
};
/** js_next() - go on to the next member; false after the last, and for anything but an object */
bool js_next(struct js_member *m);
bool js_is_object(const struct json *value);
bool js_is_array(const struct json *value);

/** js_canonical() - sorted keys, no spaces; heap */
char *js_canonical(const struct json *value);
/** js_pretty() - two-space indent, insertion order, newline at the end; heap */
char *js_pretty(const struct json *value);
/** js_line() - one line, insertion order, no newline; heap */
char *js_line(const struct json *value);

#endif

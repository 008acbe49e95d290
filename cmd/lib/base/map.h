/*
 * map.h - strings to pointers, in insertion order
 *
 * For hundreds to a million keys: an open-addressing index over an ordered array. Keys are copied; values
 * are borrowed, or freed by the map when it was given a free function.
 */
#ifndef COOPER_BASE_MAP_H
#define COOPER_BASE_MAP_H

#include <stdint.h>

#include "base/auto.h"
#include "base/mem.h"

struct map_entry {
	char *key;
	void *value;
	uint32_t hash;
};

struct map {
	struct map_entry *entries; /* insertion order */
	size_t count;
	size_t cap;
	uint32_t *slots; /* index + 1 into entries; 0 is empty */
	size_t slot_count;
	void (*free_value)(void *value); /* may be NULL */
};

#define MAP_INIT ((struct map){0})

void map_done(struct map *m);
/** map_get() - the value of @key, or NULL */
void *map_get(const struct map *m, const char *key);
bool map_has(const struct map *m, const char *key);
/** map_put() - set @key to @value (the old value is freed where the map owns values) */
void map_put(struct map *m, const char *key, void *value);

#endif

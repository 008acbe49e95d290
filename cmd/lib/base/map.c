#include "base/map.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a, 32 bit: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash_text(const char *key)
{
	uint32_t h = 2166136261u;
	for (const unsigned char *p = (const unsigned char *)key; *p; p++)
		h = (h ^ *p) * 16777619u;
	return h;
}

static size_t find_slot(const struct map *m, const char *key, uint32_t hash)
{
	size_t mask = m->slot_count - 1;
	size_t i = hash & mask;
	while (m->slots[i]) {
		const struct map_entry *e = &m->entries[m->slots[i] - 1];
		if (e->hash == hash && strcmp(e->key, key) == 0)
			break;
		i = (i + 1) & mask;
	}
	return i;
}

static void grow_slots(struct map *m)
{
	free(m->slots);
	m->slot_count = m->slot_count ? m->slot_count * 2 : 16;
	m->slots = mem_array(m->slot_count, sizeof(*m->slots));
	for (size_t i = 0; i < m->count; i++)
		m->slots[find_slot(m, m->entries[i].key, m->entries[i].hash)] = (uint32_t)i + 1;
}

void map_done(struct map *m)
{
	for (size_t i = 0; i < m->count; i++) {
		free(m->entries[i].key);
		if (m->free_value)
			m->free_value(m->entries[i].value);
	}
	free(m->entries);
	free(m->slots);
	*m = (struct map){.free_value = m->free_value};
}

static struct map_entry *find(const struct map *m, const char *key)
{
	if (m->count == 0)
		return NULL;
	uint32_t slot = m->slots[find_slot(m, key, hash_text(key))];
	return slot ? &m->entries[slot - 1] : NULL;
}

void *map_get(const struct map *m, const char *key)
{
	const struct map_entry *e = find(m, key);
	return e ? e->value : NULL;
}

bool map_has(const struct map *m, const char *key)
{
	return find(m, key) != NULL;
}

void map_put(struct map *m, const char *key, void *value)
{
	struct map_entry *old = find(m, key);
	if (old) {
		if (m->free_value && old->value != value)
			m->free_value(old->value);
		old->value = value;
		return;
	}
	if ((m->count + 1) * 2 > m->slot_count)
		grow_slots(m);
	m->entries = mem_grow(m->entries, &m->cap, m->count + 1, sizeof(*m->entries));
	uint32_t hash = hash_text(key);
	m->entries[m->count] = (struct map_entry){mem_strdup(key), value, hash};
	size_t slot = find_slot(m, key, hash);
	m->slots[slot] = (uint32_t)++m->count;
}

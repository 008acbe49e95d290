#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 16 * 1024, CHUNK_MAX = 1024 * 1024 };

struct chunk {
	struct chunk *next;
	size_t size;
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct chunk *chunks; /* the one that is filled comes first */
};

struct arena *arena_new(void)
{
	return mem_alloc(sizeof(struct arena));
}

struct arena *arena_free(struct arena *a)
{
	if (!a)
		return NULL;
	while (a->chunks) {
		struct chunk *c = a->chunks;
		a->chunks = c->next;
		free(c);
	}
	free(a);
	return NULL;
}

void arena_free_at(struct arena **p)
{
	*p = arena_free(*p);
}

static void add_chunk(struct arena *a, size_t need)
{
	size_t size = a->chunks ? a->chunks->size * 2 : FIRST_CHUNK;
	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < need)
		size = need;
	struct chunk *c = mem_alloc(sizeof(*c) + size);
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t step = alignof(max_align_t);
	if (size > SIZE_MAX / 2)
		bug("arena allocation of %zu bytes", size);
	size = (size + step - 1) / step * step;
	if (!a->chunks || a->chunks->size - a->chunks->used < size)
		add_chunk(a, size);
	void *p = a->chunks->data + a->chunks->used;
	a->chunks->used += size;
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 2 / size)
		bug("arena array of %zu items", count);
	return arena_alloc(a, count * size);
}

void *arena_grow(struct arena *a, void *items, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return items;
	size_t now = *cap ? *cap * 2 : 8;
	if (now < need)
		now = need;
	void *moved = arena_array(a, now, size);
	if (*cap)
		memcpy(moved, items, *cap * size);
	*cap = now;
	return moved;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_alloc(a, n + 1);
	if (n)
		memcpy(copy, s, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *text = mem_vprintf(fmt, ap);
	va_end(ap);
	return arena_strdup(a, text);
}

void arena_strs_add(struct arena *a, struct strs *v, const char *text)
{
	v->items = arena_grow(a, v->items, &v->cap, v->count + 2, sizeof(*v->items));
	v->items[v->count++] = arena_strdup(a, text);
	v->items[v->count] = NULL;
}

/*
 * arena.h - memory that is freed all at once, for what lives as long as one document
 *
 *	struct arena *arena = arena_new();
 *	char *name = arena_strdup(arena, text);
 *	arena_free(arena);
 *
 * Nothing is freed one by one; everything is zeroed and aligned for any type. A struct strs that was filled by
 * arena_strs_add() belongs to the arena: it is read and copied like any other, but never grown by strs_add()
 * nor given to strs_done().
 */
#ifndef COOPER_BASE_ARENA_H
#define COOPER_BASE_ARENA_H

#include <stddef.h>

#include "base/auto.h"
#include "base/str.h"

struct arena;

/** arena_new() - an empty arena */
struct arena *arena_new(void);
/** arena_free() - free it and all that was made in it; NULL is fine; returns NULL */
struct arena *arena_free(struct arena *a);
/** arena_free_at() - cleanup handler of AUTO_ARENA */
void arena_free_at(struct arena **p);
#define AUTO_ARENA __attribute__((cleanup(arena_free_at))) struct arena

/** arena_alloc() - @size zeroed bytes, never NULL */
void *arena_alloc(struct arena *a, size_t size);
/** arena_array() - @count * @size zeroed bytes, overflow checked */
void *arena_array(struct arena *a, size_t count, size_t size);
/** arena_grow() - make room for @need items of @size in an array of *@cap; returns the (copied) array */
void *arena_grow(struct arena *a, void *items, size_t *cap, size_t need, size_t size);
/** arena_strdup() - copy of @s, NULL for NULL */
char *arena_strdup(struct arena *a, const char *s);
/** arena_strndup() - copy of exactly @n bytes, terminated */
char *arena_strndup(struct arena *a, const char *s, size_t n);
/** arena_printf() - formatted text */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** arena_strs_add() - append a copy of @text to @v, whose memory is this arena's */
void arena_strs_add(struct arena *a, struct strs *v, const char *text);

#endif

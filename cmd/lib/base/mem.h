/*
 * mem.h - allocation that cannot fail, and checked growth
 *
 * Out of memory prints one line and ends the program as failed: every write of ours is crash-safe, so that is sound. A
 * broken invariant ends in bug(), never in an error value.
 */
#ifndef COOPER_BASE_MEM_H
#define COOPER_BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/auto.h"

/* What the last words of a program without memory begin with. */
#define MEM_EXHAUSTED "cooper: out of memory"

/** mem_exhausted() - say so and end with exit status 1; for what a library could not allocate, too */
NO_RETURN void mem_exhausted(void);

/** mem_alloc() - @size bytes of zeroed memory, never NULL (size 0 gives 1 byte); free with free() */
void *mem_alloc(size_t size);

/** mem_array() - @count * @size zeroed bytes, overflow checked; free with free() */
void *mem_array(size_t count, size_t size);

/** mem_resize() - realloc that cannot fail; new bytes are not zeroed */
void *mem_resize(void *p, size_t size);

/** mem_grow() - make room for @need items of @size in an array of *@cap; returns the (moved) array */
void *mem_grow(void *items, size_t *cap, size_t need, size_t size);

/** mem_strdup() - copy of @s, NULL for NULL; free with free() */
char *mem_strdup(const char *s);

/** mem_strndup() - copy of at most @n bytes of @s, always terminated */
char *mem_strndup(const char *s, size_t n);

/** mem_printf() - formatted heap string; free with free() */
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** mem_vprintf() - mem_printf() with a va_list */
char *mem_vprintf(const char *fmt, va_list ap) PRINTF_LIKE(1, 0);

/** streq() - string equality where NULL equals only NULL */
bool streq(const char *a, const char *b);

/** word_index() - where @text is in @words, which end with NULL; -1 when it is not, or is NULL */
int word_index(const char *const *words, const char *text);

/** str_starts() - whether @s begins with @prefix */
bool str_starts(const char *s, const char *prefix);

/** str_ends() - whether @s ends with @suffix */
bool str_ends(const char *s, const char *suffix);

/** bug() - report a broken invariant and abort */
NO_RETURN void bug(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mem_exhausted(void)
{
	static const char text[] = MEM_EXHAUSTED "\nhint: close other programs, or raise the limit (`ulimit -v`), and run it again\n";
	ssize_t ignored = write(2, text, sizeof(text) - 1);
	(void)ignored;
	_exit(1);
}

void mem_free_at(void *p)
{
	void **where = p;
	free(*where);
	*where = NULL;
}

void fd_close_at(int *p)
{
	int saved = errno;
	if (*p >= 0)
		close(*p);
	*p = -1;
	errno = saved;
}

void *mem_alloc(size_t size)
{
	return mem_array(1, size);
}

void *mem_array(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);
	if (!p)
		mem_exhausted();
	return p;
}

void *mem_resize(void *p, size_t size)
{
	void *moved = realloc(p, size ? size : 1);
	if (!moved)
		mem_exhausted();
	return moved;
}

void *mem_grow(void *items, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return items;
	size_t wanted = *cap ? *cap : 8;
	while (wanted < need) {
		if (wanted > SIZE_MAX / 2)
			mem_exhausted();
		wanted *= 2;
	}
	if (size && wanted > SIZE_MAX / size)
		mem_exhausted();
	items = mem_resize(items, wanted * size);
	*cap = wanted;
	return items;
}

char *mem_strdup(const char *s)
{
	return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = mem_alloc(len + 1);
	memcpy(copy, s, len);
	return copy;
}

char *mem_vprintf(const char *fmt, va_list ap)
{
	char *text = NULL;
	if (vasprintf(&text, fmt, ap) < 0)
		mem_exhausted();
	return text;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = mem_vprintf(fmt, ap);
	va_end(ap);
	return text;
}

bool streq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int word_index(const char *const *words, const char *text)
{
	for (int i = 0; words[i]; i++)
		if (streq(words[i], text))
			return i;
	return -1;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

void bug(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *text = mem_vprintf(fmt, ap);
	va_end(ap);
	fprintf(stderr, "cooper: bug: %s\n", text);
	abort();
}

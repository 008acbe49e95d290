#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void str_done(struct str *s)
{
	free(s->data);
	*s = STR_INIT;
}

void str_add_mem(struct str *s, const void *bytes, size_t size)
{
	s->data = mem_grow(s->data, &s->cap, s->len + size + 1, 1);
	if (size)
		memcpy(s->data + s->len, bytes, size);
	s->len += size;
	s->data[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_add_mem(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
	str_add_mem(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *text = mem_vprintf(fmt, ap);
	va_end(ap);
	str_add(s, text);
}

void str_add_percent(struct str *s, const char *text, const char *also)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		str_addf(s, isalnum(*p) || strchr(also, *p) ? "%c" : "%%%02X", *p);
}

void str_clear(struct str *s)
{
	s->len = 0;
	if (s->data)
		s->data[0] = '\0';
}

const char *str_text(const struct str *s)
{
	return s->data ? s->data : "";
}

char *str_take(struct str *s)
{
	char *text = s->data ? s->data : mem_strdup("");
	*s = STR_INIT;
	return text;
}

/* Control characters and the marks that reorder or hide text (Trojan Source, CVE-2021-42574). */
static bool is_unprintable(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x061c;
}

void str_add_escaped(struct str *s, const char *bytes, size_t size)
{
	for (size_t n = 0; size > 0; bytes += n, size -= n) {
		int32_t point = 0;
		n = utf8_next(bytes, size, &point);
		bool plain = point >= 0 && !is_unprintable(point);
		if (plain)
			str_add_mem(s, bytes, n);
		for (size_t i = 0; i < n && !plain; i++)
			str_addf(s, "\\x%02x", (unsigned char)bytes[i]);
	}
}

char *str_escape(const char *text)
{
	struct str s = STR_INIT;
	str_add_escaped(&s, text, strlen(text));
	return str_take(&s);
}

char *str_escape_short(const char *text)
{
	const size_t most = 200;
	struct str s = STR_INIT;
	size_t size = strnlen(text, most + 1);
	bool cut = size > most;
	for (size = cut ? most : size; cut && size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80;)
		size--; /* not in the middle of a character */
	str_add_escaped(&s, text, size);
	str_add(&s, cut ? "..." : "");
	return str_take(&s);
}

bool str_fits(const char *text, char *to, size_t size)
{
	size_t n = strlen(text);
	*to = '\0';
	if (n < size)
		memcpy(to, text, n + 1);
	return n < size;
}

void strs_done(struct strs *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	*v = STRS_INIT;
}

void strs_take(struct strs *v, char *take_text)
{
	v->items = mem_grow(v->items, &v->cap, v->count + 2, sizeof(*v->items));
	v->items[v->count++] = take_text;
	v->items[v->count] = NULL;
}

void strs_add(struct strs *v, const char *text)
{
	strs_take(v, mem_strdup(text));
}

void strs_add_last(struct strs *v, const char *text, size_t most)
{
	while (v->count >= most && v->count > 0) {
		free(v->items[0]);
		memmove(v->items, v->items + 1, v->count-- * sizeof(*v->items));
	}
	strs_add(v, text);
}

void strs_addf(struct strs *v, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	strs_take(v, mem_vprintf(fmt, ap));
	va_end(ap);
}

void strs_add_all(struct strs *v, const char *const *items)
{
	for (; items && *items; items++)
		strs_add(v, *items);
}

void strs_copy(struct strs *v, const struct strs *from)
{
	for (size_t i = 0; i < from->count; i++)
		strs_add(v, from->items[i]);
}

bool strs_has(const struct strs *v, const char *text)
{
	for (size_t i = 0; i < v->count; i++)
		if (streq(v->items[i], text))
			return true;
	return false;
}

char *strs_join(const struct strs *v, const char *sep)
{
	struct str s = STR_INIT;
	for (size_t i = 0; i < v->count; i++) {
		if (i)
			str_add(&s, sep);
		str_add(&s, v->items[i]);
	}
	return str_take(&s);
}

void strs_split(struct strs *v, const char *text, const char *seps)
{
	while (*(text += strspn(text, seps))) {
		size_t n = strcspn(text, seps);
		strs_take(v, mem_strndup(text, n));
		text += n;
	}
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strs_sort(struct strs *v)
{
	if (v->count > 1)
		qsort(v->items, v->count, sizeof(*v->items), compare_items);
}

/*
 * str.h - a growing string, and a growing list of strings
 *
 * struct str is always NUL-terminated once anything was added; str_text() gives "" before. struct strs keeps
 * a NULL after its last item, so that .items can be passed as an argv. Neither has a maximum of its own: the
 * reader that feeds them has.
 */
#ifndef COOPER_BASE_STR_H
#define COOPER_BASE_STR_H

#include <stdarg.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/mem.h"

struct str {
	char *data;
	size_t len;
	size_t cap;
};

#define STR_INIT ((struct str){0})

void str_done(struct str *s);
/** str_add() - append a C string; str_add_mem() bytes; str_add_char() one byte; str_addf() formatted */
void str_add(struct str *s, const char *text);
void str_add_mem(struct str *s, const void *bytes, size_t size);
void str_add_char(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** str_add_escaped() - append foreign bytes with control characters, DEL, bad UTF-8 and bidi overrides as \xNN */
void str_add_escaped(struct str *s, const char *bytes, size_t size);
/** str_add_percent() - append text as in a URL, with %XX for all but ASCII letters, digits and what is in @also */
void str_add_percent(struct str *s, const char *text, const char *also);
/** str_clear() - length 0, memory kept */
void str_clear(struct str *s);
/** str_text() - the text, "" when empty; borrowed */
const char *str_text(const struct str *s);
/** str_take() - the text as a heap string (never NULL); *@s is empty afterwards */
char *str_take(struct str *s);
/** str_escape() - str_add_escaped() of a C string, as a new heap string */
char *str_escape(const char *text);
/** str_escape_short() - str_escape() of no more than the first 200 bytes, with "..." for the rest */
char *str_escape_short(const char *text);
/** str_fits() - copy @text to the @size bytes at @to, whole; false where it is too long: then @to is "" */
bool str_fits(const char *text, char *to, size_t size);

struct strs {
	char **items; /* NULL-terminated when count > 0 */
	size_t count;
	size_t cap;
};

#define STRS_INIT ((struct strs){0})

void strs_done(struct strs *v);
/** strs_add() - append a copy of @text; strs_take() appends an owned string; strs_addf() formatted */
void strs_add(struct strs *v, const char *text);
void strs_take(struct strs *v, char *take_text);
void strs_addf(struct strs *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** strs_add_last() - append a copy of @text and drop the first items above @most */
void strs_add_last(struct strs *v, const char *text, size_t most);
/** strs_add_all() - append copies of the NULL-terminated list @items (NULL is fine) */
void strs_add_all(struct strs *v, const char *const *items);
/** strs_copy() - append copies of all of @from */
void strs_copy(struct strs *v, const struct strs *from);
bool strs_has(const struct strs *v, const char *text);
/** strs_join() - the items with @sep between, as a heap string */
char *strs_join(const struct strs *v, const char *sep);
/** strs_split() - append the parts of @text between bytes of @seps, empty parts dropped */
void strs_split(struct strs *v, const char *text, const char *seps);
/** strs_sort() - in byte order */
void strs_sort(struct strs *v);

#endif

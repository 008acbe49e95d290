#include "recipe/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hidden.h"
#include "base/utf8.h"

enum { LINE_SHOWN = 160, GUTTER = 5, PROBLEMS_KEPT = 1000 };

struct problem {
	const struct yaml_doc *doc;
	struct yaml_mark start;
	size_t end; /* offset of the first byte after the fault; only the first line is underlined */
	const char *message;
	const char *hint;
	size_t doc_rank; /* documents in the order of their first problem */
	size_t order;    /* of arrival */
};

static void add(struct problems *p, struct problem problem)
{
	if (p->count == PROBLEMS_KEPT)
		return;
	for (size_t i = 0; i < p->count; i++) {
		const struct problem *old = &p->items[i];
		if (old->doc != problem.doc) {
			problem.doc_rank = old->doc_rank + 1 > problem.doc_rank ? old->doc_rank + 1 : problem.doc_rank;
			continue;
		}
		if (old->start.offset == problem.start.offset && streq(old->message, problem.message))
			return;
	}
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].doc == problem.doc)
			problem.doc_rank = p->items[i].doc_rank;
	problem.order = p->count;
	p->items = arena_grow(p->arena, p->items, &p->cap, p->count + 1, sizeof(*p->items));
	p->items[p->count++] = problem;
}

/* A collection is pointed at by its first byte: underlining all of it would hide what is meant. */
static size_t end_of(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && !node->block ? node->end.offset : node->start.offset + 1;
}

void problem_add(struct problems *p, const struct yaml_node *at, const char *hint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *message = mem_vprintf(fmt, ap);
	va_end(ap);
	add(p, (struct problem){.doc = at->doc,
				.start = at->start,
				.end = end_of(at),
				.message = arena_strdup(p->arena, message),
				.hint = arena_strdup(p->arena, hint)});
}

/*
 * Where the @count-th (from 0) occurrence of the @size bytes at @what starts in the source of @node; its end when
 * there is none, as with text that is written by escapes.
 */
static size_t find_in_source(const struct yaml_node *node, const char *what, size_t size, size_t count)
{
	const char *text = node->doc->text;
	for (size_t i = node->start.offset; i + size <= node->end.offset; i++) {
		if (memcmp(text + i, what, size) != 0)
			continue;
		if (count-- == 0)
			return i;
		i += size - 1;
	}
	return node->end.offset;
}

static struct yaml_mark mark_at(const struct yaml_node *node, size_t offset)
{
	struct yaml_mark mark = node->start;
	for (; mark.offset < offset; mark.offset++) {
		mark.column++;
		if (node->doc->text[mark.offset] == '\n') {
			mark.line++;
			mark.column = 1;
		}
	}
	return mark;
}

void problem_add_within(struct problems *p, const struct yaml_node *at, size_t from, size_t to, const char *hint,
			const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *message = mem_vprintf(fmt, ap);
	va_end(ap);
	size_t before = 0, size = to - from;
	for (size_t i = 0; i + size <= from; i++) {
		if (memcmp(at->text + i, at->text + from, size) == 0) {
			before++;
			i += size - 1;
		}
	}
	size_t offset = find_in_source(at, at->text + from, size, before);
	bool found = offset < at->end.offset;
	add(p, (struct problem){.doc = at->doc,
				.start = found ? mark_at(at, offset) : at->start,
				.end = found ? offset + size : end_of(at),
				.message = arena_strdup(p->arena, message),
				.hint = arena_strdup(p->arena, hint)});
}

void problems_add_doc(struct problems *p, const struct yaml_doc *doc)
{
	for (size_t i = 0; i < doc->problem_count; i++) {
		const struct yaml_problem *from = &doc->problems[i];
		add(p, (struct problem){.doc = doc,
					.start = from->start,
					.end = from->end.offset,
					.message = from->message,
					.hint = from->hint});
	}
}

static int compare(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;
	if (x->doc_rank != y->doc_rank)
		return x->doc_rank < y->doc_rank ? -1 : 1;
	if (x->start.offset != y->start.offset)
		return x->start.offset < y->start.offset ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* The next character of @text below @size: its bytes, as they are shown; returns how many there were. */
static size_t show_char(const char *text, size_t size, struct str *shown)
{
	size_t n = 1;
	while (n < size && ((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	int32_t point = 0;
	if (*text == '\t')
		str_add_char(shown, ' ');
	else if (hidden_find(text, n, &point) == 0)
		str_addf(shown, "<U+%04X>", (unsigned)point);
	else
		str_add_escaped(shown, text, n);
	return n;
}

static void add_repeated(struct str *s, char c, size_t n)
{
	while (n-- > 0)
		str_add_char(s, c);
}

/* "   12 | the line" and "      |     ^^^^"; a long line is shown from a little before the fault. */
static void add_excerpt(struct str *s, const struct problem *problem)
{
	const char *text = problem->doc->text;
	size_t start = problem->start.offset - (size_t)(problem->start.column - 1);
	size_t end = start + strcspn(text + start, "\r\n");
	size_t stop = problem->end < end ? problem->end : end;
	AUTO(str) before = STR_INIT;
	AUTO(str) marked = STR_INIT;
	AUTO(str) after = STR_INIT;
	size_t from = start;
	if (problem->start.offset - start > LINE_SHOWN / 2) {
		from = problem->start.offset - LINE_SHOWN / 2;
		while (from < end && ((unsigned char)text[from] & 0xc0) == 0x80)
			from++;
		str_add(&before, "... ");
	}
	bool is_cut = end > from + LINE_SHOWN;
	size_t last = is_cut ? from + LINE_SHOWN : end;
	for (size_t i = from; i < last;)
		i += show_char(text + i, end - i, i < problem->start.offset ? &before : i < stop ? &marked : &after);
	size_t width = utf8_columns(str_text(&marked));
	str_addf(s, "%*d | %s%s%s%s\n", GUTTER, problem->start.line, str_text(&before), str_text(&marked),
		 str_text(&after), is_cut ? " ..." : "");
	str_addf(s, "%*s | ", GUTTER, "");
	add_repeated(s, ' ', utf8_columns(str_text(&before)));
	add_repeated(s, '^', width ? width : 1);
	str_add_char(s, '\n');
}

static void add_problem(struct str *s, const struct problem *problem)
{
	AUTO_FREE char *name = str_escape(problem->doc->name);
	AUTO_FREE char *message = str_escape(problem->message);
	str_addf(s, "%s:%d:%d: %s\n", name, problem->start.line, problem->start.column, message);
	add_excerpt(s, problem);
	if (problem->hint) {
		AUTO_FREE char *hint = str_escape(problem->hint);
		str_addf(s, "%*s = hint: %s\n", GUTTER, "", hint);
	}
}

struct err *problems_error(const struct problems *p, const char *path)
{
	if (p->count == 0)
		return NULL;
	AUTO(str) s = STR_INIT;
	qsort(p->items, p->count, sizeof(*p->items), compare);
	for (size_t i = 0; i < p->count && i < PROBLEMS_SHOWN; i++)
		add_problem(&s, &p->items[i]);
	if (p->count > PROBLEMS_SHOWN)
		str_addf(&s, "... and %zu more\n", p->count - PROBLEMS_SHOWN);
	AUTO_FREE char *shown = str_escape(path);
	struct err *e = err_new(ERR_USAGE, "'%s' has %zu problem%s", shown, p->count, p->count == 1 ? "" : "s");
	return err_detail(e, str_take(&s));
}

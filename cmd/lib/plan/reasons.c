#include "plan/reasons.h"

#include <string.h>

#include "fmt/digest.h"

/* A value as people read it; heap, NULL when there is none. */
static char *shown(const struct json *value)
{
	AUTO(str) s = STR_INIT;
	if (js_as_text(value))
		return mem_strdup(js_as_text(value));
	for (size_t i = 0; js_is_array(value) && i < js_count(value); i++)
		str_addf(&s, "%s%s", i ? " " : "", js_as_text(js_at(value, i)));
	if (js_is_array(value))
		return str_take(&s);
	AUTO_FREE char *line = value ? js_line(value) : NULL;
	return streq(line, "null") ? NULL : TAKE(line);
}

/* Longer than this, or of several lines, a value is not shown: a script. */
enum { SHOWN_MAX = 200 };

static bool can_show(const char *text)
{
	return !digest_is(text) && strlen(text) <= SHOWN_MAX && !strchr(text, '\n');
}

static void add_change(struct step *s, const char *name, const struct json *was, const struct json *is)
{
	AUTO_FREE char *old = shown(was);
	AUTO_FREE char *now = shown(is);
	if (!old)
		strs_addf(&s->why, can_show(now) ? "%s is new: %s" : "%s is new", name, now);
	else if (!now)
		strs_addf(&s->why, "%s is gone", name);
	else if (!can_show(now) || !can_show(old))
		strs_addf(&s->why, "%s changed", name);
	else
		strs_addf(&s->why, "%s %s -> %s", name, *old ? old : "none", *now ? now : "none");
}

static bool same(const struct json *a, const struct json *b)
{
	if (!a || !b)
		return a == b;
	AUTO_FREE char *left = js_canonical(a);
	AUTO_FREE char *right = js_canonical(b);
	return streq(left, right);
}

/* How many before the @at-th of @list have its name: two sources may be called v1.tar.gz. */
static size_t rank(const struct json *list, size_t at)
{
	size_t n = 0;
	for (size_t i = 0; i < at; i++)
		n += streq(js_get_text(js_at(list, i), "name"), js_get_text(js_at(list, at), "name"));
	return n;
}

/* The thing of @list that is the @at-th of @from: the same name, as many of which come before; its place, or -1. */
static ptrdiff_t counterpart(const struct json *list, const struct json *from, size_t at)
{
	size_t wanted = rank(from, at);
	for (size_t i = 0; i < js_count(list); i++)
		if (streq(js_get_text(js_at(list, i), "name"), js_get_text(js_at(from, at), "name")) &&
		    rank(list, i) == wanted)
			return (ptrdiff_t)i;
	return -1;
}

static void compare_fields(struct step *s, const char *what, const struct json *was, const struct json *is)
{
	AUTO_FREE char *subject = mem_printf("%s %s", what, js_get_text(is, "name"));
	for (struct js_member m = {.of = is}; js_next(&m);) {
		const char *text = js_as_text(m.value);
		AUTO_FREE char *name =
			text && digest_is(text) ? mem_strdup(subject) : mem_printf("%s: %s", subject, m.key);
		if (!same(js_get(was, m.key), m.value))
			add_change(s, name, js_get(was, m.key), m.value);
	}
	for (struct js_member m = {.of = was}; js_next(&m);)
		if (!js_get(is, m.key))
			strs_addf(&s->why, "%s: %s is gone", subject, m.key);
}

static void compare_lists(struct step *s, const char *what, const struct json *was, const struct json *is)
{
	ptrdiff_t last = -1;
	bool moved = false;
	for (size_t i = 0; i < js_count(is); i++) {
		ptrdiff_t at = counterpart(was, is, i);
		if (at < 0) {
			strs_addf(&s->why, "%s %s is new", what, js_get_text(js_at(is, i), "name"));
			continue;
		}
		moved = moved || at < last;
		last = at;
		compare_fields(s, what, js_at(was, (size_t)at), js_at(is, i));
	}
	for (size_t i = 0; i < js_count(was); i++)
		if (counterpart(is, was, i) < 0)
			strs_addf(&s->why, "%s %s is gone", what, js_get_text(js_at(was, i), "name"));
	if (moved)
		strs_addf(&s->why, "the order of '%s' changed", what);
}

static bool is_container(const struct json *value)
{
	return js_is_object(value) || js_is_array(value);
}

static bool has_name(const struct json *list)
{
	return js_get_text(js_at(list, 0), "name");
}

static void compare_values(struct step *s, const char *name, const struct json *was, const struct json *is);

/* The items of two lists that have no names: what both begin and end with is passed over. */
static void compare_items(struct step *s, const char *name, const struct json *was, const struct json *is)
{
	size_t old = js_count(was), now = js_count(is), first = 0, last = 0;
	while (first < old && first < now && same(js_at(was, first), js_at(is, first)))
		first++;
	while (first + last < old && first + last < now && same(js_at(was, old - 1 - last), js_at(is, now - 1 - last)))
		last++;
	for (size_t i = first; i + last < old || i + last < now; i++) {
		AUTO_FREE char *item = mem_printf("%s %zu", name, i + 1);
		compare_values(s, item, i + last < old ? js_at(was, i) : NULL, i + last < now ? js_at(is, i) : NULL);
	}
}

static void compare_members(struct step *s, const char *name, const struct json *was, const struct json *is)
{
	size_t n = strlen(name);
	const char *between = n == 0 ? "" : name[n - 1] >= '0' && name[n - 1] <= '9' ? ": " : " ";
	for (struct js_member m = {.of = is}; js_next(&m);) {
		AUTO_FREE char *member = mem_printf("%s%s%s", name, between, m.key);
		compare_values(s, member, js_get(was, m.key), m.value);
	}
	for (struct js_member m = {.of = was}; js_next(&m);) {
		AUTO_FREE char *member = mem_printf("%s%s%s", name, between, m.key);
		if (!js_get(is, m.key))
			compare_values(s, member, m.value, NULL);
	}
}

static void compare_values(struct step *s, const char *name, const struct json *was, const struct json *is)
{
	if (same(was, is))
		return;
	if (js_is_object(was) && js_is_object(is))
		compare_members(s, name, was, is);
	else if (has_name(was) || has_name(is))
		compare_lists(s, name, was, is);
	else if (is_container(js_at(was, 0)) || is_container(js_at(is, 0)))
		compare_items(s, name, was, is);
	else if (js_is_object(was) || js_is_object(is))
		strs_addf(&s->why, is ? "%s is new" : "%s is gone", name);
	else
		add_change(s, name, was, is);
}

/* A recipe's fields stand for themselves. */
static void compare(struct step *s, const char *name, const struct json *was, const struct json *is)
{
	for (size_t i = 0; i < s->link_count; i++) {
		if (!s->links[i].in_key || !streq(s->links[i].step->id, name))
			continue;
		if (!same(was, is))
			strs_addf(&s->why, "%s changed", s->links[i].step->title);
		return;
	}
	compare_values(s, streq(name, "recipe") ? "" : name, was, is);
}

void reasons_add(struct step *step, const struct json *old)
{
	for (struct js_member m = {.of = step->inputs}; js_next(&m);)
		compare(step, m.key, js_get(old, m.key), m.value);
	for (struct js_member m = {.of = old}; js_next(&m);)
		if (!js_get(step->inputs, m.key))
			compare(step, m.key, m.value, NULL);
}

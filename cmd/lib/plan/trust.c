#include "plan/trust.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "plan/exposure.h"
#include "plan/stack_lock.h"
#include "sys/file.h"

void trust_done(struct trust *t)
{
	strs_done(&t->lines);
	strs_done(&t->fresh);
	t->lists = js_free(t->lists);
}

static char *file_of(const struct project *p)
{
	return path_join(p->home.root, "trust.json");
}

static struct err *read_lists(const struct project *p, struct json **ret_lists)
{
	AUTO_FREE char *path = file_of(p);
	bool there = false;

	TRY(file_exists(path, &there));
	if (!there) {
		*ret_lists = js_object();
		return NULL;
	}
	struct err *e = js_read(path, ret_lists);
	return err_is(e, ERR_CORRUPT) ? err_hint(e, "remove the file: then every project is asked about again") : e;
}

static struct err *write_lists(const struct project *p, const struct trust *t)
{
	AUTO_FREE char *path = file_of(p);
	return js_write(path, t->lists, 0600);
}

static char *folder_of(const struct project *p)
{
	AUTO_FREE char *dir = path_dir(p->stack_path);
	return file_absolute(dir);
}

static void add_known(const struct project *p, const struct json *lists, struct strs *lines)
{
	AUTO_FREE char *folder = folder_of(p);

	for (struct js_member m = {.of = lists}; js_next(&m);)
		if (streq(js_get_text(m.value, "project"), folder))
			js_copy_texts(js_get(m.value, "lines"), lines);
}

struct err *trust_known(const struct project *p, struct strs *lines)
{
	AUTO_JSON *lists = NULL;

	TRY(read_lists(p, &lists));
	add_known(p, lists, lines);
	return NULL;
}

static void find_fresh(const struct project *p, struct trust *t)
{
	AUTO(strs) known = STRS_INIT;

	add_known(p, t->lists, &known);
	for (size_t i = 0; i < t->lines.count; i++)
		if (!strs_has(&known, t->lines.items[i]))
			strs_add(&t->fresh, t->lines.items[i]);
}

struct err *trust_open(const struct project *p, struct trust *t)
{
	TRY(exposure_list(p, EXPOSURE_ALL | EXPOSURE_OWN, &t->lines));
	AUTO_FREE char *all = strs_join(&t->lines, "\n");
	digest_bytes(all, strlen(all), t->digest);
	TRY(read_lists(p, &t->lists));
	t->given = t->lines.count == 0 || js_get(t->lists, t->digest);
	if (!t->given)
		find_fresh(p, t);
	return NULL;
}

struct err *trust_give(const struct project *p, struct trust *t)
{
	AUTO_FREE char *folder = folder_of(p);
	struct json *list = js_object();

	js_set_text(list, "project", folder);
	js_set_now(list, "given");
	js_set(list, "lines", js_texts(&t->lines));
	js_set(t->lists, t->digest, list);
	TRY(write_lists(p, t));
	t->given = true;
	return NULL;
}

/* Whether all that is new since @before was resolved by this process, and all that went was in the lock. */
static bool only_resolved(const struct project *p, const struct strs *before, const struct strs *now)
{
	AUTO(strs) resolved = STRS_INIT;

	exposure_resolved(p, &resolved);
	for (size_t i = 0; i < now->count; i++)
		if (!strs_has(before, now->items[i]) && !strs_has(&resolved, now->items[i]))
			return false;
	for (size_t i = 0; i < before->count; i++)
		if (!strs_has(now, before->items[i]) && !str_starts(before->items[i], EXPOSURE_LOCK))
			return false;
	return true;
}

struct err *trust_keep(const struct project *p, const struct trust *before)
{
	AUTO(trust) now = TRUST_INIT;

	if (!before->given)
		return NULL;
	TRY(trust_open(p, &now));
	return now.given || !only_resolved(p, &before->lines, &now.lines) ? NULL : trust_give(p, &now);
}

struct err *trust_resolve(struct project *p, struct sink *sink)
{
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(trust) before = TRUST_INIT;

	stack_unresolved(p, &unresolved);
	if (unresolved.count)
		TRY(trust_open(p, &before));
	TRY(stack_resolve(p, sink));
	return trust_keep(p, &before);
}

struct err *trust_take(const struct project *p, struct trust *t, size_t *ret_count)
{
	AUTO_FREE char *folder = folder_of(p);
	AUTO_JSON *kept = js_object();

	*ret_count = 0;
	for (struct js_member m = {.of = t->lists}; js_next(&m);) {
		bool goes = streq(js_get_text(m.value, "project"), folder) || streq(m.key, t->digest);
		*ret_count += goes;
		if (!goes)
			js_set(kept, m.key, js_copy(m.value));
	}
	js_free(t->lists);
	t->lists = TAKE(kept);
	t->given = t->lines.count == 0;
	return *ret_count ? write_lists(p, t) : NULL;
}

/* The order in which a set's sections are applied, and where one commit ends and the next begins. */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "patch/patch_apply.h"

static bool is_excluded_path(const struct patch_apply *a, const struct patch_file *f)
{
	const char *path = patch_target(f);
	return path && glob_match_any(a->input->exclude, path);
}

static bool is_excluded(const struct patch_apply *a, const struct patch_file *f)
{
	const char *path = patch_target(f);
	if (!is_excluded_path(a, f))
		return false;
	if (a->report) {
		strs_add(&a->report->skipped, path);
		a->report->hunks_skipped += f->forward.kind || f->binary_missing ? 1 : f->hunk_count;
	}
	return true;
}

/* A path that the current group changed in place already: a new commit begins, mail header or not. */
static bool begins_group(const struct patch_apply *a, const struct patch_file *f)
{
	if (f->op == PATCH_CREATE || f->strip_failed)
		return false;
	const char *path = f->old_path ? f->old_path : f->new_path;
	const struct patch_node *node = path ? map_get(&a->overlay->nodes, path) : NULL;
	if (!node || node->group != *a->group)
		return false;
	if (f->op == PATCH_COPY)
		return node->before.kind == PATCH_ABSENT;
	return !(f->op == PATCH_RENAME && (node->moved_in || node->now.kind == PATCH_ABSENT));
}

/* Where a set is: what group its last section said, and which of its sections wait until others have made room. */
struct progress {
	size_t group_said;
	size_t *waiting;
	size_t count, cap;
};

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* Whether @g takes away what is above or below the name that @f makes. */
static bool makes_room(const struct patch_apply *a, const struct patch_file *g, const struct patch_file *f)
{
	return (g->op == PATCH_RENAME || g->op == PATCH_DELETE || g->op == PATCH_UNCOPY) && g->old_path &&
	       !is_excluded_path(a, g) && (is_below(g->old_path, f->new_path) || is_below(f->new_path, g->old_path));
}

/* A file where a folder is, or the other way round: git lists by name, so what gives way may come later. */
static bool must_wait(const struct patch_apply *a, const struct patch_set *set, const struct patch_file *f,
		      const struct progress *p)
{
	struct patch_node *node = NULL;
	if ((f->op != PATCH_CREATE && f->op != PATCH_RENAME && f->op != PATCH_COPY) || !f->new_path || f->strip_failed)
		return false;
	struct err *e = patch_overlay_get(a->overlay, f->new_path, &node);
	bool blocked = e || node->now.kind == PATCH_FOLDER || patch_overlay_is_dir(a->overlay, f->new_path);
	err_free(e);
	if (!blocked)
		return false;
	for (size_t i = 0; i < p->count; i++)
		if (makes_room(a, &set->files[p->waiting[i]], f))
			return true;
	const struct patch_file *end = set->files + set->file_count;
	for (const struct patch_file *g = f + 1; g < end && g->group == f->group; g++)
		if (makes_room(a, g, f))
			return true;
	return false;
}

static struct err *apply_waiting(const struct patch_apply *a, const struct patch_set *set, struct progress *p)
{
	size_t count = p->count;
	p->count = 0;
	for (size_t i = 0; i < count; i++)
		TRY(patch_apply_section(a, set, p->waiting[i]));
	return NULL;
}

/* Section @i is next: what the last one said tells whether its commit is another. */
static struct err *apply_next(const struct patch_apply *a, const struct patch_set *set, size_t i, struct progress *p)
{
	const struct patch_file *f = &set->files[i];
	if (f->group != p->group_said || begins_group(a, f)) {
		TRY(apply_waiting(a, set, p));
		++*a->group;
	}
	p->group_said = f->group;
	if (!must_wait(a, set, f, p))
		return patch_apply_section(a, set, i);
	p->waiting = mem_grow(p->waiting, &p->cap, p->count + 1, sizeof(*p->waiting));
	p->waiting[p->count++] = i;
	return NULL;
}

static int compare_places(const void *a, const void *b)
{
	const struct patch_place *x = a, *y = b;
	return x->row < y->row ? -1 : x->row > y->row;
}

struct err *patch_apply_set(const struct patch_apply *a, const struct patch_set *set)
{
	struct progress p = {.group_said = SIZE_MAX};
	size_t first = a->places ? a->report->place_count : 0;
	struct err *e = NULL;
	for (size_t i = 0; i < set->file_count && !e; i++)
		if (!is_excluded(a, &set->files[i]))
			e = apply_next(a, set, i, &p);
	if (!e)
		e = apply_waiting(a, set, &p);
	if (!e && p.cap && a->places)
		qsort(a->report->places + first, a->report->place_count - first, sizeof(*a->report->places),
		      compare_places);
	free(p.waiting);
	return e;
}

size_t patch_apply_count(const struct patch_apply *a, const struct patch_set *set, size_t *ret_wanted)
{
	struct progress p = {.group_said = SIZE_MAX};
	size_t fits = 0;
	*ret_wanted = 0;
	for (size_t i = 0; i < set->file_count; i++) {
		if (is_excluded(a, &set->files[i]))
			continue;
		struct err *e = apply_next(a, set, i, &p);
		++*ret_wanted;
		fits += !e;
		err_free(e);
	}
	struct err *e = apply_waiting(a, set, &p);
	fits -= e && fits;
	err_free(e);
	free(p.waiting);
	return fits;
}

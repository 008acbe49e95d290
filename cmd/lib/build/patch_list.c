#include "build/patch_list.h"

#include <stdlib.h>

#include "base/path.h"
#include "store/cas.h"
#include "sys/beneath.h"

enum { PATCH_MAX = 64 << 20 };

void patch_list_done(struct patch_list *list)
{
	free(list->inputs);
	free(list->refs);
	strs_done(&list->paths);
	strs_done(&list->owned);
	*list = (struct patch_list){.count = 0};
}

/* @path is below @dir, also behind links; they are of the recipe's folder or of the sources' tree. */
static struct err *add_patch(struct patch_list *l, const char *name, const char *dir, const char *path,
			     const struct patch_ref *ref, int strip, bool reverse)
{
	char *text = NULL;
	size_t size = 0, refs_cap = l->cap;
	TRY(beneath_read(dir, path, PATCH_MAX, &text, &size));
	strs_take(&l->owned, text);
	strs_add(&l->owned, name);
	l->inputs = mem_grow(l->inputs, &l->cap, l->count + 1, sizeof(*l->inputs));
	l->refs = mem_grow(l->refs, &refs_cap, l->count + 1, sizeof(*l->refs));
	strs_take(&l->paths, path_join(dir, path));
	l->refs[l->count] = ref;
	l->inputs[l->count++] = (struct patch_input){.name = l->owned.items[l->owned.count - 1],
						     .text = text,
						     .size = size,
						     .strip = strip,
						     .reverse = reverse,
						     .exclude = &ref->exclude};
	return NULL;
}

/* A quilt series that came with the sources. */
static struct err *add_series(struct patch_list *l, const char *tree, const struct patch_ref *ref)
{
	AUTO_FREE char *dir = path_dir(ref->series);
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	struct patch_series series = PATCH_SERIES_INIT;
	struct err *e = beneath_read(tree, ref->series, PATCH_MAX, &text, &size);
	if (err_is(e, ERR_ABSENT)) {
		err_free(e);
		return err_hint(err_new(ERR_USAGE, "the sources have no '%s'", ref->series),
				"remove 'series:', or correct its path: it begins at the top of the source tree");
	}
	TRY(e);
	TRY(patch_series_parse(ref->series, text, size, &series));
	for (size_t i = 0; i < series.count && !e; i++) {
		const struct patch_series_item *item = &series.items[i];
		AUTO_FREE char *file = path_join(dir, item->name);
		e = add_patch(l, item->name, tree, file, ref, item->strip, item->reverse);
	}
	patch_series_done(&series);
	return e;
}

static struct err *add_ref(struct patch_list *l, const struct recipe *recipe, const struct home *home, const char *tree,
			   const struct patch_ref *ref)
{
	if (ref->series)
		return add_series(l, tree, ref);
	if (ref->file) {
		AUTO_FREE char *path = path_join("patches", ref->file);
		return add_patch(l, ref->file, recipe->root, path, ref, ref->strip, /* reverse= */ false);
	}
	AUTO_FREE char *object = cas_path(home, ref->sha256);
	AUTO_FREE char *dir = path_dir(object);
	return add_patch(l, path_base(ref->url), dir, path_base(object), ref, ref->strip, /* reverse= */ false);
}

struct err *patch_list_read(const struct recipe *recipe, const struct home *home, const char *tree,
			    struct patch_list *list)
{
	for (size_t i = 0; i < recipe->patch_count; i++) {
		const struct patch_ref *ref = &recipe->patches[i];
		struct err *e = add_ref(list, recipe, home, tree, ref);
		if (e)
			return err_wrap(e, "%s:%d:%d", recipe->path, ref->mark.line, ref->mark.column);
	}
	return NULL;
}

/*
 * patch_list.h - the patches of a build recipe, read: its own, fetched ones, and the series that came with the sources
 *
 *	AUTO(patch_list) list = {.count = 0};
 *	TRY(patch_list_read(recipe, home, tree, &list));
 *	TRY(patch_series_apply(tree, list.inputs, list.count, NULL, &report));
 */
#ifndef COOPER_BUILD_PATCH_LIST_H
#define COOPER_BUILD_PATCH_LIST_H

#include "patch/patch.h"
#include "recipe/recipe.h"
#include "store/home.h"

struct patch_list {
	struct patch_input *inputs; /* in the order of application; borrow from the list and the recipe */
	const struct patch_ref **refs;
	size_t count, cap;
	struct strs paths; /* of the file that each came from */
	struct strs owned; /* names and texts */
};

void patch_list_done(struct patch_list *list);

/**
 * patch_list_read() - read every patch of @recipe
 * @tree: the unpacked sources, where a `series:` is found
 *
 * Errors: ABSENT, OS, CORRUPT (a damaged series), with the recipe's line and column
 */
MUST_CHECK struct err *patch_list_read(const struct recipe *recipe, const struct home *home, const char *tree,
				       struct patch_list *list);

#endif

/*
 * patch_recipe.h - the `patches:` of a recipe, edited as text: what was not changed keeps every byte
 *
 * Pure. Entries are moved, taken out and put in by the lines that they stand on; comments directly above an entry go
 * with it, and stay when it goes. The result is parsed again and has to mean the old recipe with that change, or
 * nothing is made of it.
 *
 *	struct patch_entry known[] = {{.key = "file", .value = "qemu/0001-tso.patch"}};
 *	struct patch_entry wanted[] = {known[0], {.key = "file", .value = "qemu/0002-x.patch", .why = "x", .is_new =
 *true}}; TRY(patch_recipe_edit("recipes/qemu.yaml", text, size, known, 1, wanted, 2, &out));
 */
#ifndef COOPER_BUILD_PATCH_RECIPE_H
#define COOPER_BUILD_PATCH_RECIPE_H

#include "base/err.h"
#include "build/patch_entry.h"

/**
 * patch_recipe_edit() - put the entries that took part into the order that they have now
 * @path:   of the recipe, for messages
 * @known:  entries that took part; those that are not wanted any more are taken out. Others keep their place: after
 *          the entry that they stand behind
 * @wanted: entries in their order; one that is new is put in. Entries one after another that are the same count once
 * @ret:    receives the new text, equal to @text when nothing changes
 *
 * Errors: USAGE (the recipe is written in a way that is not edited here; why)
 */
MUST_CHECK struct err *patch_recipe_edit(const char *path, const char *text, size_t size,
					 const struct patch_entry *known, size_t known_count,
					 const struct patch_entry *wanted, size_t wanted_count, struct str *ret);

#endif

/*
 * patch_recipe_text.h - where the entries of a recipe's `patches:` stand, and the text with others in their place
 *
 * Private to patch_recipe.c, which checks what comes out.
 */
#ifndef COOPER_BUILD_PATCH_RECIPE_TEXT_H
#define COOPER_BUILD_PATCH_RECIPE_TEXT_H

#include "base/err.h"
#include "build/patch_entry.h"
#include "fmt/yaml.h"

/* One entry of the list as it will be. */
struct place {
	const struct patch_entry *entry; /* a new one; NULL = one of before */
	size_t old;                      /* its index in the list */
};

struct recipe_text {
	const char *path;
	const struct yaml_doc *doc;
	const struct yaml_node *list; /* NULL = the recipe has no `patches` */
	struct place *order;          /* has all of the list before, those that go too: their comments stay */
	size_t count, cap;
	bool *dropped; /* of each of the list before */
};

/** patch_recipe_refuse() - USAGE: "'PATH' is not edited: WHAT" */
MUST_CHECK struct err *patch_recipe_refuse(const struct recipe_text *t, const char *what);
/** patch_recipe_block() - the text with a list of one entry a line, or one put in where there was none */
MUST_CHECK struct err *patch_recipe_block(const struct recipe_text *t, struct str *out);
/** patch_recipe_flow() - the text with a list in brackets */
MUST_CHECK struct err *patch_recipe_flow(const struct recipe_text *t, struct str *out);

#endif

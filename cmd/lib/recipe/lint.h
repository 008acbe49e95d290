/*
 * lint.h - the recipes, files and folders that a recipe names: whether they are there
 *
 * `lint` asks for all of them, whatever their `when:` says, before anybody has fetched or built anything. What is used
 * is resolved again by who needs it.
 */
#ifndef COOPER_RECIPE_LINT_H
#define COOPER_RECIPE_LINT_H

#include "recipe/recipe.h"

/**
 * recipe_lint() - look for everything that @r names
 * @roots: where recipes are looked for after the recipe's own root; NULL = nowhere else
 *
 * Errors: USAGE (all that is not there or leads out of its folder, each at its line), OS
 */
MUST_CHECK struct err *recipe_lint(const struct recipe *r, const struct strs *roots);

#endif

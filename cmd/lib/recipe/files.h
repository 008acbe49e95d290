/*
 * files.h - the files and folders beside a recipe that it names, as `lint` looks at them
 *
 * Whoever uses one resolves it for itself (sys/beneath.h); what is refused here is what is refused there. That a file
 * is not there is told by who needs it.
 */
#ifndef COOPER_RECIPE_FILES_H
#define COOPER_RECIPE_FILES_H

#include "recipe/recipe.h"

/** recipe_files_check() - USAGE when a name in @r leads out of the recipe's folder, by a link; OS */
MUST_CHECK struct err *recipe_files_check(const struct recipe *r);

#endif

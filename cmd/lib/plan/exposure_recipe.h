/*
 * exposure_recipe.h - what one recipe takes, runs and opens, as lines of exposure_list()
 *
 * Every field of a build and of an image bears on programs: a digest of all that they say ends their lines. Of a stack
 * each field that opens or runs something has a line; those without are listed in tests/unit/test_keys.c.
 */
#ifndef COOPER_PLAN_EXPOSURE_RECIPE_H
#define COOPER_PLAN_EXPOSURE_RECIPE_H

#include "recipe/recipe.h"

/** One recipe on its way into lines. */
struct exposing {
	const struct recipe *r;
	const char *path; /* of the recipe, below its root: the same in every checkout */
	struct strs *lines;
	const char *user;    /* who runs cooper, in words */
	const char *gap;     /* exposure_box_gap() */
	const char *follows; /* the URL of the channel that an image follows, where the lock has what is there */
};

/** exposing_add() - one line, after the recipe's path */
void exposing_add(const struct exposing *x, const char *text);
/**
 * exposing_recipe() - all lines of @x->r
 * @login:  the guest's user, for the steps of a stack
 *
 * Errors: those of reading a file that the recipe names
 */
MUST_CHECK struct err *exposing_recipe(const struct exposing *x, const char *login);

#endif

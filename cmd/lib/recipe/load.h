/*
 * load.h - from a YAML file to a checked recipe
 *
 *	struct recipe_target target = {.os = OS_LINUX, .arch = ARCH_X86_64, .guest_arch = ARCH_AARCH64};
 *	TRY(recipe_find("podman-debian", RECIPE_STACK, roots, &path));
 *	TRY(recipe_load(path, &target, roots, &recipe));
 *
 * All problems of a file are in the one error: its detail holds, for each, file:line:col, the line, a caret
 * and a hint. Bounds: 1 MiB, depth 32, aliases expanded to at most 10,000 nodes.
 */
#ifndef COOPER_RECIPE_LOAD_H
#define COOPER_RECIPE_LOAD_H

#include "base/arch.h"
#include "base/err.h"
#include "base/os_name.h"
#include "fmt/json.h"
#include "recipe/recipe.h"

/* What `when:` is decided against. */
struct recipe_target {
	enum os os;
	enum arch arch;       /* of the host */
	enum arch guest_arch; /* ARCH_NONE = the stack's, else the host's */
	const char *version;  /* of a build that says none: what its source resolved to; NULL = not known yet */
};

/**
 * recipe_load() - read a recipe, merge what it extends, check it, decide `when:`
 * @path:       the file
 * @target:     the host and the guest
 * @roots:      where `extends:` is looked for after the file's own root; NULL = nowhere else
 * @ret_recipe: free with recipe_free()
 *
 * Errors: USAGE (all problems in the detail), ABSENT (no such file)
 */
MUST_CHECK struct err *recipe_load(const char *path, const struct recipe_target *target, const struct strs *roots,
				   struct recipe **ret_recipe);

/**
 * recipe_find() - path of the recipe @name of @kind
 * @name:  a path (contains '/' or ends in .yaml) or a name: recipes/NAME.yaml, vmimages/NAME.yaml
 * @roots: folders to look in, in order (the project's, then the shipped ones)
 *
 * Errors: ABSENT with a did-you-mean among all names found; USAGE (what has the name was put there by another user: no
 * other one is taken in its place).
 */
MUST_CHECK struct err *recipe_find(const char *name, enum recipe_kind kind, const struct strs *roots, char **ret_path);

/**
 * recipe_is_there() - whether a recipe has the name @path
 *
 * What has that name and cannot be read must not be passed over: another recipe would be taken in its place.
 *
 * Errors: USAGE (a folder, or what else is no file), OS (a link that leads nowhere, a disk's error)
 */
MUST_CHECK struct err *recipe_is_there(const char *path, bool *ret_is_there);

/**
 * recipe_check_link() - refuse a link to a file that is not named as a recipe is
 *
 * A message shows the line that is wrong: a link in somebody's repository must not show one of any file.
 *
 * Errors: USAGE, OS
 */
MUST_CHECK struct err *recipe_check_link(const char *path);

/** recipe_input() - add "recipe" to a step's inputs: the document as keys see it */
MUST_CHECK struct err *recipe_input(const struct recipe *r, struct json *inputs);

/** recipe_list() - names of all recipes of @kind in @roots, sorted */
MUST_CHECK struct err *recipe_list(enum recipe_kind kind, const struct strs *roots, struct strs *names);

#endif

#include "recipe/lint.h"

#include <stdlib.h>

#include "base/path.h"
#include "base/suggest.h"
#include "recipe/load.h"
#include "recipe/problems.h"
#include "sys/beneath.h"
#include "sys/file.h"

struct lint {
	const struct recipe *r;
	struct strs roots;
	struct problems problems;
};

enum wanted { WANT_FILE, WANT_FOLDER };

/* "did you mean 'x'?" among what lies where @path should; NULL when nothing is like it. In the arena. */
static char *nearest(struct lint *l, const char *dir, const char *path)
{
	AUTO_FREE char *whole = path_join(dir, path);
	AUTO_FREE char *folder = path_dir(whole);
	AUTO(strs) names = STRS_INIT;
	err_free(dir_list(folder, &names)); /* a hint, and no more */
	const char *near = suggest_nearest(path_base(path), (const char *const *)names.items, names.count);
	AUTO_FREE char *sub = path_dir(path);
	if (!near)
		return NULL;
	return streq(sub, ".") ? arena_printf(l->r->arena, "did you mean '%s'?", near)
			       : arena_printf(l->r->arena, "did you mean '%s/%s'?", sub, near);
}

/* Whether the value of @node, the path @path below @dir, is there as what is @wanted. */
static void look(struct lint *l, const struct yaml_node *node, const char *dir, const char *path, enum wanted wanted)
{
	AUTO_FREE char *found = NULL;
	bool is_folder = false;
	struct err *e = beneath_path(dir, path, &found);
	if (!e)
		e = dir_exists(found, &is_folder);
	if (e) {
		problem_add(&l->problems, node, err_is(e, ERR_ABSENT) ? nearest(l, dir, path) : e->hint, "%s",
			    e->message);
		err_free(e);
		return;
	}
	if (is_folder != (wanted == WANT_FOLDER))
		problem_add(&l->problems, node, NULL, "'%s' is %s", path,
			    wanted == WANT_FOLDER ? "a file, and a folder is needed"
						  : "a folder, and a file is needed");
}

static bool is_text(const struct yaml_node *node)
{
	return node && node->kind == YAML_SCALAR;
}

/* A file beside the document that names it, which may be one further down than the recipe's own. */
static void look_beside(struct lint *l, const struct yaml_node *node, enum wanted wanted)
{
	if (!is_text(node))
		return;
	AUTO_FREE char *dir = path_dir(node->doc->name);
	look(l, node, dir, node->text, wanted);
}

/* The folder of an image of packages, and the scripts that are run from it. */
static void lint_image(struct lint *l, const struct yaml_node *files)
{
	static const char *const scripts[] = {"prepare.sh", "customize.sh"};
	size_t before = l->problems.count;
	look_beside(l, files, WANT_FOLDER);
	for (size_t i = 0; is_text(files) && l->problems.count == before && i < ARRAY_LEN(scripts); i++) {
		AUTO_FREE char *dir = path_dir(files->doc->name);
		AUTO_FREE char *path = path_join(files->text, scripts[i]);
		look(l, files, dir, path, WANT_FILE);
	}
}

static void find_recipe(struct lint *l, const struct yaml_node *node, enum recipe_kind kind)
{
	AUTO_FREE char *path = NULL;
	struct err *e = is_text(node) ? recipe_find(node->text, kind, &l->roots, &path) : NULL;
	if (e)
		problem_add(&l->problems, node, e->hint, "%s", e->message);
	err_free(e);
}

static void lint_patches(struct lint *l, const struct yaml_node *patches)
{
	for (size_t i = 0; patches && i < patches->count; i++) {
		const struct yaml_node *file = yaml_get(patches->values[i], "file");
		AUTO_FREE char *path = is_text(file) ? path_join("patches", file->text) : NULL;
		if (path)
			look(l, file, l->r->root, path, WANT_FILE);
	}
}

/* Of the folders to be shared those that come with the stack; others are each host's, and `doctor` looks for them. */
static void lint_mounts(struct lint *l, const struct yaml_node *mounts)
{
	for (size_t i = 0; mounts && i < mounts->count; i++) {
		const struct yaml_node *host = yaml_get(mounts->values[i], "host");
		AUTO_FREE char *dir = path_dir(l->r->path);
		if (is_text(host) && str_starts(host->text, "./") && host->text[2])
			look(l, host, dir, host->text + 2, WANT_FOLDER);
	}
}

static void lint_stack(struct lint *l, const struct yaml_node *root)
{
	const struct yaml_node *steps = yaml_get(root, "steps");
	find_recipe(l, yaml_get(root, "emulator"), RECIPE_BUILD);
	find_recipe(l, yaml_get(root, "image"), RECIPE_IMAGE);
	look_beside(l, yaml_get(root, "ignition"), WANT_FILE);
	lint_mounts(l, yaml_get(root, "mounts"));
	for (size_t i = 0; steps && i < steps->count; i++)
		look_beside(l, yaml_get(yaml_get(steps->values[i], "write"), "from"), WANT_FILE);
}

struct err *recipe_lint(const struct recipe *r, const struct strs *roots)
{
	struct lint l = {.r = r, .problems = {.arena = r->arena}};
	strs_add(&l.roots, r->root);
	if (roots)
		strs_copy(&l.roots, roots);
	if (r->kind == RECIPE_BUILD)
		lint_patches(&l, yaml_get(r->document, "patches"));
	if (r->kind == RECIPE_IMAGE)
		lint_image(&l, yaml_get(yaml_get(r->document, "debian"), "files"));
	if (r->kind == RECIPE_STACK)
		lint_stack(&l, r->document);
	strs_done(&l.roots);
	return problems_error(&l.problems, r->path);
}

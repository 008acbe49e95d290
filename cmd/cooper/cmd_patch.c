/* The author's loop: patch edit, patch save. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "build/patch_edit.h"
#include "command.h"
#include "plan/project.h"
#include "recipe/texts.h"
#include "sys/file.h"
#include "ui.h"

static const struct option_spec options[] = {
	{"directory", 'd', "DIR", "the work tree (default: ./RECIPE-patches)"},
	{"guest-arch", 0, "ARCH", "guest architecture for the recipe's `when: guest_arch` (default: the host's)"},
	{NULL, 0, NULL, NULL},
};

static const struct option_spec save_options[] = {
	{"directory", 'd', "DIR", "the work tree (default: the current folder, or ./RECIPE-patches)"},
	{NULL, 0, NULL, NULL},
};

static char *work_tree(const struct call *call, const char *name)
{
	return call_get(call, "directory") ? mem_strdup(call_get(call, "directory")) : mem_printf("%s-patches", name);
}

static struct err *absolute(char **dir)
{
	if (**dir == '/')
		return NULL;
	AUTO_FREE char *here = realpath(".", NULL);
	if (!here)
		return err_new(ERR_OS, "the current folder is gone");
	char *full = path_join(here, *dir);
	free(*dir);
	*dir = full;
	return NULL;
}

/* The files of the recipe, resolved and in the object store. */
static struct err *get_sources(const struct project *p, const struct recipe *r, const struct lock *lock,
			       struct source_files *files, struct sink *sink)
{
	TRY(source_list(r->sources, r->source_count, p->facts.arch, lock, files));
	return source_fetch(&p->home, files, "fetch", sink);
}

/* Whether the recipe came with cooper and the current folder is not that very tree, as it is for who works on them. */
static bool is_foreign(const struct project *p, const struct recipe *r)
{
	AUTO_FREE char *shipped = realpath(p->roots.items[p->roots.count - 1], NULL);
	AUTO_FREE char *root = realpath(r->root, NULL);
	AUTO_FREE char *here = realpath(".", NULL);
	size_t n = shipped ? strlen(shipped) : 0;
	bool inside = n && here && str_starts(here, shipped) && (here[n] == '/' || !here[n]);
	return n && root && streq(shipped, root) && !inside;
}

static struct err *open_tree(const struct call *call, const struct project *p, const struct recipe *r,
			     const struct lock *lock)
{
	struct source_files files = {.items = NULL};
	AUTO_FREE char *dir = work_tree(call, r->name);
	TRY(absolute(&dir));
	struct err *e = get_sources(p, r, lock, &files, call->sink);
	struct build_job job = {.home = &p->home,
				.recipe = r,
				.guest_arch = p->facts.arch,
				.facts = &p->facts,
				.files = &files,
				.source_step = "patch edit"};
	struct patch_edit_options o = {.stop = call_arg(call, 1), .shipped = is_foreign(p, r)};
	if (!e)
		e = patch_edit_open(&job, dir, &o, call->sink);
	source_files_done(&files);
	ui_finish();
	if (e)
		return e;
	printf("'%s' has one commit per patch.\n", dir);
	if (call_arg(call, 1))
		printf("It is at '%s': edit, git commit --amend, git rebase --continue.\n", call_arg(call, 1));
	printf("Then: cooper patch save -d %s\n", dir);
	if (o.shipped)
		printf("'%s' came with cooper: to save changes, take it into your project first (copy %s to recipes/ "
		       "and what it needs of %s/patches/ to patches/).\n",
		       r->name, r->path, r->root);
	return NULL;
}

/* The lock of the stack in this folder, whatever its file is called, else of the project, else of the shipped ones. */
static struct err *lock_of(const struct project *p, char **ret_path)
{
	AUTO_FREE char *dir = path_dir(p->stack_path ? p->stack_path : "./");
	bool is_here = false;
	TRY(file_exists("cooper.lock", &is_here));
	if (is_here)
		*ret_path = mem_strdup("cooper.lock");
	else
		*ret_path = path_join(p->stack_path ? dir : p->home.root, "cooper.lock");
	return NULL;
}

static struct err *run_edit(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *locked = NULL;
	TRY(project_start(&p));
	TRY(project_add_root(&p));
	enum arch arch = p.facts.arch;
	if (call_has(call, "guest-arch"))
		TRY(arch_option("guest architecture", call_get(call, "guest-arch"), arch_is_guest, &arch));
	TRY(recipe_find(call_arg(call, 0), RECIPE_BUILD, &p.roots, &path));
	TRY(absolute(&path)); /* `patch save` finds patches/ from anywhere */
	struct recipe_target target = {.os = p.facts.os, .arch = p.facts.arch, .guest_arch = arch};
	struct recipe *r = NULL;
	struct lock *lock = NULL;
	TRY(recipe_load(path, &target, &p.roots, &r));
	TRY(lock_of(&p, &locked));
	struct err *e = lock_open(locked, &lock);
	if (!e)
		e = home_make(&p.home);
	if (!e)
		e = source_resolve_build(&p.home, &target, &p.roots, lock, call->sink, &r);
	if (!e)
		e = open_tree(call, &p, r, lock);
	lock_free(lock);
	recipe_free(r);
	return e;
}

const struct subcommand cmd_patch_edit = {
	.name = "patch edit",
	.operands = "RECIPE [PATCH]",
	.summary = "open a recipe's patched sources as a git work tree, one commit per patch",
	.help = "With PATCH the tree is at that patch, with the later ones pending in a rebase. `cooper patch save` "
		"writes "
		"what changed back to patches/ and to the recipe.",
	.options = options,
	.run = run_edit,
};

static struct err *run_save(struct call *call)
{
	const char *recipe = call_arg(call, 0);
	AUTO_FREE char *dir = recipe ? work_tree(call, recipe) : NULL;
	AUTO(patch_saved) saved = {.untouched = 0};
	if (!dir)
		dir = mem_strdup(call_get(call, "directory") ? call_get(call, "directory") : ".");
	TRY(absolute(&dir));
	TRY(patch_edit_save(dir, &saved));
	for (size_t i = 0; i < saved.written.count; i++)
		printf("written: %s\n", saved.written.items[i]);
	for (size_t i = 0; i < saved.added.count; i++)
		printf("new: %s\n", saved.added.items[i]);
	for (size_t i = 0; i < saved.notes.count; i++)
		printf("%s\n", saved.notes.items[i]);
	printf("%zu patches untouched, %zu written, %zu new\n", saved.untouched, saved.written.count,
	       saved.added.count);
	return NULL;
}

const struct subcommand cmd_patch_save = {
	.name = "patch save",
	.operands = "[RECIPE]",
	.summary = "write the commits of a patch work tree back to patches/",
	.help = "Untouched patches stay byte for byte; changed ones keep their headers; new commits become new "
		"files and entries of the recipe.",
	.options = save_options,
	.run = run_save,
};

#include <stdio.h>

#include "command.h"
#include "guest/os.h"
#include "plan/project.h"
#include "plan/stack_spec.h"
#include "recipe/files.h"
#include "recipe/lint.h"
#include "ui.h"

/* An image, or what a stack asks of its own; one that is not found is recipe_lint()'s to tell, one
   that is not for this target, `plan`'s. */
static struct err *lint_guest(const struct recipe *r, const struct recipe_target *target, const struct strs *shipped)
{
	AUTO(strs) roots = STRS_INIT;
	AUTO_FREE char *path = NULL;
	struct recipe *image = NULL;
	if (r->kind != RECIPE_STACK)
		return r->kind == RECIPE_IMAGE ? guest_os_check(NULL, r) : NULL;
	strs_add(&roots, r->root);
	strs_copy(&roots, shipped);
	struct err *e = recipe_find(r->stack.image, RECIPE_IMAGE, &roots, &path);
	err_free(e ? e : recipe_load(path, target, &roots, &image));
	e = image ? guest_os_check(r, image) : NULL;
	recipe_free(image);
	return e;
}

/* A recipe must hold for every host and guest, not only for this one. */
static struct err *lint_file(const struct project *p, const char *path, int *ret_variants)
{
	const struct strs *roots = &p->roots;
	for (enum os os = OS_LINUX; os < OS_COUNT; os++) {
		for (enum arch host = ARCH_NONE + 1; host < ARCH_COUNT; host++) {
			for (enum arch guest = ARCH_NONE + 1; guest < ARCH_COUNT; guest++) {
				struct recipe_target target = {.os = os, .arch = host, .guest_arch = guest};
				struct recipe *r = NULL;
				if (!arch_is_guest(host) || !arch_is_guest(guest))
					continue;
				TRY(recipe_load(path, &target, roots, &r));
				struct err *e = recipe_files_check(r);
				if (!e)
					e = stack_shares_check(r, p->home.root);
				if (!e)
					e = lint_guest(r, &target, roots);
				if (!e && *ret_variants == 0) /* whatever `when:` says */
					e = recipe_lint(r, roots);
				recipe_free(r);
				TRY(e);
				++*ret_variants;
			}
		}
	}
	return NULL;
}

/* What a project has of its own; where there is no project, all that is shipped. */
static struct err *find_all(const struct project *p, struct strs *paths)
{
	struct strs own = {.items = p->roots.items, .count = 1};
	const struct strs *roots = p->stack_path ? &own : &p->roots;
	static const enum recipe_kind kinds[] = {RECIPE_BUILD, RECIPE_IMAGE, RECIPE_STACK};
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		AUTO(strs) names = STRS_INIT;
		TRY(recipe_list(kinds[k], roots, &names));
		for (size_t i = 0; i < names.count; i++) {
			AUTO_FREE char *path = NULL;
			TRY(recipe_find(names.items[i], kinds[k], roots, &path));
			strs_add(paths, path);
		}
	}
	if (p->stack_path && !strs_has(paths, p->stack_path))
		strs_add(paths, p->stack_path);
	return NULL;
}

/* Of one file; the others are looked at all the same. */
static void tell(struct call *call, struct err *take_e)
{
	ui_finish();
	fflush(stdout);
	ui_error(take_e, /* color= */ false);
	call->exit_code = err_exit_code(take_e);
	err_free(take_e);
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) paths = STRS_INIT;
	strs_copy(&paths, &call->args);
	TRY(project_start(&p));
	if (paths.count == 0) {
		TRY(project_add_root(&p));
		TRY(find_all(&p, &paths));
	}
	for (size_t i = 0; i < paths.count; i++) {
		int variants = 0;
		struct err *e = lint_file(&p, paths.items[i], &variants);
		if (e && i + 1 == paths.count)
			return e;
		if (e)
			tell(call, e);
		if (e || call_has(call, "quiet"))
			continue;
		AUTO_FREE char *path = str_escape(paths.items[i]);
		printf("%s: ok (%d host/guest combinations checked)\n", path, variants);
	}
	return NULL;
}

const struct subcommand cmd_lint = {
	.name = "lint",
	.operands = "[FILE...]",
	.summary = "check recipes for every host and guest they may be used on",
	.help = "Without FILE, checks the recipes of this folder's project, or every shipped one where there is no project. All problems in a file are shown, each with its line.",
	.run = run,
};

#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "base/units.h"
#include "machine/layer_users.h"
#include "plan/project_find.h"
#include "recipe/lock_file.h"
#include "session.h"
#include "store/gc.h"
#include "ui.h"

static const struct option_spec options[] = {
	{"dry-run", 'n', NULL, "list what would be removed, with sizes, and remove nothing"},
	{"yes", 'y', NULL, "do not ask for confirmation"},
	{NULL, 0, NULL, NULL},
};

static void print_items(const struct home *home, const struct gc *gc)
{
	for (size_t i = 0; i < gc->count; i++) {
		AUTO(str) size = STR_INIT;
		str_add_size(&size, gc->items[i].bytes);
		printf("%10s  %s\n", str_text(&size), gc->items[i].path + strlen(home->root) + 1);
	}
}

static void tell_left(const struct call *call, const struct home *home)
{
	AUTO(strs) left = STRS_INIT;
	gc_left_records(home, &left);
	for (size_t i = 0; i + 1 < left.count; i += 2)
		event_note(call->sink, NULL,
			   "what '%s' used last is kept, and it is not there any more: to let go of it, remove '%s'",
			   left.items[i + 1], left.items[i]);
}

/* Disks that no machine and no snapshot stands on any more. */
static struct err *add_layers(const struct home *home, struct gc *gc)
{
	AUTO(strs) paths = STRS_INIT;
	struct err *e = layers_unused(home->machines, vmm_list[0], &paths);
	if (e)
		return err_wrap(e, "cannot determine which disks are in use");
	for (size_t i = 0; i < paths.count; i++)
		TRY(gc_add(gc, paths.items[i]));
	return NULL;
}

static struct err *collect(struct call *call, const struct home *home, struct gc *gc)
{
	AUTO(strs) locks = STRS_INIT;
	AUTO(str) size = STR_INIT;
	AUTO_FREE char *stack = NULL;
	TRY(project_find(&stack));
	AUTO_FREE char *dir = path_dir(stack ? stack : "./");
	AUTO_FREE char *path = path_join(dir, "cooper.lock");
	AUTO_FREE char *lock = NULL;
	TRY(lock_file_place(path, &lock)); /* one that cannot be read keeps nothing, and must not be passed over */
	strs_add(&locks, lock);
	TRY(gc_find(home, &locks, gc));
	TRY(add_layers(home, gc));
	tell_left(call, home);
	str_add_size(&size, gc->bytes);
	if (gc->count == 0) {
		printf("everything in '%s' is in use\n", home->root);
		return NULL;
	}
	print_items(home, gc);
	if (call_has(call, "dry-run")) {
		printf("%s would be freed\n", str_text(&size));
		return NULL;
	}
	AUTO_FREE char *question = mem_printf("remove these %zu, %s?", gc->count, str_text(&size));
	if (!session_consent(call, question))
		return err_hint(err_new(ERR_USAGE, "nothing was removed"), "use --yes to remove without confirmation");
	struct err *e = gc_remove(gc, call->sink);
	ui_finish();
	if (!e)
		printf("%s freed\n", str_text(&size));
	return e;
}

static struct err *run(struct call *call)
{
	AUTO(home) home = {.root = NULL};
	AUTO(gc) gc = {.items = NULL};
	AUTO_CLOSE int lock = -1;
	TRY(home_open(&home));
	TRY(session_lock(call, &home, /* timeout_ms= */ 0, &lock));
	return collect(call, &home, &gc);
}

const struct subcommand cmd_gc = {
	.name = "gc",
	.operands = "",
	.summary = "remove downloads and results that no stack, lock or machine refers to",
	.help = "Keeps what the last `up` of each stack used, what cooper.lock (in COOPER_HOME and in this project) pins, and\n"
		"what the generations of all machines were built from. Source trees of other builds, package lists of which the\n"
		"last use is a day ago, and files that killed processes left half-written go as well. What names things in use\n"
		"has to be read whole: else nothing is removed.",
	.options = options,
	.run = run,
};

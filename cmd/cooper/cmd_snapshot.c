/* What a machine's data disk held, kept by name; and a second machine that begins with it. */
#include <stdio.h>
#include <unistd.h>

#include "base/units.h"
#include "machine/clone.h"
#include "machine/layer_users.h"
#include "machine/layers.h"
#include "machine/snapshot.h"
#include "session_machine.h"
#include "sys/file.h"
#include "table.h"

static const struct option_spec restore_options[] = {
	STACK_OPTIONS,
	{"yes", 'y', NULL, "do not ask for confirmation"},
	{NULL, 0, NULL, NULL},
};

/* A machine whose disks are about to be worked on. */
struct opened {
	struct project project;
	struct generation generation;
	struct machine_spec spec;
	const struct vmm *vmm;
	int lock, machine_lock; /* of the home, of the machine; -1 = not taken */
};

static void opened_done(struct opened *o)
{
	project_done(&o->project);
	generation_done(&o->generation);
	machine_spec_done(&o->spec);
	if (o->machine_lock >= 0)
		close(o->machine_lock);
	if (o->lock >= 0)
		close(o->lock);
}

static struct err *open_machine(const struct call *call, const char *name, bool changes, struct opened *o)
{
	bool there = false;
	TRY(session_open_machine(call, name, &o->project));
	TRY(dir_exists(o->project.machine_dir, &there));
	if (!there)
		return session_absent(&o->project);
	if (changes)
		TRY(session_lock(call, &o->project.home, /* timeout_ms= */ 0, &o->lock));
	TRY(session_machine(&o->project, &o->spec, &o->generation));
	TRY(vmm_choose(&o->spec, &o->project.facts, &o->vmm));
	AUTO_FREE char *holder = mem_printf("cooper %s", call->command->name);
	return changes ? layers_hold(&o->spec, o->vmm, holder, &o->machine_lock) : NULL;
}

#define OPENED_INIT {.project = {.stack = NULL}, .lock = -1, .machine_lock = -1}

/* What was asked for is done. That a disk of some machine is damaged or away is no failure of it; the host's errors are. */
static struct err *tidy(const struct call *call, const struct opened *o)
{
	struct err *e = layers_settle(&o->spec, o->vmm);
	if (!err_is(e, ERR_CORRUPT) && !err_is(e, ERR_ABSENT))
		return e ? err_wrap(e, "done, but disk space has not been freed yet") : NULL;
	event_warn(call->sink, NULL, "disk space has not been freed yet: %s", e->message);
	return err_free(e);
}

static struct err *run_create(struct call *call)
{
	AUTO(opened) o = OPENED_INIT;
	TRY(open_machine(call, call_arg(call, 1), /* changes= */ true, &o));
	TRY(snapshot_create(&o.spec, o.vmm, call_arg(call, 0)));
	printf("created snapshot '%s' of '%s'\n", call_arg(call, 0), o.project.machine_name);
	return NULL;
}

static void print_list(const struct snapshots *list)
{
	for (size_t i = 0; i < list->count; i++) {
		AUTO(str) size = STR_INIT;
		if (list->items[i].bytes >= 0)
			str_add_size(&size, list->items[i].bytes);
		else
			str_add(&size, "damaged");
		printf("%-24s %-20s %10s\n", list->items[i].name, list->items[i].made, str_text(&size));
	}
}

static struct json *list_json(const struct snapshots *list)
{
	struct json *all = js_array();
	for (size_t i = 0; i < list->count; i++) {
		struct json *s = js_object();
		js_set_text(s, "name", list->items[i].name);
		js_set_text(s, "made", list->items[i].made);
		js_set_int(s, "bytes", list->items[i].bytes);
		js_add(all, s);
	}
	return all;
}

static struct err *run_list(struct call *call)
{
	AUTO(opened) o = OPENED_INIT;
	AUTO(snapshots) list = {.items = NULL};
	TRY(open_machine(call, call_arg(call, 0), /* changes= */ false, &o));
	TRY(snapshots_list(&o.spec, &list));
	if (call_has(call, "json")) {
		AUTO_JSON *all = list_json(&list);
		print_json(all);
		return NULL;
	}
	if (list.count == 0)
		printf("the machine '%s' has no snapshots\n", o.project.machine_name);
	print_list(&list);
	return NULL;
}

static struct err *run_restore(struct call *call)
{
	AUTO(opened) o = OPENED_INIT;
	const char *name = call_arg(call, 0);
	TRY(open_machine(call, call_arg(call, 1), /* changes= */ true, &o));
	TRY(snapshot_check(&o.spec, name));
	AUTO_FREE char *question = mem_printf("discard everything that '%s' has written to homes and containers since snapshot '%s'?",
					      o.project.machine_name, name);
	if (!session_consent(call, question))
		return err_hint(err_new(ERR_USAGE, "nothing was changed"), "use --yes to restore without confirmation");
	TRY(snapshot_restore(&o.spec, o.vmm, name));
	TRY(tidy(call, &o));
	printf("'%s' is back at snapshot '%s'\n", o.project.machine_name, name);
	return NULL;
}

static struct err *run_delete(struct call *call)
{
	AUTO(opened) o = OPENED_INIT;
	TRY(open_machine(call, call_arg(call, 1), /* changes= */ true, &o));
	struct err *e = snapshot_delete(&o.spec, call_arg(call, 0));
	if (!e || err_is(e, ERR_ABSENT)) /* of one that is gone the rest may be left, when that was cut short */
		e = err_first(e, tidy(call, &o));
	TRY(e);
	printf("deleted snapshot '%s' of '%s'\n", call_arg(call, 0), o.project.machine_name);
	return NULL;
}

static struct err *run_clone(struct call *call)
{
	AUTO(opened) o = OPENED_INIT;
	if (!call_arg(call, 0))
		return err_hint(err_new(ERR_USAGE, "`cooper clone` needs the name of the new machine"),
				"usage: cooper clone %s", call->command->operands);
	const char *to = call_arg(call, 1) ? call_arg(call, 1) : call_arg(call, 0);
	TRY(open_machine(call, call_arg(call, 1) ? call_arg(call, 0) : NULL, /* changes= */ true, &o));
	TRY(machine_clone(&o.spec, &o.generation, o.vmm, to));
	printf("machine '%s' is a clone of '%s'; `cooper start %s` starts it\n", to, o.project.machine_name, to);
	return NULL;
}

#define SNAPSHOT_HELP                                                                                                  \
	"The machine does not run meanwhile. A snapshot holds the data disk: homes, containers, images and volumes. The\n" \
	"OS disk is made from the stack, and `cooper rollback` is for that.\n"

const struct subcommand cmd_snapshot_create = {
	.name = "snapshot create",
	.operands = "SNAPSHOT [NAME]",
	.summary = "keep what the machine's data disk holds now, to go back to",
	.help = "Takes no longer for a large disk, and no space; what changes afterwards does.\n" SNAPSHOT_HELP
		NAME_HELP,
	.options = stack_options,
	.run = run_create,
};

const struct subcommand cmd_snapshot_list = {
	.name = "snapshot list",
	.operands = "[NAME]",
	.summary = "list the machine's snapshots, and how much of this host's disk each takes by itself",
	.help = NAME_HELP,
	.options = stack_json_options,
	.run = run_list,
};

const struct subcommand cmd_snapshot_restore = {
	.name = "snapshot restore",
	.operands = "SNAPSHOT [NAME]",
	.summary = "return the machine's data disk to a snapshot; what was written since is lost",
	.help = "The snapshot stays.\n" SNAPSHOT_HELP NAME_HELP,
	.options = restore_options,
	.run = run_restore,
};

const struct subcommand cmd_snapshot_delete = {
	.name = "snapshot delete",
	.operands = "SNAPSHOT [NAME]",
	.summary = "delete a snapshot; the machine keeps what it has",
	.help = "What only the snapshot needed is removed, and what the data disk shared with it is written together: that can\n"
		"take a while.\n" SNAPSHOT_HELP NAME_HELP,
	.options = stack_options,
	.run = run_delete,
};

const struct subcommand cmd_clone = {
	.name = "clone",
	.operands = "[NAME] CLONE",
	.summary = "make a second machine, CLONE, that begins as this one is now",
	.help = "Takes no longer for a large data disk: both go on from the same one, and write to their own. The clone has\n"
		"the same users, keys, containers, shares and ports. The machine does not run meanwhile. `cooper up` in a project\n"
		"with `machine: { name: CLONE }` applies that project's stack to it.\n" NAME_HELP,
	.options = stack_options,
	.run = run_clone,
};

/* What a machine's data disk held, kept by name; and a second machine that begins with it. */
#include <stdio.h>

#include "base/units.h"
#include "machine/clone.h"
#include "machine/layer_users.h"
#include "machine/layers.h"
#include "machine/snapshot.h"
#include "session_disks.h"
#include "sys/file.h"
#include "table.h"

static const struct option_spec restore_options[] = {
	STACK_OPTIONS,
	{"yes", 'y', NULL, "do not ask for confirmation"},
	{NULL, 0, NULL, NULL},
};

/* What was asked for is done. That a disk of some machine is damaged or away is no failure of it; the host's errors are. */
static struct err *tidy(const struct call *call, const struct session_disks *o)
{
	struct err *e = layers_settle(&o->spec, o->vmm);
	if (!err_is(e, ERR_CORRUPT) && !err_is(e, ERR_ABSENT))
		return e ? err_wrap(e, "done, but disk space has not been freed yet") : NULL;
	event_warn(call->sink, NULL, "disk space has not been freed yet: %s", e->message);
	return err_free(e);
}

static struct err *run_create(struct call *call)
{
	AUTO(session_disks) o = SESSION_DISKS_INIT;
	TRY(session_disks_open(call, call_arg(call, 1), /* works= */ true, &o));
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
	AUTO(session_disks) o = SESSION_DISKS_INIT;
	AUTO(snapshots) list = {.items = NULL};
	TRY(session_disks_open(call, call_arg(call, 0), /* works= */ false, &o));
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
	AUTO(session_disks) o = SESSION_DISKS_INIT;
	const char *name = call_arg(call, 0);
	TRY(session_disks_open(call, call_arg(call, 1), /* works= */ true, &o));
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
	AUTO(session_disks) o = SESSION_DISKS_INIT;
	TRY(session_disks_open(call, call_arg(call, 1), /* works= */ true, &o));
	struct err *e = snapshot_delete(&o.spec, call_arg(call, 0));
	if (!e || err_is(e, ERR_ABSENT)) /* of one that is gone the rest may be left, when that was cut short */
		e = err_first(e, tidy(call, &o));
	TRY(e);
	printf("deleted snapshot '%s' of '%s'\n", call_arg(call, 0), o.project.machine_name);
	return NULL;
}

static struct err *run_clone(struct call *call)
{
	AUTO(session_disks) o = SESSION_DISKS_INIT;
	if (!call_arg(call, 0))
		return err_hint(err_new(ERR_USAGE, "`cooper clone` needs the name of the new machine"),
				"usage: cooper clone %s", call->command->operands);
	const char *to = call_arg(call, 1) ? call_arg(call, 1) : call_arg(call, 0);
	TRY(session_disks_open(call, call_arg(call, 1) ? call_arg(call, 0) : NULL, /* works= */ true, &o));
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

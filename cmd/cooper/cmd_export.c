/* A machine's data as a file, and a machine made from such a file. */
#include <stdio.h>

#include "machine/export.h"
#include "session_disks.h"
#include "sys/tick.h"

static void tell(const struct call *call, enum event_kind kind, const char *text, int64_t since)
{
	event_emit(call->sink, &(struct event){.kind = kind, .step = call->command->name, .text = text,
					       .ms = since ? tick_ms() - since : 0});
}

static struct err *ended(const struct call *call, int64_t since, struct err *e)
{
	tell(call, e ? EVENT_STEP_FAIL : EVENT_STEP_DONE, "", since);
	return e;
}

static struct err *missing(const struct call *call, const char *what)
{
	return err_hint(err_new(ERR_USAGE, "`cooper %s` needs %s", call->command->name, what), "usage: cooper %s %s",
			call->command->name, call->command->operands);
}

/* One word that is the name of a machine is hardly meant to be that of a file. */
static struct err *refuse_machine(const char *word)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) names = STRS_INIT;
	TRY(project_start(&p));
	TRY(session_machines(&p.home, &names));
	return strs_has(&names, word)
		       ? err_hint(err_new(ERR_USAGE, "'%s' is the name of a machine, and no file is named", word),
				  "`cooper export %s %s.tar`; for a file of that name: ./%s", word, word, word)
		       : NULL;
}

static struct err *run_export(struct call *call)
{
	AUTO(session_disks) d = SESSION_DISKS_INIT;
	const char *first = call_arg(call, 0), *second = call_arg(call, 1);
	const char *file = second ? second : first;
	int64_t since = tick_ms();
	if (!file || !*file)
		return missing(call, "the name of the file to write");
	if (!second)
		TRY(refuse_machine(file));
	TRY(session_disks_open(call, second ? first : NULL, /* works= */ true, &d));
	tell(call, EVENT_STEP_START, file, 0);
	TRY(ended(call, since, machine_export(&d.spec, d.vmm, file, call->sink, call->command->name)));
	printf("exported '%s' to '%s'\n", d.project.machine_name, file);
	return NULL;
}

static struct err *run_import(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO_CLOSE int lock = -1;
	AUTO_FREE char *name = NULL;
	int64_t since = tick_ms();
	if (!call_arg(call, 0))
		return missing(call, "the file to read");
	TRY(project_start(&p));
	TRY(session_lock(call, &p.home, /* timeout_ms= */ 0, &lock));
	tell(call, EVENT_STEP_START, call_arg(call, 0), 0);
	TRY(ended(call, since,
		  machine_import(p.home.machines, vmm_list[0], call_arg(call, 0), call_arg(call, 1), call->sink,
				 call->command->name, &name)));
	printf("imported '%s' from '%s'; `cooper up` with a stack whose machine has that name gives it an OS disk\n", name,
	       call_arg(call, 0));
	return NULL;
}

const struct subcommand cmd_export = {
	.name = "export",
	.operands = "[NAME] FILE",
	.summary = "write a machine's data to one file, to keep it or to take it to another host",
	.help = "FILE is a tar with the data disk (homes, containers, images and volumes), compressed, and its checksums: what\n"
		"`sha256sum -c` and qemu-img can read without cooper. The OS disk is made from the stack, and is not in it, nor\n"
		"are the machine's ssh keys and snapshots. The machine does not run meanwhile. FILE can be read by its owner\n"
		"alone: whatever the machine's homes hold is in it.\n" NAME_HELP,
	.options = stack_options,
	.run = run_export,
};

const struct subcommand cmd_import = {
	.name = "import",
	.operands = "FILE [NAME]",
	.summary = "make a machine with the data of a file that `cooper export` wrote",
	.help = "NAME is the new machine's; without it, it has the name of the one that was exported. `cooper up` in a project\n"
		"with `machine: { name: NAME }` makes its OS disk and starts it. The file is compared with its checksums first.\n",
	.run = run_import,
};

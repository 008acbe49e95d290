/* A machine that must not be removed by mistake. */
#include <stdio.h>

#include "machine/protect.h"
#include "session_machine.h"
#include "sys/file.h"

static struct err *set(const struct call *call, bool on)
{
	AUTO(project) p = PROJECT_INIT;
	bool there = false;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(dir_exists(p.machine_dir, &there));
	if (!there)
		return session_absent(&p);
	TRY(machine_protect(p.machine_dir, on));
	printf("machine '%s' is %sprotected\n", p.machine_name, on ? "" : "not ");
	return NULL;
}

static struct err *run_protect(struct call *call)
{
	return set(call, /* on= */ true);
}

static struct err *run_unprotect(struct call *call)
{
	return set(call, /* on= */ false);
}

const struct subcommand cmd_protect = {
	.name = "protect",
	.operands = "[NAME]",
	.summary = "refuse to destroy the machine until `cooper unprotect`",
	.help = "`cooper destroy --all` then refuses, too. Everything else goes on as before.\n" NAME_HELP,
	.options = stack_options,
	.run = run_protect,
};

const struct subcommand cmd_unprotect = {
	.name = "unprotect",
	.operands = "[NAME]",
	.summary = "allow the machine to be destroyed again",
	.help = NAME_HELP,
	.options = stack_options,
	.run = run_unprotect,
};

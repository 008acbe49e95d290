/* Into the guest: ssh, and its configuration for other programs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "machine/machine.h"
#include "machine/pause.h"
#include "machine/record.h"
#include "machine/same_folder.h"
#include "session_machine.h"
#include "sys/file.h"

enum { CONFIG_MAX = 64 * 1024 };

static const struct option_spec ssh_options[] = {
	{"tty", 't', NULL, "give the command a terminal, as htop, vi and sudo want it"},
	STACK_OPTIONS,
	{NULL, 0, NULL, NULL},
};

/* The current folder as the guest has it, where it is in a mount of what runs; NULL else, and when nobody knows. */
static char *folder_in_guest(const struct project *p, const struct machine_status *status)
{
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	AUTO_FREE char *here = getcwd(NULL, 0);

	struct err *e = here ? generation_load(p->machine_dir, status->generation, &g) : NULL;
	if (!e && g.number)
		e = machine_record_read(g.dir, &spec);
	char *folder = e || !spec.name ? NULL : same_folder(&spec, here);
	err_free(e); /* then home is as good */
	return folder;
}

/* A login shell, in @folder where the guest lets it. */
#define SHELL_IN_FOLDER "cd -- \"$1\" 2>/dev/null; exec \"${SHELL:-/bin/sh}\" -l"

static void make_argv(const struct call *call, const struct project *p, const struct machine_status *status,
		      const struct ssh *ssh, struct strs *argv)
{
	const char *const *words = (const char *const *)call->args.items + call->rest;
	bool is_shell = call->args.count == call->rest;
	bool terminal = is_shell ? isatty(0) && isatty(1) : call_has(call, "tty");
	AUTO_FREE char *folder = is_shell && terminal ? folder_in_guest(p, status) : NULL;
	const char *const shell[] = {"sh", "-c", SHELL_IN_FOLDER, "cooper", folder, NULL};

	ssh_argv(ssh, folder ? shell : is_shell ? NULL : words, terminal, argv);
}

static struct err *run_ssh(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO(strs) argv = STRS_INIT;
	struct machine_status status;
	TRY(session_open_machine(call, call->rest ? call_arg(call, 0) : NULL, &p));
	TRY(session_reach(&p, &status));
	machine_ssh_open(p.machine_dir, p.machine_name, &ssh);
	make_argv(call, &p, &status, &ssh.ssh, &argv);
	execvp(argv.items[0], argv.items);
	return err_os(errno, "cannot run '%s'", argv.items[0]);
}

const struct subcommand cmd_ssh = {
	.name = "ssh",
	.operands = "[NAME] [-- CMD...]",
	.summary = "open a shell in the machine, or run one command",
	.help = "Arguments after --, or after NAME and the command's first word, reach the program in the guest exactly as\n"
		"given. The exit status is the command's. A shell begins in the current folder where the machine shares it.\n" NAME_HELP,
	.options = ssh_options,
	.words = 1,
	.run = run_ssh,
};

/* What the last start wrote; a copy of it is wrong once the port is another one. */
static struct err *run_config(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO_FREE char *text = NULL;
	bool there = false;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(dir_exists(p.machine_dir, &there));
	if (!there)
		return session_absent(&p);
	machine_ssh_open(p.machine_dir, p.machine_name, &ssh);
	struct err *e = file_read(ssh.config, CONFIG_MAX, &text, NULL);
	if (err_is(e, ERR_ABSENT))
		return err_hint(e, "it is written when the machine starts: `cooper up` or `cooper start`");
	TRY(e);
	printf("# To follow a port that changes, have this line instead of a copy:\n# Include \"%s\"\n%s", ssh.config,
	       text);
	return NULL;
}

const struct subcommand cmd_ssh_config = {
	.name = "ssh-config",
	.operands = "[NAME]",
	.summary = "print the ssh configuration of the machine, for ssh, scp, rsync and editors",
	.help = "What is printed belongs into ~/.ssh/config, and makes the machine `ssh cooper-NAME`.\n" NAME_HELP,
	.options = stack_options,
	.run = run_config,
};

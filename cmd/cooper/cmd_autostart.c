/* A machine that starts when its user logs in. */
#include <stdio.h>

#include "base/path.h"
#include "machine/autostart.h"
#include "session_machine.h"
#include "sys/file.h"
#include "sys/os.h"

static const struct option_spec options[] = {STACK_OPTIONS, {NULL, 0, NULL, NULL}};

static struct err *run_on(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO_FREE char *program = NULL;
	AUTO_FREE char *path = NULL;
	bool there = false;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(dir_exists(p.machine_dir, &there));
	if (!there)
		return session_absent(&p);
	TRY(os_exe_path(&program));
	const struct autostart a = {.os = p.facts.os, .dir = p.machine_dir, .home = p.home.root, .program = program};
	TRY(autostart_on(&a, &path));
	printf("machine '%s' starts when you log in: %s\n", p.machine_name, path);
	if (p.facts.os == OS_LINUX)
		event_note(call->sink, NULL, "to start it with the host, without a login: `loginctl enable-linger`");
	return NULL;
}

static struct err *run_off(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	bool was_on = false;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	const struct autostart a = {.os = p.facts.os, .dir = p.machine_dir, .home = p.home.root};
	TRY(autostart_off(&a, &was_on));
	printf("machine '%s' %s when you log in\n", p.machine_name, was_on ? "no longer starts" : "does not start");
	return NULL;
}

const struct subcommand cmd_autostart_on = {
	.name = "autostart on",
	.operands = "[NAME]",
	.summary = "start the machine whenever you log in (systemd or launchd)",
	.help = "Writes a systemd user unit, or a launch agent on macOS, which runs `cooper machine run NAME`: the machine is\n"
		"shut down when the session ends. Takes effect at the next login. `cooper destroy` removes it.\n" NAME_HELP,
	.options = options,
	.run = run_on,
};

const struct subcommand cmd_autostart_off = {
	.name = "autostart off",
	.operands = "[NAME]",
	.summary = "no longer start the machine when you log in; it keeps running now",
	.help = NAME_HELP,
	.options = options,
	.run = run_off,
};

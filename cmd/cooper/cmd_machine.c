/* What runs beside a machine, and is started by `up` and `start`, or by launchd and systemd: `machine run`, `machine
 * ports`. */
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "guest/podman_events.h"
#include "guest/published_watch.h"
#include "machine/accel.h"
#include "machine/disk.h"
#include "machine/paths.h"
#include "machine/record.h"
#include "machine/run.h"
#include "machine/ssh_files.h"
#include "plan/project.h"
#include "sys/os.h"
#include "command.h"

static const struct option_spec run_options[] = {
	{"generation", 0, "N", "boot this generation instead of the current one"},
	{"report-fd", 0, "FD", "report events on this descriptor and detach (used by `up` and `start`)"},
	{NULL, 0, NULL, NULL},
};

static struct err *load_generation(const struct call *call, const char *dir, struct generation *g)
{
	const char *text = call_get(call, "generation");
	int64_t number = 0;
	if (!text)
		return generation_current(dir, g);
	if (!num_parse(text, 1, 1 << 30, &number))
		return err_new(ERR_USAGE, "'%s' is not a generation", text);
	return generation_load(dir, (int)number, g);
}

static struct err *run_supervisor(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	int64_t fd = -1;
	const char *report = call_get(call, "report-fd");
	if (report && !num_parse(report, 3, 255, &fd))
		return err_new(ERR_USAGE, "'%s' is not a file descriptor", report);
	TRY(project_start(&p));
	AUTO_FREE char *dir = path_join(p.home.machines, call_arg(call, 0));
	TRY(load_generation(call, dir, &g));
	if (g.number == 0)
		return err_hint(err_new(ERR_ABSENT, "the machine '%s' does not exist", call_arg(call, 0)),
				"`cooper list` shows those that do");
	TRY(machine_record_read(g.dir, &spec));
	AUTO_FREE char *accel = accel_verdicts_path(p.home.root);
	AUTO_FREE char *program = NULL;
	TRY(os_exe_path(&program));
	/* detached, what it says goes to its log */
	struct machine_options options = {
		.accel_path = accel, .report_fd = (int)fd, .program = program, .sink = call->sink};
	return machine_supervise(&spec, &p.facts, &options);
}

const struct subcommand cmd_machine_run = {
	.name = "machine run",
	.operands = "MACHINE",
	.summary = "run a machine in the foreground (for launchd and systemd)",
	.help = "Holds the machine's lock, runs QEMU, and shuts the machine down cleanly on SIGTERM or SIGINT.",
	.options = run_options,
	.run = run_supervisor,
};

/* --- machine ports --- */

static const struct option_spec ports_options[] = {
	{"report-fd", 0, "FD", "write the list there instead of to standard output"},
	{NULL, 0, NULL, NULL},
};

static struct err *run_ports(struct call *call)
{
	AUTO(home) home = {.root = NULL};
	const char *report = call_get(call, "report-fd");
	int64_t fd = STDOUT_FILENO;
	if (report && !num_parse(report, 3, 255, &fd))
		return err_new(ERR_USAGE, "'%s' is not a file descriptor", report);
	TRY(home_open(&home));
	AUTO_FREE char *dir = path_join(home.machines, call_arg(call, 0));
	const struct machine_spec spec = {.dir = dir};
	AUTO_FREE char *user = machine_path(&spec, MACHINE_API_SOCKET);
	AUTO_FREE char *root = machine_path(&spec, MACHINE_ROOT_SOCKET);
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO(strs) events = STRS_INIT;
	machine_ssh_open(dir, call_arg(call, 0), &ssh);
	podman_events_argv(&ssh.ssh, &events);
	return published_watch((const char *const[PUBLISHED_SOCKETS]){user, root}, (const char *const *)events.items,
			       (int)fd, call->sink);
}

const struct subcommand cmd_machine_ports = {
	.name = "machine ports",
	.operands = "MACHINE",
	.summary = "follow the ports that a running machine's containers publish (used by `machine run`)",
	.options = ports_options,
	.hidden = true,
	.run = run_ports,
};

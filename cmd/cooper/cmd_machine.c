/* Commands about a machine that exists: run (the supervisor), start, stop, rollback, ssh, verify. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "guest/published_watch.h"
#include "machine/accel.h"
#include "machine/clients.h"
#include "machine/damage.h"
#include "machine/data_disk.h"
#include "machine/disk.h"
#include "machine/fit.h"
#include "machine/machine.h"
#include "machine/paths.h"
#include "machine/pause.h"
#include "machine/record.h"
#include "machine/run.h"
#include "session.h"
#include "store/audit.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "ui.h"

/* The folder and the specification of a stack's machine, as they were when it was last started. */
static struct err *open_machine(const struct project *p, struct machine_spec *spec, struct generation *g)
{
	TRY(generation_current(p->machine_dir, g));
	if (g->number == 0)
		return err_hint(err_new(ERR_ABSENT, "the machine '%s' does not exist", p->machine_name),
				"run `cooper up` to create it");
	struct err *e = machine_record_read(g->dir, spec);
	return e ? err_hint(e, "`cooper up` writes it anew") : NULL;
}

/* --- machine run --- */

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
	.operands = "NAME",
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
	return published_watch((const char *const[PUBLISHED_SOCKETS]){user, root}, (int)fd, call->sink);
}

const struct subcommand cmd_machine_ports = {
	.name = "machine ports",
	.operands = "NAME",
	.summary = "follow the ports that a running machine's containers publish (used by `machine run`)",
	.options = ports_options,
	.hidden = true,
	.run = run_ports,
};

/* --- start, stop --- */

/* Nobody boots, switches or prunes beside us. Where there is no machine nothing is locked, and no home is made. */
static struct err *lock_machine(const struct call *call, const struct project *p, int *ret_fd)
{
	bool there = false;
	TRY(dir_exists(p->machine_dir, &there));
	return there ? session_lock(call, &p->home, /* timeout_ms= */ 0, ret_fd) : NULL;
}

static struct err *check_emulator(const struct machine_spec *spec)
{
	bool there = false;
	TRY(file_exists(spec->qemu, &there));
	return there ? NULL
		     : err_hint(err_new(ERR_ABSENT, "the emulator of machine '%s', '%s', is missing", spec->name,
					spec->qemu),
				"`cooper up` makes it again");
}

/* What a start needs, before anything is stopped for it. */
static struct err *check_start(const struct project *p, const struct machine_spec *spec, const struct generation *g)
{
	const struct vmm *vmm = NULL;
	TRY(check_emulator(spec));
	TRY(vmm_choose(spec, &p->facts, &vmm));
	TRY(generation_check(g, spec, vmm));
	TRY(data_disk_check(spec, vmm));
	TRY(fit_programs(spec->name));
	TRY(fit_mounts(spec));
	return fit_ports(spec);
}

static struct err *are_told(const struct project *p, bool *ret_told)
{
	*ret_told = true;
	return p->stack->stack.connect_podman ? clients_told(p->machine_dir, ret_told) : NULL;
}

static struct err *tell_clients(const struct project *p, const struct machine_spec *spec, struct sink *sink)
{
	AUTO(str) outcome = STR_INIT;
	bool told = true;
	TRY(are_told(p, &told));
	return told ? NULL : clients_tell(spec, sink, &outcome);
}

/* Boot @spec's generation, then prove it. */
static struct err *boot_and_prove(struct call *call, const struct project *p, const struct machine_spec *spec,
				  const struct generation *g)
{
	AUTO(str) outcome = STR_INIT;
	struct machine_status status;
	TRY(machine_boot(spec, g->number, "boot", call->sink, &status));
	TRY(tell_clients(p, spec, call->sink));
	TRY(machine_prove(spec, "canary", call->sink, &outcome));
	printf("'%s' is running: %s\n", spec->name, str_text(&outcome));
	return NULL;
}

/* Ready, and it was seen to do its work: a start that was cut short after the boot has not looked. */
static struct err *is_proved(const struct project *p, const struct machine_status *status, bool *ret_proved)
{
	AUTO_JSON *proofs = NULL;
	if (status->ready)
		TRY(machine_proofs_read(p->machine_dir, &proofs));
	*ret_proved = proofs != NULL;
	return NULL;
}

static struct err *run_start(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	AUTO_CLOSE int lock = -1;
	struct machine_status status;
	int64_t waited_ms = 0;
	TRY(session_open(call, &p));
	TRY(machine_status(p.machine_dir, &status));
	if (status.ready)
		TRY(machine_answers(p.machine_dir, p.machine_name, &status, &waited_ms));
	bool proved = false, told = false;
	TRY(is_proved(&p, &status, &proved));
	TRY(are_told(&p, &told));
	if (!proved || !told) {
		TRY(lock_machine(call, &p, &lock));
		TRY(machine_status(p.machine_dir, &status)); /* whom we waited for may have started it */
	}
	if (status.running && status.pause != VMM_GOES_ON) {
		TRY(machine_resume(p.machine_dir));
		TRY(machine_status(p.machine_dir, &status));
	}
	TRY(is_proved(&p, &status, &proved));
	if (proved) {
		TRY(open_machine(&p, &spec, &g));
		TRY(tell_clients(&p, &spec, call->sink));
		printf("'%s' is running\n", p.machine_name);
		return NULL;
	}
	TRY(damage_mend(p.machine_dir, call->sink));
	TRY(open_machine(&p, &spec, &g));
	if (!status.ready) /* one that runs has its emulator, and its ports */
		TRY(check_start(&p, &spec, &g));
	return boot_and_prove(call, &p, &spec, &g);
}

const struct subcommand cmd_start = {
	.name = "start",
	.operands = "[STACK]",
	.summary = "start the machine without applying changes, then run the checks",
	.options = stack_options,
	.run = run_start,
};

/* The generation before becomes the current one only when it has proved itself again. */
static struct err *run_rollback(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	AUTO_CLOSE int lock = -1;
	bool was_running = false;
	TRY(session_open(call, &p));
	TRY(lock_machine(call, &p, &lock));
	TRY(generation_previous(p.machine_dir, &g));
	if (g.number == 0)
		return err_hint(err_new(ERR_ABSENT, "the machine '%s' has no earlier generation", p.machine_name),
				"`cooper up` keeps the old one when it creates a new OS disk");
	TRY(machine_record_read(g.dir, &spec));
	TRY(check_start(&p, &spec, &g));
	TRY(machine_stop(p.machine_dir, MACHINE_STOP_MS, &was_running));
	TRY(boot_and_prove(call, &p, &spec, &g));
	TRY(generation_switch(p.machine_dir, g.number));
	printf("generation %d is now current; `cooper up` returns to the stack's own\n", g.number);
	return NULL;
}

const struct subcommand cmd_rollback = {
	.name = "rollback",
	.operands = "[STACK]",
	.summary = "return to the previous generation (OS disk, QEMU, settings); /home is kept",
	.options = stack_options,
	.run = run_rollback,
};

static struct err *run_stop(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO_CLOSE int lock = -1;
	bool was_running = false;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(lock_machine(call, &p, &lock));
	TRY(machine_stop(p.machine_dir, MACHINE_STOP_MS, &was_running));
	printf("'%s' %s\n", p.machine_name, was_running ? "is stopped" : "was not running");
	return NULL;
}

const struct subcommand cmd_stop = {
	.name = "stop",
	.operands = "[STACK|MACHINE]",
	.summary = "shut the machine down; force it off if it does not respond",
	.options = stack_options,
	.run = run_stop,
};

/* --- ssh --- */

static const struct option_spec ssh_options[] = {
	{"stack", 's', "STACK", "the stack to connect to"},
	STACK_OPTIONS,
	{NULL, 0, NULL, NULL},
};

static struct err *run_ssh(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO(strs) argv = STRS_INIT;
	struct machine_status status;
	TRY(session_open_machine(call, call_get(call, "stack"), &p));
	TRY(machine_status(p.machine_dir, &status));
	if (!status.running)
		return err_hint(err_new(ERR_GUEST, "the machine '%s' is not running", p.machine_name),
				"`cooper up` or `cooper start` starts it");
	TRY(pause_error(p.machine_name, status.pause, status.trouble, p.machine_dir));
	machine_ssh_open(p.machine_dir, p.machine_name, &ssh);
	ssh_argv(&ssh.ssh, call->args.count ? (const char *const *)call->args.items : NULL, &argv);
	execvp(argv.items[0], argv.items);
	return err_os(errno, "cannot run '%s'", argv.items[0]);
}

const struct subcommand cmd_ssh = {
	.name = "ssh",
	.operands = "[-- CMD...]",
	.summary = "open a shell in the machine, or run one command",
	.help = "Arguments after -- reach the program in the guest exactly as given. The exit status is the command's.",
	.options = ssh_options,
	.run = run_ssh,
};

/* --- verify --- */

static const struct option_spec verify_options[] = {
	STACK_OPTIONS,
	{"deep", 0, NULL, "re-hash everything in COOPER_HOME instead, and drop what is damaged"},
	{NULL, 0, NULL, NULL},
};

static void print_audit(const struct audit *a)
{
	AUTO(str) size = STR_INIT;
	str_add_size(&size, a->bytes);
	printf("%zu objects and %zu git repositor%s, %s, and %zu results read: %zu damaged\n", a->objects,
	       a->repositories, a->repositories == 1 ? "y" : "ies", str_text(&size), a->results, a->damaged.count);
	if (a->unreadable.count)
		printf("%zu could not be read, and %s as before\n", a->unreadable.count,
		       a->unreadable.count == 1 ? "is" : "are");
	if (a->unknown)
		printf("%zu results have receipts without a digest, from an older cooper: they could not be checked\n",
		       a->unknown);
}

static struct err *verify_deep(struct call *call)
{
	AUTO(home) home = {.root = NULL};
	AUTO(audit) a = {.objects = 0};
	AUTO_CLOSE int lock = -1;
	TRY(home_open(&home));
	TRY(session_lock(call, &home, /* timeout_ms= */ 0, &lock));
	struct err *e = audit_run(&home, call->sink, &a);
	ui_finish();
	TRY(e);
	print_audit(&a);
	size_t all = a.objects + a.repositories + a.results;
	if (a.damaged.count == 0 && a.unreadable.count == 0)
		return NULL;
	if (a.damaged.count == 0) {
		e = err_new(ERR_OS, "%zu of %zu could not be read", a.unreadable.count, all);
		return err_hint(
			err_detail(e, strs_join(&a.unreadable, "\n")),
			"check the disk and the owner of these files; what is removed is fetched or built again");
	}
	e = err_new(ERR_CORRUPT, "%zu of %zu were damaged, and are dropped", a.damaged.count, all);
	return err_hint(err_detail(e, strs_join(&a.damaged, "\n")),
			"`cooper up` makes them again once the machine is stopped; if it recurs, check the disk");
}

static struct err *run_verify(struct call *call)
{
	if (call_has(call, "deep"))
		return verify_deep(call);
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	AUTO(str) outcome = STR_INIT;
	struct machine_status status;
	TRY(session_open(call, &p));
	TRY(open_machine(&p, &spec, &g));
	TRY(machine_status(spec.dir, &status));
	TRY(pause_error(spec.name, status.pause, status.trouble, spec.dir));
	if (!status.ready)
		return err_hint(err_new(ERR_GUEST, "the machine '%s' is not running", spec.name),
				"start it: cooper start");
	TRY(machine_prove(&spec, "canary", call->sink, &outcome));
	printf("%s\n", str_text(&outcome));
	return NULL;
}

const struct subcommand cmd_verify = {
	.name = "verify",
	.operands = "[STACK]",
	.summary = "run the checks again: directly, and in rootless containers",
	.help = "With --deep, all downloads and results are compared with their digests; no machine is involved.",
	.options = verify_options,
	.run = run_verify,
};

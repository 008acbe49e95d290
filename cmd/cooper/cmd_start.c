/* Machines that exist, without the stacks that made them: start, restart, stop, rollback. */
#include <stdio.h>

#include "host/network.h"
#include "machine/clients.h"
#include "machine/damage.h"
#include "machine/data_disk.h"
#include "machine/fit.h"
#include "machine/machine.h"
#include "machine/network.h"
#include "machine/record.h"
#include "session_machine.h"
#include "start.h"
#include "sys/file.h"

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

struct err *start_check(const struct project *p, const struct machine_spec *spec, const struct generation *g)
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

/* A machine whose stack is not at hand is made known to whom it was before. */
static struct err *clients_wanted(const struct project *p, struct clients *ret_wanted)
{
	if (!p->stack)
		return clients_noted(p->machine_dir, ret_wanted);
	*ret_wanted = clients_of(p->stack);
	return NULL;
}

static struct err *are_told(const struct project *p, bool *ret_told)
{
	const struct machine_spec spec = {.name = (char *)(uintptr_t)p->machine_name, .dir = p->machine_dir};
	struct clients wanted;
	TRY(clients_wanted(p, &wanted));
	return clients_told(&spec, wanted, ret_told);
}

static struct err *tell_clients(const struct project *p, const struct machine_spec *spec, struct sink *sink)
{
	AUTO(str) outcome = STR_INIT;
	struct clients wanted;
	bool told = true;
	TRY(clients_wanted(p, &wanted));
	TRY(clients_told(spec, wanted, &told));
	return told ? NULL : clients_tell(spec, wanted, sink, &outcome);
}

/* This host may be in another network than when the machine was started last. */
static struct err *tell_network(const struct call *call, const struct machine_spec *spec, const struct generation *g)
{
	AUTO(guest_network) network = {.proxy = STRS_INIT};
	AUTO(strs) warnings = STRS_INIT;
	bool told = false;
	TRY(host_network(spec->host_loopback ? MACHINE_HOST_ADDRESS : NULL, &network, &warnings));
	for (size_t i = 0; i < warnings.count; i++)
		event_warn(call->sink, "network", "%s", warnings.items[i]);
	TRY(network_told(g->dir, &network, &told));
	return told ? NULL : network_tell(spec, g->dir, &network, call->sink, "network");
}

struct err *start_and_prove(struct call *call, const struct project *p, const struct machine_spec *spec,
			    const struct generation *g)
{
	AUTO(str) outcome = STR_INIT;
	struct machine_status status;
	TRY(machine_boot(spec, g->number, "boot", call->sink, &status));
	TRY(tell_network(call, spec, g));
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
	TRY(session_open_machine(call, call_arg(call, 0), &p));
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
		TRY(session_machine(&p, &spec, &g));
		TRY(tell_clients(&p, &spec, call->sink));
		printf("'%s' is running\n", p.machine_name);
		return NULL;
	}
	TRY(damage_mend(p.machine_dir, call->sink));
	TRY(session_machine(&p, &spec, &g));
	if (!status.ready) /* one that runs has its emulator, and its ports */
		TRY(start_check(&p, &spec, &g));
	return start_and_prove(call, &p, &spec, &g);
}

const struct subcommand cmd_start = {
	.name = "start",
	.operands = "[NAME]",
	.summary = "start the machine without applying changes, then run the checks",
	.help = NAME_HELP,
	.options = stack_options,
	.run = run_start,
};

/* Of a rollback that was cut short as its last step was done the same command again is no failure. */
static struct err *is_rolled_back(const struct project *p, bool *ret_done)
{
	AUTO(generation) current = {.number = 0};
	AUTO(generation) newest = {.number = 0};

	TRY(generation_current(p->machine_dir, &current));
	TRY(generation_newest(p->machine_dir, &newest));
	*ret_done = current.number && newest.number > current.number;
	if (*ret_done)
		printf("generation %d is current already, and none is earlier; `cooper up` returns to the stack's own\n",
		       current.number);
	return NULL;
}

/* The generation before becomes the current one only when it has proved itself again. */
static struct err *run_rollback(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	AUTO_CLOSE int lock = -1;
	bool was_running = false, done = false;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(lock_machine(call, &p, &lock));
	TRY(generation_previous(p.machine_dir, &g));
	if (g.number == 0)
		TRY(is_rolled_back(&p, &done));
	if (g.number == 0 && !done)
		return err_hint(err_new(ERR_ABSENT, "the machine '%s' has no earlier generation", p.machine_name),
				"`cooper up` keeps the old one when it creates a new OS disk");
	if (done)
		return NULL;
	TRY(machine_record_read(g.dir, &spec));
	TRY(start_check(&p, &spec, &g));
	TRY(machine_stop(p.machine_dir, MACHINE_STOP_MS, &was_running));
	TRY(start_and_prove(call, &p, &spec, &g));
	TRY(generation_switch(p.machine_dir, g.number));
	printf("generation %d is now current; `cooper up` returns to the stack's own\n", g.number);
	return NULL;
}

const struct subcommand cmd_rollback = {
	.name = "rollback",
	.operands = "[NAME]",
	.summary = "return to the previous generation (OS disk, QEMU, settings); /home is kept",
	.help = NAME_HELP,
	.options = stack_options,
	.run = run_rollback,
};

/* All that a start needs is looked at before the machine is stopped. */
static struct err *run_restart(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(generation) g = {.number = 0};
	AUTO(machine_spec) spec = {.name = NULL};
	AUTO_CLOSE int lock = -1;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(lock_machine(call, &p, &lock));
	TRY(damage_mend(p.machine_dir, call->sink));
	TRY(session_machine(&p, &spec, &g));
	TRY(start_check(&p, &spec, &g));
	TRY(machine_stop_noted(p.machine_dir, "boot", call->sink));
	return start_and_prove(call, &p, &spec, &g);
}

const struct subcommand cmd_restart = {
	.name = "restart",
	.operands = "[NAME]",
	.summary = "stop the machine and start it again, without applying changes; run the checks",
	.help = "A machine that cannot be started again is not stopped.\n" NAME_HELP,
	.options = stack_options,
	.run = run_restart,
};

static struct err *run_stop(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO_CLOSE int lock = -1;
	bool there = false, was_running = false;
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(dir_exists(p.machine_dir, &there));
	if (!there) {
		AUTO_FREE char *others = session_others(&p.home);
		printf("no machine '%s'%s\n", p.machine_name, others);
		return NULL;
	}
	TRY(lock_machine(call, &p, &lock));
	TRY(machine_stop(p.machine_dir, MACHINE_STOP_MS, &was_running));
	printf("'%s' %s\n", p.machine_name, was_running ? "is stopped" : "was not running");
	return NULL;
}

const struct subcommand cmd_stop = {
	.name = "stop",
	.operands = "[NAME]",
	.summary = "shut the machine down; force it off if it does not respond",
	.help = NAME_HELP,
	.options = stack_options,
	.run = run_stop,
};

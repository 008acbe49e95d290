#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "guest/os.h"
#include "host/host_packages.h"
#include "machine/damage.h"
#include "machine/machine.h"
#include "machine/record.h"
#include "net/fetch_env.h"
#include "plan/exposure.h"
#include "plan/host_check.h"
#include "plan/stack.h"
#include "plan/stack_lock.h"
#include "plan/trust.h"
#include "session.h"
#include "start.h"
#include "step/outputs.h"
#include "sys/child.h"
#include "sys/lock.h"
#include "sys/tick.h"
#include "table.h"
#include "timeline.h"
#include "ui.h"

enum { INSTALL_DEADLINE_MS = 30 * 60 * 1000 };

static const struct option_spec options[] = {
	STACK_OPTIONS,
	{"yes", 'y', NULL, "trust this project's recipes and install missing host packages without asking"},
	{"no-wait", 0, NULL, "do not wait for another cooper process; fail instead"},
	{NULL, 0, NULL, NULL},
};

static struct err *run_brew_bundle(struct call *call, const struct strs *packages)
{
	AUTO_FREE char *brew = host_packages_brew();
	AUTO_FREE char *brewfile = host_packages_brewfile(packages);
	const char *const argv[] = {brew ? brew : "brew", "bundle", "install", "--no-upgrade", "--file=-", NULL};
	struct child_spec spec = {.argv = argv,
				  .input = brewfile,
				  .deadline_ms = INSTALL_DEADLINE_MS,
				  .terminal = true,
				  .step = "host-packages",
				  .sink = call->sink};
	return child_run(&spec);
}

static struct err *run_manager(struct call *call, const char *const *words, const struct strs *packages)
{
	AUTO(strs) argv = STRS_INIT;
	if (geteuid() != 0)
		strs_add(&argv, "sudo");
	strs_add_all(&argv, words);
	strs_copy(&argv, packages);
	struct child_spec spec = {.argv = (const char *const *)argv.items,
				  .deadline_ms = INSTALL_DEADLINE_MS,
				  .terminal = true,
				  .step = "host-packages",
				  .sink = call->sink};
	return child_run(&spec);
}

/* A fresh machine has an old package list, or none: it is renewed when the first try fails. */
static struct err *install(struct call *call, bool is_mac, const struct strs *missing)
{
	/* a name that is in no list is no regular expression either */
	static const char *const apt[] = {
		"apt-get", "-o", "DPkg::Lock::Timeout=600", "-o", "APT::Cmd::Pattern-Only=true",
		"install", "-y", "-qq", "--no-install-recommends", "--", NULL};
	static const char *const apt_update[] = {"apt-get", "update", "-qq", NULL};
	struct strs none = STRS_INIT;
	if (is_mac)
		return run_brew_bundle(call, missing);
	struct err *e = run_manager(call, apt, missing);
	if (!e || err_is(e, ERR_CANCELED))
		return e;
	err_free(e);
	TRY(run_manager(call, apt_update, &none));
	return run_manager(call, apt, missing);
}

static struct err *install_packages(struct call *call, const struct project *p, const struct stack *s)
{
	AUTO(strs) wanted = STRS_INIT;
	AUTO(strs) missing = STRS_INIT;
	stack_packages(s, &wanted);
	TRY(host_packages_missing(&p->facts, &wanted, &missing));
	if (missing.count == 0)
		return NULL;
	AUTO_FREE char *list = strs_join(&missing, " ");
	bool is_mac = p->facts.os == OS_MACOS;
	struct fetch_env env;
	fetch_env_read(&env);
	if (env.offline)
		return err_hint(err_new(ERR_ABSENT, "offline, and host packages are missing: %s", list),
				"install them first: %s %s", is_mac ? "brew install" : "apt-get install", list);
	AUTO_FREE char *question = mem_printf("install these host packages: %s?", list);
	if (!session_consent(call, question))
		return err_hint(err_new(ERR_ABSENT, "missing host packages: %s", list), "%s %s, or give --yes",
				is_mac ? "brew install" : "apt-get install", list);
	event_note(call->sink, "host-packages", "installing %s", list);
	struct err *e = install(call, is_mac, &missing);
	if (!e || err_is(e, ERR_CANCELED))
		return e;
	return err_hint(err_wrap(e, "cannot install the host packages %s", list),
			is_mac ? "brew install %s" : "run as root: apt-get update && apt-get install %s", list);
}

static void summarize_shares(const struct stack *s, struct strs *lines)
{
	for (size_t i = 0; i < s->machine.mount_count; i++) {
		const struct mount *m = &s->machine.mounts[i];
		AUTO_FREE char *elsewhere = streq(m->host, m->guest) ? NULL : mem_printf(" as %s", m->guest);
		strs_addf(lines, "shared: %s%s, %s%s%s", m->host, elsewhere ? elsewhere : "",
			  m->writable ? "writable" : "read-only", m->hidden ? ", without " : "", m->hidden ? m->hidden : "");
	}
}

/* "machine 'dev': aarch64 guest under QEMU emulator version 10.2.3 ...", and what the canaries said. */
static struct err *summarize(const struct stack *s, struct strs *lines)
{
	const struct machine_spec *m = &s->machine;
	const struct step *build = graph_kind(&s->graph, "build");
	AUTO_JSON *receipt = NULL;
	AUTO_JSON *proofs = NULL;
	AUTO_FREE char *keg = step_result(build, NULL);
	TRY(machine_proofs_read(m->dir, &proofs));
	struct err *e = step_receipt(build, &receipt);
	bool is_lost = err_is(e, ERR_ABSENT); /* while the machine runs: nobody needs it */
	if (!is_lost)
		TRY(e);
	err_free(e);
	const char *version = js_as_text(js_at(js_get(receipt, "tests"), 0));
	strs_addf(lines, "machine '%s': %s guest under %s", m->name, arch_name(m->guest_arch),
		  version ? version : m->qemu_version);
	if (!is_lost)
		strs_addf(lines, "emulator: %s", keg);
	const struct json *list = js_get(proofs, "proofs");
	for (size_t i = 0; i < js_count(list); i++) {
		const struct json *p = js_at(list, i);
		const char *level = js_get_text(p, "level");
		strs_addf(lines, "verified in a container: %s%s%s%s", js_get_text(p, "container"),
			  level && *level ? " (CPU level " : "", level ? level : "", level && *level ? ")" : "");
	}
	summarize_shares(s, lines);
	return NULL;
}

static struct err *finish(struct call *call, const struct stack *s, int64_t started)
{
	AUTO(strs) lines = STRS_INIT;
	TRY(summarize(s, &lines));
	ui_finish();
	if (call_has(call, "quiet"))
		return NULL;
	table_times(&s->graph, tick_ms() - started);
	for (size_t i = 0; i < lines.count; i++)
		printf("%s\n", lines.items[i]);
	return NULL;
}

/* The step of that kind ran, and failed. */
static bool has_failed(const struct stack *s, const char *kind)
{
	const struct step *step = graph_kind(&s->graph, kind);
	return step && step->state == STEP_FAILED;
}

/* The logs of the boot that failed are called otherwise once there is another. */
static struct err *rename_log(struct err *e)
{
	const char *name = e->log_path ? path_base(e->log_path) : "";
	if (streq(name, "serial.log") || streq(name, "qemu.log")) {
		AUTO_FREE char *moved = mem_printf("%s.1", e->log_path);
		return err_log(e, moved);
	}
	return e;
}

static struct err *start_again(struct call *call, struct project *p, const struct generation *g)
{
	AUTO(machine_spec) spec = {.name = NULL};
	TRY(machine_record_read(g->dir, &spec));
	TRY(start_check(p, &spec, g));
	event_warn(call->sink, NULL, "the new generation did not boot or failed its checks: starting generation %d again, which ran before",
		   g->number);
	TRY(machine_stop(p->machine_dir, MACHINE_STOP_MS, NULL));
	return start_and_prove(call, p, &spec, g);
}

/*
 * A machine that worked was stopped for another generation, which did not come up or does not run what it must: the one
 * that worked runs again. What was stopped by its user stays so, and a mistake in a guest step is no fault of the disk's.
 */
static struct err *fall_back(struct call *call, struct project *p, const struct stack *s, int before, struct err *take_e)
{
	AUTO(generation) g = {.number = 0};
	AUTO(generation) tried = {.number = 0};
	if (!before || err_is(take_e, ERR_CANCELED) || (!has_failed(s, "boot") && !has_failed(s, "canary")))
		return take_e;
	err_free(step_generation(graph_kind(&s->graph, "generation"), &tried));
	struct err *e = generation_current(p->machine_dir, &g);
	if (!e && (g.number != before || g.number == tried.number))
		return take_e;
	if (!e)
		e = start_again(call, p, &g);
	if (!e)
		return rename_log(take_e);
	event_warn(call->sink, NULL, "generation %d, which ran before, could not be started again: %s", before, e->message);
	err_free(e);
	return take_e;
}

/* The generation that runs, and is ready; 0 = none. */
static int running_generation(const struct project *p)
{
	struct machine_status status = {.running = false};
	struct err *e = machine_status(p->machine_dir, &status);
	bool is_ready = !e && status.ready;
	err_free(e); /* then there is none to go back to */
	return is_ready ? status.generation : 0;
}

static struct err *decide(struct project *p, struct stack *s)
{
	stack_done(s);
	TRY(stack_open(p, /* unresolved= */ NULL, s));
	return stack_observe(s, NULL);
}

/* What the guest is not told of this host's network, each time: the guest lacks it each time. */
static void warn_of_network(const struct call *call, const struct stack *s)
{
	for (size_t i = 0; i < s->warnings.count; i++)
		event_warn(call->sink, "network", "%s", s->warnings.items[i]);
}

/* With the lock held: decide again, since the other one may have done it all, then act. */
static struct err *converge(struct call *call, struct project *p, int64_t started)
{
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(guest_os_check(p->stack, p->image));
	stack_unresolved(p, &unresolved);
	if (unresolved.count)
		TRY(host_able(p, &s, &unresolved));
	TRY(trust_resolve(p, call->sink));
	TRY(damage_mend(p->machine_dir, call->sink));
	TRY(decide(p, &s));
	if (graph_pending(&s.graph) == 0) {
		warn_of_network(call, &s);
		TRY(stack_perform(&s, call->sink));
		printf("nothing to do\n");
		return NULL;
	}
	TRY(host_able(p, &s, /* unresolved= */ NULL));
	TRY(session_trust(call, p, EXPOSURE_ALL));
	TRY(host_check(p, &s.machine, /* warnings= */ NULL));
	TRY(host_fit(p, &s));
	TRY(install_packages(call, p, &s));
	TRY(project_measure_tools(p)); /* the compiler, which is in keys, may have come with them */
	TRY(decide(p, &s));
	TRY(session_trust(call, p, EXPOSURE_ALL)); /* files that changed while that was decided are asked about again */
	warn_of_network(call, &s);
	int before = running_generation(p);
	struct err *e = stack_perform(&s, call->sink);
	return e ? fall_back(call, p, &s, before, e) : finish(call, &s, started);
}

/* The quick way out: nothing is locked, written or started when nothing has to be done. */
static struct err *nothing_to_do(const struct call *call, struct project *p, bool *ret_nothing)
{
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(stack_open(p, &unresolved, &s));
	struct err *e = stack_observe(&s, NULL);
	if (e && !err_is(e, ERR_CANCELED)) { /* it may be put right first */
		err_free(e);
		return NULL;
	}
	TRY(e);
	*ret_nothing = unresolved.count == 0 && stack_settled(&s);
	if (*ret_nothing)
		warn_of_network(call, &s);
	return NULL;
}

static struct err *run(struct call *call)
{
	int64_t started = tick_ms();
	AUTO(project) p = PROJECT_INIT;
	TRY(session_open(call, &p));
	bool nothing = false;
	AUTO_FREE char *path = mem_printf("%s/up.lock", p.home.root);
	bool held = false;
	TRY(lock_held(path, &held, NULL));
	if (!held)
		TRY(nothing_to_do(call, &p, &nothing));
	if (nothing) {
		printf("nothing to do\n");
		return NULL;
	}
	AUTO_CLOSE int lock = -1;
	TRY(session_lock(call, &p.home, call_has(call, "no-wait") ? -1 : 0, &lock));
	TRY(session_open(call, &p)); /* again: what another process wrote while we waited counts */
	struct timeline *timeline = timeline_begin(call);
	struct err *e = converge(call, &p, started);
	timeline_end(timeline, call, &p.home, p.is_shipped ? p.stack->name : p.stack_real, /* ok= */ !e);
	return e;
}

const struct subcommand cmd_up = {
	.name = "up",
	.operands = "[STACK]",
	.summary = "build, boot and verify a stack; unchanged steps are skipped",
	.help = "STACK is a name (`cooper list`) or a file; without it the cooper.yaml of this folder or of the nearest\n"
		"one above it, else the shipped stack for this host. Interrupt it at any point; run it again to resume.\n"
		"Nothing is installed on the host without --yes or an answer at the terminal.",
	.options = options,
	.run = run,
};

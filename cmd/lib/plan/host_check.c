#include "plan/host_check.h"

#include "machine/fit.h"
#include "machine/paths.h"
#include "machine/rules.h"
#include "net/fetch_env.h"
#include "plan/host_can.h"
#include "plan/stack_lock.h"
#include "sys/file.h"

/* What earlier boots have shown of /dev/kvm: on this host from its file, of another one from its facts. */
static struct json *read_verdicts(const struct project *p, const struct machine_spec *m)
{
	struct json *verdicts;
	AUTO_FREE char *path = accel_verdicts_path(p->home.root);
	verdicts = accel_verdicts_read(p->other_host ? NULL : path);
	if (p->other_host && p->survey.kvm_verdict)
		accel_remember(&verdicts, p->facts.boot_id, m->qemu, ACCEL_KVM, streq(p->survey.kvm_verdict, "works"));
	return verdicts;
}

struct err *host_accelerators(const struct project *p, const struct machine_spec *m, struct accel_list *ret_list)
{
	AUTO_JSON *verdicts = read_verdicts(p, m);
	return accel_candidates(m->accel, &p->facts, m->guest_arch, verdicts, m->qemu, ret_list);
}

struct err *host_start(const struct project *p, const struct machine_spec *m, struct machine_start *ret_start)
{
	AUTO(accel_list) list = {.count = 0};
	TRY(host_accelerators(p, m, &list));
	*ret_start = (struct machine_start){.accel = list.items[0], .ssh_port = 2222};
	return NULL;
}

static bool is_pending(const struct stack *s, const char *kind)
{
	const struct step *step = s->goal ? graph_kind(&s->graph, kind) : NULL;
	return !s->goal || (step && step->state == STEP_PENDING);
}

/* Not where it is lost, and nobody needs it: then the machine runs already. */
static bool has_keg(const struct stack *s)
{
	const struct step *build = s->goal ? graph_kind(&s->graph, "build") : NULL;
	return s->goal && (!build || build->state == STEP_PRESENT);
}

struct err *host_able(const struct project *p, const struct stack *s, const struct strs *unresolved)
{
	struct fetch_env env;
	struct source emulators;
	fetch_env_read(&env);
	struct host_needs needs = {.facts = &p->facts,
				   .guest_arch = p->guest_arch,
				   .emulator = p->emulator,
				   .image = p->image,
				   .unresolved = unresolved,
				   .builds = is_pending(s, "build"),
				   .makes_image = is_pending(s, "image"),
				   .has_mirror = env.by_digest != NULL};
	if (is_pending(s, "emulators") && stack_emulator_package(p, &emulators))
		needs.emulators = &emulators;
	bool is_there = true;
	if (!p->other_host && has_keg(s) && s->machine.boot == BOOT_UEFI && s->machine.firmware_code)
		TRY(file_exists(s->machine.firmware_code, &is_there));
	needs.no_firmware = is_there ? NULL : s->machine.firmware_code;
	return host_can(&needs);
}

struct err *host_check(const struct project *p, const struct machine_spec *m, struct strs *warnings)
{
	AUTO(machine_ruling) ruling = {.cpus = 0};
	struct machine_start start;
	if (!p->other_host)
		TRY(machine_paths_check(m));
	TRY(host_start(p, m, &start));
	TRY(machine_rules(m, &start, &p->facts, &ruling));
	if (warnings)
		strs_copy(warnings, &ruling.warnings);
	return NULL;
}

struct err *host_fit(const struct project *p, const struct stack *s)
{
	if (p->other_host || !s->goal) /* without a lock there is no machine yet */
		return NULL;
	if (is_pending(s, "boot"))
		return machine_fit(&s->machine, s->context.vmm);
	return is_pending(s, "ports") ? fit_ports_live(&s->machine) : NULL;
}

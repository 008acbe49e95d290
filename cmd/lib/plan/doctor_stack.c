/* What doctor.c judges, gathered from a stack and its host. */
#include "plan/doctor.h"

#include "guest/os.h"
#include "host/survey.h"
#include "machine/accel.h"
#include "machine/fit.h"
#include "plan/host_check.h"
#include "plan/stack.h"
#include "plan/stack_lock.h"
#include "source/debian.h"

#define GIB ((int64_t)1 << 30)
#define BUILD_BYTES (4 * GIB) /* sources, objects, keg */
#define IMAGE_BYTES (5 * GIB) /* download, inflated, generation */

/* Empty when the lock lacks something. */
static struct err *open_stack(struct project *p, struct strs *unresolved, struct stack *s)
{
	TRY(stack_open(p, unresolved, s));
	return stack_observe(s, NULL);
}

static void list_packages(const struct project *p, const struct stack *s, struct strs *names)
{
	bool mac = p->facts.os == OS_MACOS;
	if (s->goal) {
		stack_packages(s, names);
		return;
	}
	strs_copy(names, mac ? &p->emulator->build.host_brew : &p->emulator->build.host_apt);
	if (!mac)
		strs_copy(names, &p->image->image.host_apt);
}

struct err *doctor_survey(struct project *p)
{
	AUTO(strs) packages = STRS_INIT;
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	if (p->other_host)
		return NULL;
	TRY(open_stack(p, &unresolved, &s));
	list_packages(p, &s, &packages);
	struct survey_input input = {
		.host = &p->facts, .home = p->home.root, .packages = &packages, .emulator = s.machine.qemu};
	survey_measure(&input, &p->survey);
	return NULL;
}

/* Also when the stack is not known yet. */
static bool is_pending(const struct stack *s, const char *kind)
{
	return !s->goal || graph_kind(&s->graph, kind)->state == STEP_PENDING;
}

static void judge_machine(const struct project *p, const struct stack *s, struct doctor_input *in,
			  struct doctor_report *report)
{
	AUTO(accel_list) list = {.count = 0};
	const struct rule *hits[RULE_HITS_MAX];
	in->spec = &s->machine;
	struct err *e = host_accelerators(p, in->spec, &list);
	if (!e) {
		struct machine_start start = {.accel = list.items[0]};
		in->emulated = start.accel == ACCEL_TCG;
		in->accel_why = list.why;
		in->hits = hits;
		in->hit_count = machine_rules_hits(in->spec, &start, &p->facts, hits);
	}
	doctor_check(in, report);
	if (e)
		doctor_add_failure(report, "accelerator", e);
}

/* What is asked of the host by a start of the machine, each by itself. */
static void judge_fit(const struct stack *s, struct doctor_report *report)
{
	struct err *mounts = fit_mounts(&s->machine);
	struct err *ports = fit_ports(&s->machine);
	struct err *disk = fit_disk(&s->machine, s->context.vmm);
	if (mounts)
		doctor_add_failure(report, "mounts", mounts);
	if (ports)
		doctor_add_failure(report, "ports", ports);
	if (disk)
		doctor_add_failure(report, "data disk", disk);
}

/* Whether what the lock lacks can be asked for. */
static void judge_archive(const struct project *p, const struct strs *unresolved, struct doctor_report *report)
{
	AUTO_FREE char *archive = NULL;
	AUTO_FREE char *security = NULL;
	struct err *e = NULL;
	bool asks = false;
	for (size_t i = 0; i < unresolved->count; i++)
		asks = asks || str_starts(unresolved->items[i], "debian-");
	if (asks && !p->other_host && streq(p->facts.apt, "yes")) /* else host_able() tells */
		e = debian_host_mirrors(&archive, &security);
	if (e)
		doctor_add_failure(report, "package archive", e);
}

struct err *doctor_stack(struct project *p, struct doctor_report *report)
{
	AUTO(strs) packages = STRS_INIT;
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(open_stack(p, &unresolved, &s));
	list_packages(p, &s, &packages);
	bool build = is_pending(&s, "build");
	bool image = is_pending(&s, "image");
	struct doctor_input in = {.survey = &p->survey,
				  .packages = &packages,
				  .guest_arch = p->guest_arch,
				  .work_bytes = (build ? BUILD_BYTES : 0) + (image ? IMAGE_BYTES : 0) + GIB,
				  .makes_image = image && p->image->image.debian_suite};
	const struct machine_spec unknown = {.name = (char *)p->machine_name,
					     .dir = p->machine_dir,
					     .gen_dir = p->machine_dir,
					     .data_bytes = p->stack->stack.disk_bytes};
	in.spec = &unknown;
	if (s.goal)
		judge_machine(p, &s, &in, report);
	else
		doctor_check(&in, report);
	judge_archive(p, &unresolved, report);
	bool boots = s.goal && !p->other_host && is_pending(&s, "boot");
	struct err *ports = boots ? NULL : host_fit(p, &s); /* one that runs may be told of others */
	if (boots)
		judge_fit(&s, report);
	if (ports)
		doctor_add_failure(report, "ports", ports);
	struct err *cannot = host_able(p, &s, &unresolved);
	if (cannot)
		doctor_add_failure(report, "host", cannot);
	struct err *e = guest_os_check(p->stack, p->image);
	if (e)
		doctor_add_failure(report, "image", err_hint(e, "`cooper plan` shows each with its line"));
	return NULL;
}

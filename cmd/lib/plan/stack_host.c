/* What the stack's machine meets on its host. */
#include "plan/stack_internal.h"

#include "machine/accel.h"
#include "machine/paths.h"
#include "machine/rules.h"
#include "sys/file.h"

enum { VERDICTS_MAX = 1 << 20 };

/* What earlier boots have shown of /dev/kvm: on this host from its file, of another one from its facts. */
static struct json *read_verdicts(const struct stack *s)
{
	const struct project *p = s->p;
	struct json *verdicts;
	AUTO_FREE char *path = accel_verdicts_path(p->home.root);
	AUTO_FREE char *text = NULL;
	if (!p->other_host)
		err_free(file_read(path, VERDICTS_MAX, &text, NULL));
	verdicts = accel_verdicts_parse(text);
	if (p->other_host && p->survey.kvm_verdict)
		accel_remember(&verdicts, p->facts.boot_id, s->spec.qemu, ACCEL_KVM,
			       streq(p->survey.kvm_verdict, "works"));
	return verdicts;
}

struct err *stack_accelerators(const struct stack *s, struct accel_list *ret_list)
{
	AUTO_JSON *verdicts = read_verdicts(s);
	return accel_candidates(s->spec.accel, &s->p->facts, s->spec.guest_arch, verdicts, s->spec.qemu, ret_list);
}

struct err *stack_start(const struct stack *s, struct machine_start *ret_start)
{
	AUTO(accel_list) list = {.count = 0};
	TRY(stack_accelerators(s, &list));
	*ret_start = (struct machine_start){.accel = list.items[0], .ssh_port = 2222};
	return NULL;
}

struct err *stack_check_host(const struct stack *s, struct strs *warnings)
{
	AUTO(machine_ruling) ruling = MACHINE_RULING_INIT;
	struct machine_start start;
	if (!s->p->other_host)
		TRY(machine_paths_check(&s->spec));
	TRY(stack_start(s, &start));
	TRY(machine_rules(&s->spec, &start, &s->p->facts, &ruling));
	if (warnings)
		strs_copy(warnings, &ruling.warnings);
	return NULL;
}

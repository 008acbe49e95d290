#include "machine/vmm.h"

#include "base/arch.h"

/* Why @vmm cannot run the machine; NULL when it can. */
static const char *impossible(const struct vmm *vmm, const struct machine_spec *spec, const struct host_facts *facts)
{
	const char *why = NULL;

	if (!vmm->available(facts, &why))
		return why;
	if (spec->mount_count && !vmm->can_9p)
		return "it shares no folders";
	if (spec->boot == BOOT_UEFI && !vmm->can_uefi)
		return "it starts no firmware";
	return NULL;
}

struct err *vmm_choose(const struct machine_spec *spec, const struct host_facts *facts, const struct vmm **ret_vmm)
{
	AUTO(str) all = STR_INIT;

	for (size_t i = 0; vmm_list[i]; i++) {
		const char *why = impossible(vmm_list[i], spec, facts);
		if (!why) {
			*ret_vmm = vmm_list[i];
			return NULL;
		}
		str_addf(&all, "%s%s: %s", i ? "; " : "", vmm_list[i]->name, why);
	}
	return err_hint(err_new(ERR_USAGE, "nothing on this host can run the machine '%s'", spec->name), "%s",
			str_text(&all));
}

struct err *vmm_guest_check(enum arch arch)
{
	AUTO_FREE char *guests = arch_list(arch_is_guest);
	if (arch_is_guest(arch))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "a machine cannot have the architecture '%s'", arch_name(arch)),
			"a guest (guest_arch:, --guest-arch) is one of: %s; containers may run more (run:)", guests);
}

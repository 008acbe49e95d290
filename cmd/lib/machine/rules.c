#include "machine/rules.h"

#include <string.h>

void machine_ruling_done(struct machine_ruling *ruling)
{
	strs_done(&ruling->warnings);
	*ruling = (struct machine_ruling){.cpus = 0};
}

static long next_number(const char **at)
{
	long value = 0;

	while (**at >= '0' && **at <= '9' && value < 1000000)
		value = value * 10 + (*(*at)++ - '0');
	if (**at == '.')
		(*at)++;
	else
		*at += strlen(*at);
	return value;
}

int release_compare(const char *a, const char *b)
{
	while (*a || *b) {
		long x = next_number(&a);
		long y = next_number(&b);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static bool has_read_only_mount(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		if (!spec->mounts[i].writable)
			return true;
	return false;
}

static bool runs_foreign(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->run.count; i++)
		if (!arch_runs(spec->guest_arch, arch_of(spec->run.items[i])))
			return true;
	return false;
}

static bool test_holds(enum rule_test test, const struct machine_spec *spec, const struct host_facts *facts)
{
	switch (test) {
	case RULE_ANY:
		return true;
	case RULE_HOST_ARCH_DIFFERS:
		return spec->guest_arch != facts->arch;
	case RULE_NO_HV_SUPPORT:
		return !facts->hv_support;
	case RULE_NO_KVM:
		return !facts->kvm_present;
	case RULE_OVER_HOST_MEMORY:
		return facts->memory_bytes > 0 && spec->memory_bytes > facts->memory_bytes;
	case RULE_OVER_HOST_CPUS:
		return facts->cpus > 0 && spec->cpus > facts->cpus;
	case RULE_OVER_PERF_CPUS:
		return facts->perf_cpus > 0 && spec->cpus > facts->perf_cpus;
	case RULE_ANY_MOUNT:
		return spec->mount_count > 0;
	case RULE_READ_ONLY_MOUNT:
		return has_read_only_mount(spec);
	case RULE_GUEST_EMULATES:
		return spec->provider == PROVIDER_GUEST && runs_foreign(spec);
	case RULE_SYSTEM_EMULATES_X86:
		return !spec->emulator_iso && spec->guest_arch != ARCH_X86_64 &&
		       strs_has(&spec->run, arch_name(ARCH_X86_64));
	case RULE_LOOPBACK_CLOSED:
		return !spec->host_loopback;
	case RULE_FOREIGN_FIRMWARE:
		return spec->firmware_code && spec->qemu_share && !str_starts(spec->firmware_code, spec->qemu_share);
	}
	return false;
}

/* "stable", "" and NULL are not known to be before or after anything. */
static bool within(const char *version, const char *from, const char *below)
{
	bool known = version && *version >= '0' && *version <= '9';
	return (!from || (known && release_compare(version, from) >= 0)) &&
	       (!below || (known && release_compare(version, below) < 0));
}

static bool host_matches(const struct rule *r, const struct host_facts *facts)
{
	return (!r->host_arch || r->host_arch == facts->arch) && (!r->chip || str_starts(facts->chip, r->chip)) &&
	       (facts->os == OS_MACOS || !(r->os_from || r->os_below || r->sdk_below)) &&
	       within(facts->os_version, r->os_from, r->os_below) && within(facts->sdk_version, NULL, r->sdk_below);
}

static bool machine_matches(const struct rule *r, const struct machine_spec *spec)
{
	return (!r->guest_arch || r->guest_arch == spec->guest_arch) &&
	       within(spec->qemu_version, r->qemu_from, r->qemu_below) &&
	       (!r->unless_provided || !strs_has(&spec->qemu_provides, r->unless_provided)) &&
	       (r->firmware == FIRMWARE_ANY || spec->boot == BOOT_UEFI) &&
	       (r->memory_over == 0 || spec->memory_bytes > r->memory_over) &&
	       (r->memory_under == 0 || spec->memory_bytes < r->memory_under) &&
	       (r->cpus_over == 0 || spec->cpus > r->cpus_over) && (!r->guest_os || streq(spec->os, r->guest_os)) &&
	       within(spec->image_version, r->image_from, r->image_below);
}

static bool applies(const struct rule *r, const struct machine_spec *spec, const struct machine_start *start,
		    const struct host_facts *facts)
{
	return (r->accel == 0 || (r->accel & 1u << start->accel)) && host_matches(r, facts) &&
	       machine_matches(r, spec) && test_holds(r->test, spec, facts);
}

static void adjust(const struct rule *r, const struct host_facts *facts, struct machine_ruling *ruling)
{
	int cpus_max = r->test == RULE_OVER_HOST_CPUS ? facts->cpus : r->cpus_max;

	if (r->memory_max > 0 && ruling->memory_bytes > r->memory_max)
		ruling->memory_bytes = r->memory_max;
	if (cpus_max > 0 && ruling->cpus > cpus_max)
		ruling->cpus = cpus_max;
	ruling->highmem_off = ruling->highmem_off || r->highmem_off;
	ruling->one_thread = ruling->one_thread || r->one_thread;
	if (r->cpu)
		ruling->cpu = r->cpu;
	if (r->gic)
		ruling->gic = r->gic;
}

size_t machine_rules_hits(const struct machine_spec *spec, const struct machine_start *start,
			  const struct host_facts *facts, const struct rule *hits[RULE_HITS_MAX])
{
	size_t row_count;
	size_t count = 0;
	const struct rule *rows = rules_table(&row_count);

	for (size_t i = 0; i < row_count && count < RULE_HITS_MAX; i++)
		if (applies(&rows[i], spec, start, facts))
			hits[count++] = &rows[i];
	return count;
}

struct err *machine_rules(const struct machine_spec *spec, const struct machine_start *start,
			  const struct host_facts *facts, struct machine_ruling *ruling)
{
	const struct rule *hits[RULE_HITS_MAX];
	size_t count = machine_rules_hits(spec, start, facts, hits);

	machine_ruling_done(ruling);
	ruling->cpus = spec->cpus;
	ruling->memory_bytes = spec->memory_bytes;
	for (size_t i = 0; i < count; i++) {
		const struct rule *r = hits[i];
		if (r->effect == RULE_REFUSE) {
			machine_ruling_done(ruling);
			return err_hint(err_new(ERR_USAGE, "the machine '%s' cannot start: %s", spec->name, r->why),
					"%s (%s)", r->remedy, r->link);
		}
		if (r->effect == RULE_ADJUST)
			adjust(r, facts, ruling);
		if (r->why)
			strs_addf(&ruling->warnings, "%s%s%s (%s)", r->why, r->remedy ? "; " : "",
				  r->remedy ? r->remedy : "", r->link);
	}
	return NULL;
}

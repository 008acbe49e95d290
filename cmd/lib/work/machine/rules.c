#include "work/machine/rules.h"

#include <stdlib.h>
#include <string.h>

enum effect { ADJUST, WARN, REFUSE };

/* Conditions that are more than a comparison with a constant. */
enum test {
	ANY,
	HOST_ARCH_DIFFERS, /* the guest's architecture is not the host's */
	NO_HV_SUPPORT,
	NO_KVM,
	OVER_HOST_MEMORY,
	OVER_HOST_CPUS,
	READ_ONLY_MOUNT,  /* some directory is shared read-only */
	FOREIGN_FIRMWARE, /* UEFI code from outside the QEMU's own share folder */
};

enum { ON_TCG = 1 << ACCEL_TCG, ON_KVM = 1 << ACCEL_KVM, ON_HVF = 1 << ACCEL_HVF };
enum firmware { FIRMWARE_ANY, FIRMWARE_UEFI };

#define GIB ((int64_t)1 << 30)

/* A row applies when every condition that it states holds; NULL and 0 state nothing. */
struct rule {
	const char *name;
	/* conditions */
	unsigned accel; /* ON_* bits */
	const char *guest_arch;
	const char *host_arch;
	const char *chip;       /* beginning of the chip's name */
	const char *qemu_from;  /* this version or later */
	const char *qemu_below; /* before this version */
	const char *os_from;    /* of macOS; a row with one of these is about macOS */
	const char *os_below;
	enum firmware firmware;
	int64_t memory_over;
	int64_t memory_under;
	int cpus_over;
	enum test test;
	/* consequence */
	enum effect effect;
	int64_t memory_max;
	int cpus_max;
	bool highmem_off;
	bool one_thread;
	const char *cpu;
	const char *gic;
	const char *why;    /* a sentence; NULL = an adjustment that nobody needs to hear of */
	const char *remedy; /* hint of a refusal, end of a warning */
	const char *link;
};

#define QEMU_ISSUE "https://gitlab.com/qemu-project/qemu/-/issues/"

static const struct rule rules[] = {
	{
		.name = "qemu-too-old",
		.qemu_below = "6.0",
		.effect = REFUSE,
		.why = "QEMU before 6.0 has no -action: a guest's reboot could not be told from its power-off",
		.remedy = "build a newer QEMU: the shipped recipes do",
		.link = "https://wiki.qemu.org/ChangeLog/6.0",
	},
	{
		.name = "hardware-other-arch",
		.accel = ON_HVF | ON_KVM,
		.test = HOST_ARCH_DIFFERS,
		.effect = REFUSE,
		.why = "hardware acceleration runs guests of the host's own architecture only",
		.remedy = "use accel: auto or tcg, or drop --guest-arch",
		.link = "https://www.qemu.org/docs/master/system/introduction.html",
	},
	{
		.name = "hvf-unsupported",
		.accel = ON_HVF,
		.test = NO_HV_SUPPORT,
		.effect = REFUSE,
		.why = "macOS offers no hypervisor here (kern.hv_support is not 1), and QEMU aborts instead of falling "
		       "back",
		.remedy = "use accel: auto or tcg; a Mac that is itself a virtual machine has none",
		.link = QEMU_ISSUE "2981",
	},
	{
		.name = "kvm-absent",
		.accel = ON_KVM,
		.test = NO_KVM,
		.effect = REFUSE,
		.why = "/dev/kvm cannot be opened",
		.remedy = "join the group that owns /dev/kvm, or use accel: auto or tcg",
		.link = "https://www.qemu.org/docs/master/system/introduction.html",
	},
	{
		.name = "over-host-memory",
		.test = OVER_HOST_MEMORY,
		.effect = REFUSE,
		.why = "the machine's memory is more than the host has",
		.remedy = "set machine.memory in the stack to half of the host's memory or less",
		.link = "https://github.com/podman-container-tools/podman/issues/14303",
	},
	{
		.name = "over-host-cpus",
		.test = OVER_HOST_CPUS,
		.effect = ADJUST,
		.why = "the machine has more CPUs than the host: it gets as many as the host has",
		.link = "https://www.qemu.org/docs/master/system/invocation.html",
	},
	{
		.name = "little-memory",
		.memory_under = GIB,
		.effect = WARN,
		.why = "less than 1 GiB of memory: unpacking the initramfs or the first container may run out of it",
		.remedy = "2 GiB is comfortable",
		.link = "https://docs.fedoraproject.org/en-US/fedora-coreos/provisioning-qemu/",
	},
	/* Apple Silicon */
	{
		.name = "hvf-by-patch",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_below = "6.2",
		.effect = WARN,
		.why = "QEMU before 6.2 has hvf on Apple Silicon only through a patch series",
		.remedy = "6.2 and later need none",
		.link = "https://patchwork.kernel.org/series/548227/mbox/",
	},
	{
		.name = "hvf-low-memory-map",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_below = "7.0",
		.effect = ADJUST,
		.highmem_off = true,
		.memory_max = 3 * GIB,
		.cpu = "cortex-a57",
		.link = "https://github.com/podman-container-tools/podman/issues/14303",
	},
	{
		.name = "hvf-low-memory-map-clamp",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_below = "7.0",
		.memory_over = 3 * GIB,
		.effect = WARN,
		.why = "QEMU before 7.0 addresses 32 bits on Apple Silicon: the machine gets 3 GiB of memory",
		.remedy = "use QEMU 7.0 or later",
		.link = "https://github.com/kubernetes/minikube/issues/14273",
	},
	{
		.name = "hvf-host-panic",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.os_below = "12.4",
		.effect = ADJUST,
		.highmem_off = true,
		.memory_max = 3 * GIB,
		.link = QEMU_ISSUE "949",
	},
	{
		.name = "hvf-host-panic-clamp",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.os_below = "12.4",
		.memory_over = 3 * GIB,
		.effect = WARN,
		.why = "macOS before 12.4 panics under a guest with more than 3 GiB: the machine gets 3 GiB of memory",
		.remedy = "update macOS",
		.link = "https://github.com/lima-vm/lima/issues/795",
	},
	{
		.name = "hvf-ipa-bits",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_below = "9.2",
		.memory_over = 63 * GIB,
		.effect = ADJUST,
		.memory_max = 63 * GIB,
		.why = "QEMU before 9.2 uses 36 bits of guest addresses on Apple Silicon: the machine gets 63 GiB of "
		       "memory",
		.link = QEMU_ISSUE "2981",
	},
	{
		.name = "hvf-gic2",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_below = "8.0",
		.effect = ADJUST,
		.gic = "2",
		.link = "https://wiki.qemu.org/ChangeLog/8.0",
	},
	{
		.name = "hvf-gic2-cpus",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_below = "8.0",
		.cpus_over = 8,
		.effect = ADJUST,
		.cpus_max = 8,
		.why = "QEMU before 8.0 has GICv2 only under hvf: the machine gets 8 CPUs",
		.link = "https://wiki.qemu.org/ChangeLog/8.0",
	},
	{
		.name = "hvf-firmware-assert",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_below = "8.2.1",
		.firmware = FIRMWARE_UEFI,
		.effect = WARN,
		.why = "newer firmware and kernels fail under hvf with QEMU before 8.2.1 (ArmCpuDxe assert)",
		.remedy = "use QEMU 8.2.1 or later with the firmware of the same release",
		.link = QEMU_ISSUE "1990",
	},
	{
		.name = "hvf-firmware-pair",
		.accel = ON_HVF,
		.firmware = FIRMWARE_UEFI,
		.test = FOREIGN_FIRMWARE,
		.effect = WARN,
		.why = "the firmware does not come with this QEMU; mixed pairs have stalled after 'Exiting boot "
		       "services'",
		.remedy = "use the edk2 files of QEMU's own release",
		.link = "https://github.com/NVIDIA/OpenShell/issues/2924",
	},
	{
		.name = "hvf-sme",
		.accel = ON_HVF,
		.chip = "Apple M4",
		.qemu_from = "9.2",
		.qemu_below = "9.2.3",
		.effect = REFUSE,
		.why = "QEMU 9.2.0 to 9.2.2 dies on the M4: property 'host-arm-cpu.sme' not found",
		.remedy = "use QEMU 10.2 or later",
		.link = QEMU_ISSUE "2721",
	},
	{
		.name = "hvf-sdk",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_from = "11.0",
		.os_below = "15.0",
		.effect = REFUSE,
		.why = "hvf of QEMU 11 needs macOS 15: built against an older SDK it aborts when a vCPU is made",
		.remedy = "use QEMU 10.2, or update macOS",
		.link = "https://github.com/NixOS/nixpkgs/issues/532038",
	},
	{
		.name = "hvf-idle-spin",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_from = "11.0",
		.qemu_below = "11.1",
		.effect = WARN,
		.why = "QEMU 11.0 burns half a core or more for each idle vCPU under hvf",
		.remedy = "use QEMU 10.2, or 11.1 and later",
		.link = "https://gitlab.com/qemu-project/qemu/-/work_items/3433",
	},
	{
		.name = "hvf-flash-guard",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_from = "11.0",
		.os_from = "26.0",
		.firmware = FIRMWARE_UEFI,
		.effect = WARN,
		.why = "macOS 26 kills QEMU 11 (EXC_GUARD) when a guest writes to its firmware's flash, unless it is "
		       "patched "
		       "to unmap only what it mapped",
		.remedy = "use QEMU 10.2, or a build with that patch",
		.link = "https://patchew.org/QEMU/20260424000544.9617-1-lucaaamaral@gmail.com/",
	},
	{
		.name = "hvf-boot-services-stall",
		.accel = ON_HVF,
		.guest_arch = "aarch64",
		.qemu_from = "11.1",
		.qemu_below = "11.2",
		.firmware = FIRMWARE_UEFI,
		.effect = WARN,
		.why = "some guests stall under hvf with QEMU 11.1 after 'EFI stub: Exiting boot services'",
		.remedy = "use QEMU 10.2 where it happens",
		.link = "https://github.com/NVIDIA/OpenShell/issues/2924",
	},
	/* emulation of the whole machine */
	{
		.name = "tcg-memory-order",
		.accel = ON_TCG,
		.guest_arch = "x86_64",
		.host_arch = "aarch64",
		.qemu_below = "8.1",
		.effect = ADJUST,
		.one_thread = true,
		.why = "QEMU before 8.1 does not keep x86 memory order on ARM hosts: all virtual CPUs share one thread",
		.link = "https://wiki.qemu.org/ChangeLog/8.1",
	},
	{
		.name = "tcg-no-avx",
		.accel = ON_TCG,
		.guest_arch = "x86_64",
		.qemu_below = "7.2",
		.effect = WARN,
		.why = "QEMU before 7.2 does not emulate AVX: programs built for x86-64-v3 will not run in the machine",
		.remedy = "use QEMU 7.2 or later",
		.link = QEMU_ISSUE "164",
	},
	/* shared directories */
	{
		.name = "9p-read-only-truncate",
		.test = READ_ONLY_MOUNT,
		.qemu_below = "11.1",
		.effect = WARN,
		.why = "a guest can truncate files of a directory that is shared read-only (CVE-2026-63318), unless "
		       "this "
		       "QEMU carries the fix of 11.1",
		.remedy = "share only what may be lost, or use QEMU 11.1",
		.link = "https://nvd.nist.gov/vuln/detail/CVE-2026-63318",
	},
};

void machine_ruling_done(struct machine_ruling *ruling)
{
	strs_done(&ruling->warnings);
	*ruling = (struct machine_ruling)MACHINE_RULING_INIT;
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

static bool test_holds(enum test test, const struct machine_spec *spec, const struct host_facts *facts)
{
	switch (test) {
	case ANY:
		return true;
	case HOST_ARCH_DIFFERS:
		return !streq(spec->guest_arch, facts->arch);
	case NO_HV_SUPPORT:
		return !facts->hv_support;
	case NO_KVM:
		return !facts->kvm_present;
	case OVER_HOST_MEMORY:
		return facts->memory_bytes > 0 && spec->memory_bytes > facts->memory_bytes;
	case OVER_HOST_CPUS:
		return facts->cpus > 0 && spec->cpus > facts->cpus;
	case READ_ONLY_MOUNT:
		for (size_t i = 0; i < spec->mount_count; i++)
			if (!spec->mounts[i].writable)
				return true;
		return false;
	case FOREIGN_FIRMWARE:
		return spec->firmware_code && spec->qemu_share && !str_starts(spec->firmware_code, spec->qemu_share);
	}
	return false;
}

static bool applies(const struct rule *r, const struct machine_spec *spec, const struct machine_start *start,
		    const struct host_facts *facts)
{
	bool about_macos = r->os_from || r->os_below;

	return (r->accel == 0 || (r->accel & 1u << start->accel)) &&
	       (!r->guest_arch || streq(r->guest_arch, spec->guest_arch)) &&
	       (!r->host_arch || streq(r->host_arch, facts->arch)) && (!r->chip || str_starts(facts->chip, r->chip)) &&
	       (!r->qemu_from || release_compare(spec->qemu_version, r->qemu_from) >= 0) &&
	       (!r->qemu_below || release_compare(spec->qemu_version, r->qemu_below) < 0) &&
	       (!about_macos || streq(facts->os, "macos")) &&
	       (!r->os_from || release_compare(facts->os_version, r->os_from) >= 0) &&
	       (!r->os_below || release_compare(facts->os_version, r->os_below) < 0) &&
	       (r->firmware == FIRMWARE_ANY || spec->boot == BOOT_UEFI) &&
	       (r->memory_over == 0 || spec->memory_bytes > r->memory_over) &&
	       (r->memory_under == 0 || spec->memory_bytes < r->memory_under) &&
	       (r->cpus_over == 0 || spec->cpus > r->cpus_over) && test_holds(r->test, spec, facts);
}

static void adjust(const struct rule *r, const struct host_facts *facts, struct machine_ruling *ruling)
{
	int cpus_max = r->test == OVER_HOST_CPUS ? facts->cpus : r->cpus_max;

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

struct err *machine_rules(const struct machine_spec *spec, const struct machine_start *start,
			  const struct host_facts *facts, struct machine_ruling *ruling)
{
	machine_ruling_done(ruling);
	ruling->cpus = spec->cpus;
	ruling->memory_bytes = spec->memory_bytes;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];
		if (!applies(r, spec, start, facts))
			continue;
		if (r->effect == REFUSE) {
			machine_ruling_done(ruling);
			return err_hint(err_new(ERR_USAGE, "the machine '%s' cannot start: %s", spec->name, r->why),
					"%s (%s)", r->remedy, r->link);
		}
		if (r->effect == ADJUST)
			adjust(r, facts, ruling);
		if (r->why)
			strs_addf(&ruling->warnings, "%s%s%s (%s)", r->why, r->remedy ? "; " : "",
				  r->remedy ? r->remedy : "", r->link);
	}
	return NULL;
}

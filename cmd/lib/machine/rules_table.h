/*
 * rules_table.h - the form of a row of the compatibility table; rules.c evaluates it, rules_table.c holds it
 *
 * A row per fact. It applies when every condition that it states holds; NULL and 0 state nothing. What is unknown of
 * a host (an SDK's version, the number of performance cores) never makes a row apply.
 */
#ifndef COOPER_MACHINE_RULES_TABLE_H
#define COOPER_MACHINE_RULES_TABLE_H

#include "base/arch.h"
#include "machine/spec.h"

enum rule_effect { RULE_ADJUST, RULE_WARN, RULE_REFUSE };

/* Conditions that are more than a comparison with a constant. */
enum rule_test {
	RULE_ANY,
	RULE_HOST_ARCH_DIFFERS, /* the guest's architecture is not the host's */
	RULE_NO_HV_SUPPORT,
	RULE_NO_KVM,
	RULE_OVER_HOST_MEMORY,
	RULE_OVER_HOST_CPUS,
	RULE_OVER_PERF_CPUS, /* more CPUs than the host has performance cores */
	RULE_ANY_MOUNT,
	RULE_READ_ONLY_MOUNT, /* some directory is shared read-only */
	RULE_GUEST_EMULATES,  /* containers of another architecture run under the guest's own emulator, and only so */
	RULE_SYSTEM_EMULATES_X86, /* x86_64 programs run under the emulator of the guest's distribution */
	RULE_LOOPBACK_CLOSED,     /* the stack does not ask for the host's loopback */
	RULE_FOREIGN_FIRMWARE,    /* UEFI code from outside the QEMU's own share folder */
};

enum { ON_TCG = 1 << ACCEL_TCG, ON_KVM = 1 << ACCEL_KVM, ON_HVF = 1 << ACCEL_HVF };
enum rule_firmware { FIRMWARE_ANY, FIRMWARE_UEFI };

struct rule {
	const char *name;
	/* conditions */
	unsigned accel;              /* ON_* bits */
	enum arch guest_arch;        /* ARCH_NONE = any */
	enum arch host_arch;         /* ARCH_NONE = any */
	const char *chip;            /* beginning of the chip's name */
	const char *qemu_from;       /* this version or later */
	const char *qemu_below;      /* before this version */
	const char *unless_provided; /* what a patch of the recipe provides that takes the cause away */
	const char *os_from;         /* of macOS; a row with one of these is about macOS */
	const char *os_below;
	const char *sdk_below;  /* of the macOS SDK, where it is known */
	const char *guest_os;   /* `os:` of the guest's image; guest/os.h */
	const char *image_from; /* version of the image, or later: stands for the guest's kernel and emulators */
	const char *image_below;
	enum rule_firmware firmware;
	int64_t memory_over;
	int64_t memory_under;
	int cpus_over;
	enum rule_test test;
	/* consequence */
	enum rule_effect effect;
	int64_t memory_max;
	int cpus_max;
	bool highmem_off;
	bool one_thread;
	const char *cpu;
	const char *gic;
	const char *why;    /* a sentence; NULL = an adjustment that needs no message */
	const char *remedy; /* hint of a refusal, end of a warning */
	const char *link;
};

/** rules_table() - all rows; refusals and adjustments take effect in this order */
const struct rule *rules_table(size_t *ret_count);

#endif

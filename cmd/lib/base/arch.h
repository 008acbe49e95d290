/*
 * arch.h - the architectures that cooper knows, each one row of the table arch.def
 *
 *	enum arch arch = arch_of("arm64");                      ARCH_AARCH64
 *	if (!arch)
 *		return ...                                      not a name of any
 *	printf("%s %s\n", arch_name(arch), arch_row(arch)->debian);
 *
 * Text becomes an enum where it comes in (recipes, options, files, uname(2)) and text again where it goes out:
 * arch_of() takes every spelling, arch_name() gives cooper's own. No other file holds a name of an architecture; `make
 * lint` looks.
 */
#ifndef COOPER_BASE_ARCH_H
#define COOPER_BASE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define ARCH(id, ...) ARCH_##id,
enum arch {
	ARCH_NONE,
#include "base/arch.def"
	ARCH_COUNT,
};
#undef ARCH

/* What a virtual machine of the architecture needs. */
struct arch_guest {
	const char *console;     /* the kernel's name of the serial port; NULL = no machine has this architecture */
	const char *board;       /* QEMU's -machine */
	const char *tcg_cpu;     /* QEMU's -cpu where the processor is emulated */
	const char *tcg_cmdline; /* for the kernel, there; NULL = nothing */
	const char *flash_vars;  /* template of the UEFI variables, below QEMU's share; NULL = they start empty */
};

struct arch_row {
	const char *name;        /* cooper's: of QEMU's user emulator, and of Linux's but for `uname` */
	const char *synonyms[4]; /* also taken where people write one; NULL after the last */
	const char *uname;       /* machine field of uname(2); NULL = name */
	const char *debian;      /* Debian's */
	const char *oci;         /* of containers' images */
	const char *oci_variant; /* "v7" of linux/arm/v7; NULL = none */
	const char *qemu_system; /* of QEMU's system emulator; NULL = name */
	uint16_t elf_machine;    /* e_machine */
	uint32_t elf_flags;      /* e_flags of a program */
	bool elf_64;             /* class */
	bool elf_big_endian;     /* data */
	bool elf_any_abi;        /* old linkers set OS ABI and ABI version, which the kernel ignores */
	enum arch runs_too;      /* whose programs its kernels run, too, on every processor */
	struct arch_guest guest;
};

/** arch_of() - the architecture of that name, any spelling; ARCH_NONE when unknown, or NULL */
enum arch arch_of(const char *name);
/** arch_row() - the row of @arch; that of ARCH_NONE says "unknown" */
const struct arch_row *arch_row(enum arch arch);
/** arch_name() - cooper's name of @arch; "unknown" for ARCH_NONE */
const char *arch_name(enum arch arch);
/** arch_uname() - what uname(2) calls the machine */
const char *arch_uname(enum arch arch);
/** arch_qemu_system() - what comes after "qemu-system-" */
const char *arch_qemu_system(enum arch arch);
/** arch_runs() - whether a kernel of @kernel runs programs of @program itself */
bool arch_runs(enum arch kernel, enum arch program);
/** arch_spellings() - append every name of those for which @holds (NULL = of all), in the order of the table */
void arch_spellings(bool (*holds)(enum arch arch), struct strs *ret_names);
/** arch_list() - the names of those for which @holds (NULL = of all), "x86_64, aarch64"; heap */
char *arch_list(bool (*holds)(enum arch arch));
/**
 * arch_option() - the architecture that a word of the command line names
 * @what:   what it stands for, "guest architecture"
 * @holds:  which ones the hint lists; NULL = all
 *
 * Errors:  USAGE (unknown)
 */
MUST_CHECK struct err *arch_option(const char *what, const char *name, bool (*holds)(enum arch arch),
				   enum arch *ret_arch);
/** arch_is_guest() - whether there are machines of this architecture */
bool arch_is_guest(enum arch arch);

#endif

/*
 * disk.h - a machine's generations of the OS disk; the data disk, which outlives them, is data_disk.h
 *
 * A generation is machines/<name>/gen-<n>/: an overlay on the image's read-only disk, the Ignition config of its first
 * boot, firmware variables where there is firmware, and a receipt. It is made under another name and renamed whole.
 * Two small files decide all: gen-<n>/booted exists once its first boot reached ready (a generation without it is
 * discarded and made anew), and machines/<name>/current holds the number of the active one.
 *
 *	TRY(generation_find(dir, key, &generation));          number 0: none with that key that ever came up
 *	if (!generation.number)
 *		TRY(generation_make(&input, &generation));
 *	... boot it (the supervisor writes booted), run the canaries ...
 *	TRY(generation_switch(dir, generation.number));
 *	TRY(generation_prune(dir));
 *
 * The machine must not be running for anything that removes.
 */
#ifndef COOPER_MACHINE_DISK_H
#define COOPER_MACHINE_DISK_H

#include "base/err.h"
#include "base/event.h"
#include "machine/spec.h"
#include "machine/vmm.h"

struct generation {
	int number;  /* 0 = none */
	bool booted; /* the first boot reached ready */
	bool current;
	char *dir;
	char *key;       /* what made it */
	char *base_disk; /* below its own; NULL = not known */
	char *ssh_keys;  /* keys_digest() then; NULL = not known */
};

void generation_done(struct generation *g);

/* All borrowed. */
struct generation_input {
	const struct machine_spec *spec;
	const struct vmm *vmm;
	const char *key;      /* changes when the OS disk must be another one */
	const char *ignition; /* text */
};

/** generation_current() - the active one; number 0 when there is none */
MUST_CHECK struct err *generation_current(const char *machine_dir, struct generation *ret_generation);

/** generation_load() - generation @number; ABSENT when it does not exist */
MUST_CHECK struct err *generation_load(const char *machine_dir, int number, struct generation *ret_generation);

/** generation_find() - the newest booted one made with @key (the current one first); number 0 when there is none */
MUST_CHECK struct err *generation_find(const char *machine_dir, const char *key, struct generation *ret_generation);

/** generation_made() - like generation_find(), but one that never came up is found, too */
MUST_CHECK struct err *generation_made(const char *machine_dir, const char *key, struct generation *ret_generation);

/**
 * generation_make() - a new one, with the next free number; those that never came up are removed first
 *
 * Errors:    BUSY (the machine runs), CHILD (the monitor's tool), OS
 * On error:  nothing new is visible.
 */
MUST_CHECK struct err *generation_make(const struct generation_input *input, struct generation *ret_generation);

/** generation_number() - of the folder "gen-<n>" of that name; 0 when it is none */
int generation_number(const char *name);

/** generation_booted() - whether the first boot of the generation in @gen_dir reached ready */
MUST_CHECK struct err *generation_booted(const char *gen_dir, bool *ret_booted);

/** generation_set_booted() - say that it did */
MUST_CHECK struct err *generation_set_booted(const char *gen_dir);

/** generation_switch() - make @number the active one; ABSENT when it does not exist */
MUST_CHECK struct err *generation_switch(const char *machine_dir, int number);

/** generation_newest() - the newest booted one; number 0 = none */
MUST_CHECK struct err *generation_newest(const char *machine_dir, struct generation *ret_generation);

/** generation_previous() - the newest booted one below the current: what a rollback goes to; number 0 = none */
MUST_CHECK struct err *generation_previous(const char *machine_dir, struct generation *ret_generation);

/** generation_prune() - remove all but the current one and the previous */
MUST_CHECK struct err *generation_prune(const char *machine_dir);

/** generation_firmware() - before a start of @spec: variables of its firmware that are lost or cut are made anew */
MUST_CHECK struct err *generation_firmware(const struct machine_spec *spec, const struct vmm *vmm);

/**
 * generation_check() - whether @g can be booted and reached, as far as can be seen at once: its disk, and the ssh keys
 * that it was made with
 *
 * Errors:  CORRUPT, ABSENT (it has to be made anew), OS
 */
MUST_CHECK struct err *generation_check(const struct generation *g, const struct machine_spec *spec,
					const struct vmm *vmm);

#endif

/*
 * disk.h - a machine's disks: generations of the OS disk, and the data disk that outlives them
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
	char *key; /* what made it */
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

/** generation_previous() - the newest booted one below the current: what a rollback goes to; number 0 = none */
MUST_CHECK struct err *generation_previous(const char *machine_dir, struct generation *ret_generation);

/** generation_prune() - remove all but the current one and the previous */
MUST_CHECK struct err *generation_prune(const char *machine_dir);

/**
 * disk_make_data() - make the data disk, or let it grow; it never shrinks (fit_disk() says so before)
 *
 * Errors:    BUSY (it has to grow and the machine runs), CHILD (the monitor's tool), CORRUPT (it is no disk), OS
 * On error:  an existing disk is as it was.
 */
MUST_CHECK struct err *disk_make_data(const struct machine_spec *spec, const struct vmm *vmm);

#endif

/*
 * pause.h - a machine that stands still although it is on: why, in words, and when to let it go on
 *
 * A full disk of the host stops the guest in the middle of a write that is tried again once the guest goes on. It does
 * so by itself when there is room again; all else needs somebody to say so (`cooper start`).
 *
 *	struct pause pause = {.told = VMM_GOES_ON};
 *	if (pause_due(&pause, run.pause, os_disk_free(dir), tick_ms())) power_command(&power, VMM_CONTINUE);
 */
#ifndef COOPER_MACHINE_PAUSE_H
#define COOPER_MACHINE_PAUSE_H

#include <stdint.h>

#include "base/err.h"
#include "machine/vmm.h"

/* Less free space than this, and the guest would only be stopped again. */
#define PAUSE_ROOM_BYTES (INT64_C(64) << 20)

struct pause {
	enum vmm_pause told; /* the last state that pause_due() was told */
	int64_t next_ms;     /* when the next try is due */
	int64_t wait_ms;     /* between two tries; longer when the last one was in vain */
	int64_t tried_ms;
};

/** pause_words() - why, as half a sentence: "the host's disk is full" */
const char *pause_words(enum vmm_pause pause);

/** pause_due() - whether the machine should be told to go on now; pure, but for @p */
bool pause_due(struct pause *p, enum vmm_pause pause, int64_t free_bytes, int64_t now_ms);

/**
 * pause_error() - the machine @name stands still, as an error with what to do; NULL for VMM_GOES_ON
 * @trouble:  the host's own words for it; "" = none
 * @dir:      where space is missing
 *
 * Errors:  OS (ENOSPC: the disk is full), GUEST (all others)
 */
MUST_CHECK struct err *pause_error(const char *name, enum vmm_pause pause, const char *trouble, const char *dir);

#endif

/*
 * data_disk.h - the one thing in a machine's folder that is the user's: homes and containers
 *
 * It is made once. From then on it is never replaced, and a machine that had one is never started with an empty one:
 * whatever is wrong with it is an error with its remedy.
 *
 *	TRY(data_disk_check(spec, vmm));      before anything is stopped
 *	TRY(data_disk_prepare(spec, vmm));    the machine does not run
 */
#ifndef COOPER_MACHINE_DATA_DISK_H
#define COOPER_MACHINE_DATA_DISK_H

#include "base/err.h"
#include "machine/vmm.h"

/** data_disk_had() - whether the machine ever had one, which may now be somewhere else */
MUST_CHECK struct err *data_disk_had(const char *machine_dir, bool *ret_had);

/** data_disk_note() - the machine has one from now on: without it, it is missing */
MUST_CHECK struct err *data_disk_note(const char *machine_dir);

/**
 * data_disk_check() - whether the machine may be started with the data disk as it is, or with a new one
 *
 * Errors:  ABSENT (there was one, and it is gone, or a link leads to nothing), CORRUPT (empty, no file, no disk), OS
 */
MUST_CHECK struct err *data_disk_check(const struct machine_spec *spec, const struct vmm *vmm);

/**
 * data_disk_prepare() - check it; make the first one, or let it grow; it never shrinks (fit_disk() says so before)
 *
 * Errors:    as data_disk_check(); BUSY (it has to grow and the machine runs), CHILD (the monitor's tool)
 * On error:  an existing disk is as it was.
 */
MUST_CHECK struct err *data_disk_prepare(const struct machine_spec *spec, const struct vmm *vmm);

#endif

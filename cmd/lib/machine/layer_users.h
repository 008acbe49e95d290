/*
 * layer_users.h - which layers are in use, and what becomes of the others
 *
 * It is read from the disks themselves and from the notes of snapshots: nothing else counts them. What cannot be read, or
 * is not where it was, may stand on any: then nothing is unused.
 *
 *	TRY(layers_clean(machines, vmm));      remove what is unused
 *	e = layers_settle(spec, vmm);          ... and join what only one disk stands on
 */
#ifndef COOPER_MACHINE_LAYER_USERS_H
#define COOPER_MACHINE_LAYER_USERS_H

#include "base/err.h"
#include "machine/vmm.h"

#define SNAPSHOTS_FOLDER "snapshots" /* in a machine's folder: <name>.json */
#define SNAPSHOT_LAYER "layer"       /* its member with the id */

/**
 * layers_unused() - append the files of layers that no machine in the folder @machines has, or can go back to
 *
 * Errors: CORRUPT, ABSENT, USAGE (a disk or a note cannot be read, or is away: then nothing is unused), OS
 */
MUST_CHECK struct err *layers_unused(const char *machines, const struct vmm *vmm, struct strs *paths);

/** layers_clean() - remove these */
MUST_CHECK struct err *layers_clean(const char *machines, const struct vmm *vmm);

/** layers_settle() - remove the layers that are unused, and merge those of @spec that only one other of its disks stands
 *  on; between layers_hold() and the close of its lock. Errors as above, and then the disks hold what they held */
MUST_CHECK struct err *layers_settle(const struct machine_spec *spec, const struct vmm *vmm);

#endif

/*
 * layers.h - data disks that nobody writes any more, and what stands on them: the ground of snapshots and clones
 *
 * A layer is disks/<id>/data.qcow2 in COOPER_HOME, 0400. A machine's data disk, or another layer, is written over it and
 * names it relative to its own folder; machines/<name> and disks/<id> are equally deep, so the name stays right when a
 * disk becomes a layer, a layer a disk, or COOPER_HOME moves. Which layers are in use is read from the disks themselves
 * and from the notes of snapshots: nothing else counts them.
 *
 *	TRY(layer_freeze(spec, vmm, &id));     what the disk held is the layer id; the machine goes on over it
 *	TRY(layer_put(spec, vmm, id));         what it has held since is gone
 *	TRY(layers_settle(spec, vmm));         layers that only this machine's disk needs become part of it
 *
 * All but layers_check() are called with up.lock held, and the machines whose disks are named do not run. At every moment
 * the data disk is whole, as it was before or as it is after.
 */
#ifndef COOPER_MACHINE_LAYERS_H
#define COOPER_MACHINE_LAYERS_H

#include "base/err.h"
#include "machine/vmm.h"

#define SNAPSHOTS_FOLDER "snapshots" /* in a machine's folder: <name>.json */
#define SNAPSHOT_LAYER "layer"       /* its member with the id */

/** layer_is_id() - whether a layer can be called so */
bool layer_is_id(const char *text);

/**
 * layers_check() - whether the data disk @path, and every layer below it, are disks that hold no others than these
 *
 * Errors: CORRUPT, ABSENT (a layer is gone), OS
 */
MUST_CHECK struct err *layers_check(const struct machine_spec *spec, const struct vmm *vmm, const char *path);

/**
 * layer_freeze() - make what the data disk of @spec holds a layer, and an empty disk over it the data disk
 * @ret_id:  heap
 *
 * Errors:    USAGE (the disk or a folder on the way is a link), ABSENT, CORRUPT, CHILD, OS
 * On error:  the data disk is as it was.
 */
MUST_CHECK struct err *layer_freeze(const struct machine_spec *spec, const struct vmm *vmm, char **ret_id);

/** layer_put() - make an empty disk over layer @id the data disk of @spec; errors as above */
MUST_CHECK struct err *layer_put(const struct machine_spec *spec, const struct vmm *vmm, const char *id);

/** layer_bytes() - what layer @id takes on this host's disk, without those below it */
MUST_CHECK struct err *layer_bytes(const struct machine_spec *spec, const char *id, int64_t *ret_bytes);

/** layers_unused() - append the folders of layers that no machine in the folder @machines has, or can go back to */
MUST_CHECK struct err *layers_unused(const char *machines, const struct vmm *vmm, struct strs *paths);

/** layers_clean() - remove these */
MUST_CHECK struct err *layers_clean(const char *machines, const struct vmm *vmm);

/** layers_settle() - merge what only the data disk of @spec stands on, as far as no snapshot needs it, and remove the
 *  layers that are unused */
MUST_CHECK struct err *layers_settle(const struct machine_spec *spec, const struct vmm *vmm);

#endif

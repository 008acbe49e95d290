/*
 * layers.h - data disks that nobody writes any more, and what stands on them: the ground of snapshots and clones
 *
 * A layer is disks/all/<id>.qcow2 in COOPER_HOME, 0400. A machine's data disk, or another layer, is written over it and
 * names it relative to its own folder; machines/<name> and disks/all are equally deep, so the name stays right when a disk
 * becomes a layer, a layer a disk, or COOPER_HOME moves. Which of them are in use: layer_users.h.
 *
 *	TRY(layers_hold(spec, vmm, "cooper clone", &lock));
 *	TRY(layer_freeze(spec, vmm, &id));     what the disk held is the layer id; the machine goes on over it
 *	TRY(layer_put(spec, vmm, id));         what it has held since is gone
 *	close(lock);
 *
 * All that changes something is called with up.lock and the machine's own lock held. At every moment the data disk is
 * whole, as it was before or as it is after.
 */
#ifndef COOPER_MACHINE_LAYERS_H
#define COOPER_MACHINE_LAYERS_H

#include "base/err.h"
#include "machine/vmm.h"

#define LAYER_ENDING ".qcow2"

/**
 * layers_hold() - take the lock of the machine, as who runs it does, and end what such a one left behind
 * @holder:  for people who wait: "cooper snapshot create"
 *
 * Errors: BUSY (it runs), OS
 */
MUST_CHECK struct err *layers_hold(const struct machine_spec *spec, const struct vmm *vmm, const char *holder,
				   int *ret_fd);

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
 * @ret_id:  heap; of the layer below where the disk has nothing of its own
 *
 * Errors:    USAGE (a link is on the way; too many layers already), ABSENT, CORRUPT, CHILD, OS
 * On error:  the data disk holds what it held.
 */
MUST_CHECK struct err *layer_freeze(const struct machine_spec *spec, const struct vmm *vmm, char **ret_id);

/** layer_put() - make an empty disk over layer @id the data disk of @spec; errors as above */
MUST_CHECK struct err *layer_put(const struct machine_spec *spec, const struct vmm *vmm, const char *id);

/** layer_bytes() - what layer @id takes on this host's disk, without those below it */
MUST_CHECK struct err *layer_bytes(const struct machine_spec *spec, const char *id, int64_t *ret_bytes);

/* --- for layer_users.h --- */

/** layer_id() - the id in the name by which a disk calls the layer below it, heap; NULL when it is no such name */
char *layer_id(const char *name);
/** layers_folder() - of all layers, as seen from the folder of machines @machines; heap */
char *layers_folder(const char *machines);
/** layer_file() - the path of layer @id in it; heap */
char *layer_file(const char *folder, const char *id);
/** layer_freeze_file() - nobody writes the file any more; layer_thaw_file() - it can be written again */
MUST_CHECK struct err *layer_freeze_file(const char *path);
MUST_CHECK struct err *layer_thaw_file(const char *path);
/** layers_find_link() - the first link on the way to the disks of @spec, which other disks cannot stand on; heap, or NULL */
MUST_CHECK struct err *layers_find_link(const struct machine_spec *spec, char **ret_link);

#endif

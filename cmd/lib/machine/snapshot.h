/*
 * snapshot.h - states of a machine's data disk that can be gone back to, by name
 *
 * A snapshot is machines/<name>/snapshots/<snapshot>.json, which names a layer (layers.h). It holds what the user has:
 * homes and containers. The OS disk is made from the stack, and has generations for the same purpose.
 *
 * What changes something is called between layers_hold() and the close of its lock; layers_settle() comes after it.
 */
#ifndef COOPER_MACHINE_SNAPSHOT_H
#define COOPER_MACHINE_SNAPSHOT_H

#include "base/err.h"
#include "machine/vmm.h"

struct snapshot {
	char *name;
	char *made;    /* UTC, "2026-11-28T09:00:00Z"; "" = not told */
	int64_t bytes; /* on this host's disk, without what it shares with the one it was made after; -1 = damaged */
};

struct snapshots {
	struct snapshot *items; /* the oldest first */
	size_t count;
};

void snapshots_done(struct snapshots *s);

/** snapshots_list() - all of the machine; errors: OS */
MUST_CHECK struct err *snapshots_list(const struct machine_spec *spec, struct snapshots *ret_list);

/**
 * snapshot_create() - no byte of the disk is copied
 *
 * Errors: USAGE (no name for one; there is one of that name; those of layer_freeze()), CORRUPT, OS
 */
MUST_CHECK struct err *snapshot_create(const struct machine_spec *spec, const struct vmm *vmm, const char *name);

/** snapshot_check() - whether there is one of that name; ABSENT, with those that there are, CORRUPT, OS */
MUST_CHECK struct err *snapshot_check(const struct machine_spec *spec, const char *name);

/** snapshot_restore() - the data disk is again what it was; what was written since is gone */
MUST_CHECK struct err *snapshot_restore(const struct machine_spec *spec, const struct vmm *vmm, const char *name);

/** snapshot_delete() - the disk stays as it is; ABSENT where there is none of that name */
MUST_CHECK struct err *snapshot_delete(const struct machine_spec *spec, const char *name);

#endif

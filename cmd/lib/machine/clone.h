/*
 * clone.h - a second machine that begins as the first is now
 *
 * Both data disks stand on what the first one held (layers.h), so that it takes no time and no space. The OS disk, which
 * is small, is copied, by reference where the file system can. The clone has the same users, ssh keys and containers; its
 * host name is its own where the kernel's command line is ours to write.
 */
#ifndef COOPER_MACHINE_CLONE_H
#define COOPER_MACHINE_CLONE_H

#include "base/err.h"
#include "machine/disk.h"

/**
 * machine_clone() - make the machine @name from generation @g of @spec; between layers_hold() and the close of its lock
 *
 * Errors:    USAGE (no name for one; there is one of that name; those of layer_freeze()), CORRUPT, OS
 * On error:  there is no machine of that name, and the first one is as it was.
 */
MUST_CHECK struct err *machine_clone(const struct machine_spec *spec, const struct generation *g, const struct vmm *vmm,
				     const char *name);

#endif

/*
 * mounts.h - what the guest is told to mount, anew at each start: a pure function of the machine
 *
 * The list is no part of the first boot: another mount takes a restart, and no other OS disk. The monitor hands it over
 * as the fw_cfg item MOUNTS_ITEM; a unit that the first boot put there (ignition.h) mounts what the list says before
 * containers and the login user's services start, and without it the guest is not ready.
 *
 *	cooper0 trans=virtio,...,nosuid,nodev /home/core/src
 *
 * A line is the share's tag, the options of mount(8), and the folder; an outer folder comes before those inside of it.
 *
 * See: Linux Documentation/filesystems/9p.rst; Documentation/ABI/testing/sysfs-firmware-qemu_fw_cfg
 */
#ifndef COOPER_MACHINE_MOUNTS_H
#define COOPER_MACHINE_MOUNTS_H

#include "base/err.h"
#include "machine/spec.h"

#define MOUNTS_ITEM "opt/org.cooper/mounts"

#define MOUNTS_UNIT "cooper-mounts.service"
#define MOUNTS_PROGRAM "/etc/cooper/mount-shares" /* in the guest, run by its sh */

extern const char mounts_unit_text[];
extern const char mounts_program_text[];

/**
 * mounts_check() - whether the guest can have the folders where they are to be mounted
 * @spec:  its os, or none, which takes everything
 *
 * Errors:  USAGE
 */
MUST_CHECK struct err *mounts_check(const struct machine_spec *spec);

/** mounts_list() - the list of one start, heap; NULL when nothing is shared */
char *mounts_list(const struct machine_spec *spec);

#endif

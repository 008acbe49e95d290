/*
 * vmm_qemu.h - QEMU as a monitor: what vmm.h asks, answered with its command line (argv.h), QMP and qemu-img
 */
#ifndef COOPER_MACHINE_VMM_QEMU_H
#define COOPER_MACHINE_VMM_QEMU_H

#include "machine/vmm.h"

extern const struct vmm vmm_qemu;

#endif

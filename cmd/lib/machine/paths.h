/*
 * paths.h - where a machine keeps its files: the one place that knows
 *
 * All are below the machine's directory (mode 0700). Sockets sit at its top to stay short.
 */
#ifndef COOPER_MACHINE_PATHS_H
#define COOPER_MACHINE_PATHS_H

#include "base/err.h"
#include "machine/spec.h"

enum machine_file {
	MACHINE_MONITOR_SOCKET, /* the monitor's control socket */
	MACHINE_READY_SOCKET,   /* where the guest says "ready" */
	MACHINE_API_SOCKET,     /* the guest's container API, see forward.h */
	MACHINE_ROOT_SOCKET,    /* ... of the guest's system */
	MACHINE_DATA_DISK,      /* home and containers; outlives generations */
	MACHINE_SERIAL_LOG,     /* all that the guest's console said */
	MACHINE_MONITOR_LOG,    /* what the monitor itself said */
	MACHINE_API_LOG,        /* what the forward of its API said */
	MACHINE_OS_DISK,        /* of the generation */
	MACHINE_FLASH_VARS,     /* of the generation: firmware variables (BOOT_UEFI) */
	MACHINE_IGNITION,       /* of the generation: first-boot config, 0600 */
};

/** machine_path() - the path of @file, heap */
char *machine_path(const struct machine_spec *spec, enum machine_file file);

/** machine_paths_check() - USAGE error when a socket's path would not fit (sys/sock.h) */
MUST_CHECK struct err *machine_paths_check(const struct machine_spec *spec);

/** machine_check_new() - whether a machine can be made under @name in the folder @machines; USAGE (no name for one; there
 *  is one; a socket's path would not fit), OS */
MUST_CHECK struct err *machine_check_new(const char *machines, const char *name);

#endif

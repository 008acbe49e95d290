/*
 * export.h - a machine's data as one file, and a machine made from such a file, on any host
 *
 * The file is a tar that needs no cooper to be read:
 *
 *	machine.json	the name of the machine, its login user, and that one's id
 *	data.qcow2	the data disk, standing on no other: homes, containers, images and volumes
 *	SHA256SUMS	of both, for sha256sum(1)
 *
 * The same data gives the same file. The OS disk is not in it, nor is any key: `cooper up` makes both from a stack.
 */
#ifndef COOPER_MACHINE_EXPORT_H
#define COOPER_MACHINE_EXPORT_H

#include "base/err.h"
#include "base/event.h"
#include "machine/vmm.h"

/**
 * machine_export() - write the data of @spec to the new file @path, 0600; between layers_hold() and the close of its lock
 * @step:  gets the progress
 *
 * Errors:    USAGE (there is something at @path), CORRUPT, ABSENT (a disk), CHILD (the monitor's tool), OS
 * On error:  there is nothing at @path, and the machine is as it was.
 */
MUST_CHECK struct err *machine_export(const struct machine_spec *spec, const struct vmm *vmm, const char *path,
				      struct sink *sink, const char *step);

/**
 * machine_import() - make a machine in the folder @machines that has the data of the file @path; with up.lock held
 * @name:      NULL = as in the file
 * @ret_name:  heap
 *
 * Nothing that the file names is followed, and nothing of it counts before all of it has been compared with its sums.
 *
 * Errors:    USAGE (machine_check_new(); the login user has another id here), ABSENT, CORRUPT (no such file, damaged, or
 *            its disk stands on another), OS
 * On error:  there is no machine of that name.
 */
MUST_CHECK struct err *machine_import(const char *machines, const struct vmm *vmm, const char *path, const char *name,
				      struct sink *sink, const char *step, char **ret_name);

#endif

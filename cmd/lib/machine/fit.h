/*
 * fit.h - whether this host has what a start of a machine needs: its ports, the folders to be shared, a data disk of
 * its size
 *
 * Judged before a machine that runs is stopped for it; the ports that this machine itself holds count as free. What
 * the rules say of processors and memory is in rules.h.
 *
 *	TRY(machine_fit(spec, vmm));
 *	TRY(machine_stop_noted(spec->dir, step, sink));
 */
#ifndef COOPER_MACHINE_FIT_H
#define COOPER_MACHINE_FIT_H

#include "base/err.h"
#include "machine/vmm.h"

/**
 * fit_port() - whether the host lets us listen on the port
 *
 * Errors:  BUSY (somebody else does), OS (EACCES: this user may not), USAGE (the host has no such address)
 */
MUST_CHECK struct err *fit_port(const char *machine, const struct port *port);

/** fit_lost_port() - why the monitor could not have port @number of the host: it says which, and not always why; asked
 *  again, the host does. BUSY, OS, USAGE */
struct err *fit_lost_port(const struct machine_spec *spec, int number);

/** fit_programs() - ABSENT when the host lacks a program that every start runs, OS when this one cannot be found; not to
 *  be asked before the host's packages are installed */
MUST_CHECK struct err *fit_programs(const char *machine);

/** fit_ports() - fit_port() for all of @spec that its own machine, or a container of it, does not hold now;
 *  fit_ports_live() - the same where that machine is not to be started again: ssh keeps its port */
MUST_CHECK struct err *fit_ports(const struct machine_spec *spec);
MUST_CHECK struct err *fit_ports_live(const struct machine_spec *spec);

/** fit_mounts() - ABSENT (a folder that is to be shared is missing), USAGE (it is none), OS (it cannot be used so) */
MUST_CHECK struct err *fit_mounts(const struct machine_spec *spec);

/**
 * fit_disk() - data_disk_check(); USAGE when the data disk is larger than @spec wants it: disks only grow
 *
 * The size is not judged before the emulator's programs are there.
 */
MUST_CHECK struct err *fit_disk(const struct machine_spec *spec, const struct vmm *vmm);

/** machine_fit() - all of these but fit_programs(); the first that does not hold */
MUST_CHECK struct err *machine_fit(const struct machine_spec *spec, const struct vmm *vmm);

#endif

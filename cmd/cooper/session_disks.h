/*
 * session_disks.h - a machine whose disks a command works on
 *
 *	AUTO(session_disks) d = SESSION_DISKS_INIT;
 *	TRY(session_disks_open(call, call_arg(call, 0), true, &d));
 */
#ifndef COOPER_SESSION_DISKS_H
#define COOPER_SESSION_DISKS_H

#include "machine/vmm.h"
#include "session_machine.h"

struct session_disks {
	struct project project;
	struct generation generation;
	struct machine_spec spec;
	const struct vmm *vmm;
	int lock, machine_lock; /* of the home, of the machine; -1 = not taken */
};

#define SESSION_DISKS_INIT {.project = {.stack = NULL}, .lock = -1, .machine_lock = -1}

void session_disks_done(struct session_disks *d);

/**
 * session_disks_open() - session_open_machine(); and, where the command works on the disks, its locks
 * @works:  on them, so that the machine must not run; false = it only looks
 *
 * Errors: ABSENT (no machine is called so), BUSY (it runs), those of session_machine()
 */
MUST_CHECK struct err *session_disks_open(const struct call *call, const char *name, bool works, struct session_disks *d);

#endif

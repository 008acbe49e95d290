/*
 * control.h - a machine as seen from outside its supervisor: start and stop
 *
 * The lock machines/<name>/lock is "running"; what is known about a running machine comes over its control socket
 * (ctl.sock, see server.h, call.h and status.h). Starting spawns the supervisor in a session of its own and follows it
 *over a pipe until the machine is ready; should we die meanwhile, the supervisor goes on by its own deadlines, and the
 *next start joins it.
 *
 *	struct machine_launch launch = {.name = "dev", .machine_dir = dir, .argv = argv, .sink = sink};
 *	TRY(machine_start(&launch, &status));
 */
#ifndef COOPER_MACHINE_CONTROL_H
#define COOPER_MACHINE_CONTROL_H

#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "machine/call.h"
#include "machine/status.h"

#define MACHINE_REPORT_OPTION "--report-fd=3"

/* All borrowed. */
struct machine_launch {
	const char *name;
	const char *machine_dir;
	const char *const *argv; /* the supervisor's command: [cooper, machine, run, NAME]; MACHINE_REPORT_OPTION is
				    added */
	int64_t deadline_ms;     /* relative; a last resort beyond the supervisor's own deadlines; 0 = none */
	struct sink *sink;       /* gets EVENT_PHASE and notes */
	const char *step;
};

/**
 * machine_start() - bring the machine to ready; a machine that is running, or starting, is waited for
 *
 * Errors:    GUEST (it did not come up: cause, hint, the console's last lines, its log), TIMEOUT, BUSY, CHILD,
 *            CANCELED (the supervisor goes on)
 * On error:  but for CANCELED nothing of it is left running.
 */
MUST_CHECK struct err *machine_start(const struct machine_launch *launch, struct machine_status *ret_status);

/**
 * machine_stop() - power the guest down, and see that it has; harder means follow by themselves
 * @timeout_ms:       until the supervisor itself is ended
 * @ret_was_running:  may be NULL
 */
MUST_CHECK struct err *machine_stop(const char *machine_dir, int64_t timeout_ms, bool *ret_was_running);

#endif

/*
 * run.h - the supervisor: one process per running machine
 *
 * It holds machines/<name>/lock (that lock is "running"), chooses accelerator and ssh port, runs the monitor (vmm.h),
 * follows the boot with a deadline for each phase, starts it again when the guest reboots, serves the control socket,
 * and ends the machine politely when asked to (SIGTERM, SIGINT, or "stop"). `cooper machine run NAME` is this in the
 * foreground, for launchd and systemd too; machine_start() (control.h) detaches the same.
 *
 *	struct machine_options options = {.accel_path = path, .report_fd = -1, .sink = sink};
 *	TRY(machine_supervise(&spec, &facts, &options));
 *
 * What it leaves: ssh/config and ssh/known_hosts for `ssh -F`, gen-<n>/booted, log/. What it never leaves: a monitor
 * without a supervisor, a socket, a lock. The caller has installed signal handlers (sys/signals.h).
 */
#ifndef COOPER_MACHINE_RUN_H
#define COOPER_MACHINE_RUN_H

#include "base/err.h"
#include "base/event.h"
#include "machine/phase.h"
#include "machine/spec.h"

/* All borrowed but report_fd. */
struct machine_options {
	const char *accel_path; /* file that remembers which accelerators work: COOPER_HOME/accel.json */
	int report_fd;       /* taken; gets the events of server.h; -1 = none. With it, a session of its own is made */
	const char *program; /* cooper, which follows the ports of the guest's containers; NULL = nobody does */
	struct sink *sink;   /* may be NULL */
};

/**
 * machine_supervise() - run the machine until it is stopped, powers itself off, or fails
 *
 * @spec:  its ports become others when it is told so: machine_forward()
 *
 * Success is a machine that was ready and ended as asked, by the guest or by us.
 * Errors:  BUSY (it runs already; or a port to forward is taken), GUEST (it did not come up, see phase.h), CHILD (the
 *          monitor failed), USAGE (rules, socket path too long), CANCELED (asked to stop before it was ready), ABSENT,
 *          OS
 */
MUST_CHECK struct err *machine_supervise(struct machine_spec *spec, const struct host_facts *facts,
					 const struct machine_options *options);

#endif

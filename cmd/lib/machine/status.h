/*
 * status.h - what is known of a running machine, and whether its guest answers
 *
 * The supervisor says what it knows; whether the guest is alive is asked of the guest itself.
 *
 *	TRY(machine_status(dir, &status));
 *	if (status.ready) e = machine_answers(dir, name, &status, &ms);
 */
#ifndef COOPER_MACHINE_STATUS_H
#define COOPER_MACHINE_STATUS_H

#include <stdint.h>

#include "base/err.h"
#include "fmt/json.h"
#include "machine/vmm.h"
#include "sys/sock.h"

struct machine_status {
	bool running; /* somebody holds the lock */
	bool ready;   /* the guest came up, and does not stand still */
	int pid;      /* of the supervisor */
	int qemu_pid; /* of the monitor; 0 = none yet */
	int ssh_port;
	int generation;
	int64_t uptime_ms; /* since power-on */
	char phase[16];    /* "kernel", "ready", ..., "stopping" */
	char accel[8];
	enum vmm_pause pause;             /* why it stands still */
	char trouble[200];                /* the last error of a disk, in the host's words; "" = none */
	char console[400];                /* a failure on the console since it was ready; "" = none */
	char api[SOCK_PATH_MAX + 1];      /* the guest's container API on this host; "" when it is not open */
	char root_api[SOCK_PATH_MAX + 1]; /* ... of the guest's root */
};

/**
 * machine_status() - cheap: a lock, and one line over a socket; what is not running is no error
 *
 * Errors:  TIMEOUT, CORRUPT (its supervisor is silent, or speaks nonsense), CANCELED
 */
MUST_CHECK struct err *machine_status(const char *machine_dir, struct machine_status *ret_status);

/** status_fill() - from a supervisor's line; texts are escaped */
void status_fill(const struct json *line, struct machine_status *status);
/** status_add() - the texts and numbers of a supervisor that are not in every line: pause, trouble, console */
void status_add(struct json *line, enum vmm_pause pause, const char *trouble, const char *console);

/**
 * machine_answers() - have the guest run a program that does nothing
 * @status:  of a moment ago, ready; asked again where the guest did not answer: one that was stopped meanwhile is no
 * error
 * @ret_ms:  how long it took, or how long was waited
 *
 * Errors:  GUEST (it does not answer: for how long it was asked, what the console says; or not as it must: ssh's words),
 *          ABSENT (no ssh), CANCELED
 * Cost:    5 s at most (15 s where the machine is emulated)
 */
MUST_CHECK struct err *machine_answers(const char *machine_dir, const char *name, struct machine_status *status,
				       int64_t *ret_ms);

/** machine_ports() - the ports of its containers, as port_table_json() has them; errors as call_ask() */
MUST_CHECK struct err *machine_ports(const char *machine_dir, struct json **ret_ports);

/**
 * machine_forward() - the ports of @spec are the machine's from now on, instead of those that it has; recorded, too
 *
 * All or nothing. Errors:  BUSY (one is in use: by whom), USAGE (no such address), OS (not permitted), GUEST (the monitor
 * did not take one), ABSENT, TIMEOUT, CORRUPT, CANCELED
 */
MUST_CHECK struct err *machine_forward(const char *machine_dir, const struct machine_spec *spec);

/**
 * machine_resume() - let a machine that stands still go on
 *
 * Errors:  OS (ENOSPC: the disk is still full), GUEST (it still stands still), ABSENT, TIMEOUT, CORRUPT, CANCELED
 */
MUST_CHECK struct err *machine_resume(const char *machine_dir);

#endif

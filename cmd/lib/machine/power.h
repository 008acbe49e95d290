/*
 * power.h - one QEMU process from power-on to its end: the process, its QMP, its ready port, its console
 *
 * Acts and observes; decides nothing (run.h does). Nothing here blocks for longer than one QMP answer.
 *
 *	TRY(power_on(&p, spec, &start, facts, &warnings));
 *	while (p.running) { sleep until p.qmp or p.ready_fd or 50 ms; power_look(&p); }
 *	power_done(&p);
 */
#ifndef COOPER_MACHINE_POWER_H
#define COOPER_MACHINE_POWER_H

#include <sys/types.h>

#include "base/err.h"
#include "machine/phase.h"
#include "machine/spec.h"
#include "net/qmp.h"

struct power {
	pid_t pid;
	bool running;
	int wait_status;           /* once it is not */
	struct qmp *qmp;           /* NULL until QEMU answers, and after it hung up */
	int ready_fd;              /* -1 until connected */
	bool ready;                /* the guest said so */
	char reason[32];           /* of QMP's SHUTDOWN: "guest-reset", "guest-shutdown", ...; "" before */
	struct phase_watch *watch; /* of this boot's console */
	int serial_fd;
	int64_t serial_offset;
	int64_t qemu_log_offset; /* where this QEMU's own words begin */
	char *serial_path;
	char *qemu_log_path;
	char *qmp_path;
	char *ready_path;
};

/** power_init() - all off; power_done() - kill what runs, remove the sockets that were ours, free */
void power_init(struct power *p, const struct machine_spec *spec);
void power_done(struct power *p);

/**
 * power_on() - start QEMU; a QEMU that an ended supervisor left behind is ended first
 * @warnings:  of the compatibility rules
 *
 * Errors:  USAGE (rules), ABSENT (no such QEMU), OS
 */
MUST_CHECK struct err *power_on(struct power *p, const struct machine_spec *spec, const struct machine_start *start,
				const struct host_facts *facts, struct strs *warnings);

/** power_look() - take in what happened: console, events, the ready port, the process's end */
void power_look(struct power *p);

/** power_command() - a QMP command without arguments; false when QEMU does not take it */
bool power_command(struct power *p, const char *command);

/** power_kill() - TERM, then KILL; returns when it has ended */
void power_kill(struct power *p);

/** power_words() - the last lines that QEMU itself printed since power_on(), escaped, heap */
char *power_words(const struct power *p);

#endif

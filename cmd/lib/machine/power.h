/*
 * power.h - one process of a virtual machine monitor from power-on to its end, and the guest's console
 *
 * Acts and observes; decides nothing (run.h does). Nothing here blocks for longer than one answer of the monitor.
 *
 *	power_init(&p, vmm, spec);
 *	TRY(power_on(&p, &start, facts, &warnings));
 *	while (p.run.running) { sleep until p.run.control_fd or p.run.ready_fd or 50 ms; power_look(&p); }
 *	power_done(&p);
 */
#ifndef COOPER_MACHINE_POWER_H
#define COOPER_MACHINE_POWER_H

#include "base/err.h"
#include "machine/phase.h"
#include "machine/spec.h"
#include "machine/vmm.h"

struct power {
	const struct vmm *vmm;
	struct vmm_run run;
	struct phase_watch *watch; /* of this boot's console */
	int serial_fd;
	int64_t serial_offset;
	int64_t log_offset; /* where this process's own words begin */
	char *serial_path;
	char *log_path;
};

/** power_init() - all off; power_done() - kill what runs, remove the sockets that were ours, free */
void power_init(struct power *p, const struct vmm *vmm, const struct machine_spec *spec);
void power_done(struct power *p);

/**
 * power_on() - start the monitor; one that an ended supervisor left behind is ended first
 * @warnings:  sentences for people
 *
 * Errors:  USAGE (the machine cannot be had so), ABSENT (no such program), OS
 */
MUST_CHECK struct err *power_on(struct power *p, const struct machine_start *start, const struct host_facts *facts,
				struct strs *warnings);

/** power_look() - take in what happened: console, events, the ready port, the process's end */
void power_look(struct power *p);

/** power_command() - false when the monitor does not take it */
bool power_command(struct power *p, enum vmm_command command);

/** power_kill() - TERM, then KILL; returns when it has ended */
void power_kill(struct power *p);

/**
 * log_bound() - empty a log of more than 64 MiB; whether it was
 *
 * A guest must not fill the host's disk with talk: its own on the console, or what it makes others say. Who writes
 * appends, and goes on at the new end.
 */
bool log_bound(const char *path);
/** log_tail() - what @path ends with: at most @count lines from byte @from on, no more than 8 KiB, escaped; heap */
char *log_tail(const char *path, int64_t from, size_t count);
/** log_rotate() - what is in it becomes @path.1 */
MUST_CHECK struct err *log_rotate(const char *path);

#endif

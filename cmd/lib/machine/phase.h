/*
 * phase.h - how far a boot got and what went wrong, read off its serial log
 *
 * Fed with the console's bytes as they come (any chunks, any bytes), it knows the last phase reached and the
 * failure seen so far that explains most. Memory is bounded: one line and the last few. It decides nothing about time:
 * the supervisor compares clocks with phase_deadline_ms() and asks phase_expired() for a verdict.
 *
 *	struct phase_watch *w = phase_new(os);
 *	phase_feed(w, bytes, n);
 *	if (phase_failure(w)->fatal || deadline passed) { phase_expired(w, accel); report phase_failure(w); }
 *
 * Texts of failures are escaped: they may be shown on a terminal.
 */
#ifndef COOPER_MACHINE_PHASE_H
#define COOPER_MACHINE_PHASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "guest/os.h"
#include "machine/spec.h"

enum machine_phase {
	PHASE_POWER, /* QEMU runs; the console has said nothing */
	PHASE_FIRMWARE,
	PHASE_KERNEL, /* "Linux version": the accelerator works */
	PHASE_IGNITION,
	PHASE_SWITCH_ROOT,
	PHASE_SSHD,
	PHASE_READY, /* the guest wrote to the ready port */
	PHASE_COUNT,
};

/* In rising order of how much each explains: a later one replaces an earlier one. */
enum failure_kind {
	FAILURE_NONE,
	FAILURE_STUCK,     /* alive, then nothing more in time */
	FAILURE_SILENT,    /* not a byte on the console */
	FAILURE_DEVICE,    /* a device or mount that never came */
	FAILURE_DISK,      /* I/O errors, a full disk */
	FAILURE_SERVICE,   /* sshd or the ready unit failed */
	FAILURE_EMERGENCY, /* emergency shell */
	FAILURE_IGNITION,
	FAILURE_NO_BOOT,  /* firmware found nothing to boot */
	FAILURE_PANIC,    /* kernel panic */
	FAILURE_FIRMWARE, /* firmware assert or exception */
};

struct phase_failure {
	enum failure_kind kind;
	bool fatal;         /* the boot cannot recover: no need to wait for the deadline */
	bool passing;       /* the host was too busy for a moment: while nothing was written yet, start it once more */
	char cause[400];    /* what the guest said, escaped */
	const char *remedy; /* what to do; NULL for FAILURE_NONE */
};

struct phase_watch;

/** phase_new() - a watch for one boot of @os (NULL = unknown: what all say alone is understood); phase_free() takes
 * NULL and returns NULL */
struct phase_watch *phase_new(const struct guest_os *os);
struct phase_watch *phase_free(struct phase_watch *w);

/** phase_name() - "power", "firmware", "kernel", ...; failure_name() - "kernel panic", ... */
const char *phase_name(enum machine_phase phase);
const char *failure_name(enum failure_kind kind);

/** phase_feed() - the next @size bytes of the console */
void phase_feed(struct phase_watch *w, const void *bytes, size_t size);

/** phase_reached() - the furthest phase so far */
enum machine_phase phase_reached(const struct phase_watch *w);

/** phase_advance() - say that @phase was reached (ready is not on the console); never goes back */
void phase_advance(struct phase_watch *w, enum machine_phase phase);

/** phase_failure() - the failure so far that explains most; kind FAILURE_NONE when there is none; borrowed */
const struct phase_failure *phase_failure(const struct phase_watch *w);

/**
 * phase_expired() - the deadline passed, or QEMU ended: settle for a failure
 * @accel:  what the machine ran under; a silent kvm is told apart from a silent tcg
 *
 * Without a failure on the console it becomes SILENT or STUCK, with the last line as the cause.
 */
void phase_expired(struct phase_watch *w, enum accel accel);

/** phase_tail() - the last lines of the console, escaped, one per line, heap: for struct err's detail */
char *phase_tail(const struct phase_watch *w);

/**
 * phase_error() - the failure as an error: GUEST, with hint and tail
 *
 * Must follow phase_expired() or a fatal failure.
 */
MUST_CHECK struct err *phase_error(const struct phase_watch *w, const char *machine);

/** phase_deadline_ms() - how long after the phase before it @phase may take, under @accel */
int64_t phase_deadline_ms(enum machine_phase phase, enum accel accel);

/**
 * machine_phase_limit_ms() - how long the boot may stay in @phase without reaching the next one
 *
 * Phases that not every boot shows (firmware without UEFI, Ignition after the first boot, sshd on a quiet console) lend
 * their time to the phase before them.
 */
int64_t machine_phase_limit_ms(enum machine_phase phase, enum image_boot boot, bool first_boot, enum accel accel);

#endif

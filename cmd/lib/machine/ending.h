/*
 * ending.h - how a machine's last run ended: end.json beside it, written by its supervisor
 *
 * It says "running" from begin to end: where nobody holds the machine's lock any more and it still says so, the
 * supervisor itself was killed, or could not write there (the folder was moved), or the host went down.
 */
#ifndef COOPER_MACHINE_ENDING_H
#define COOPER_MACHINE_ENDING_H

#include "base/err.h"

struct ending {
	bool crashed; /* it did not end as it was asked to */
	char *words;  /* how, escaped; "" when it did not, or nothing is known */
	char *at;     /* when, in UTC; "" = not known */
};

void ending_done(struct ending *e);

/** ending_begin() - a run begins; @boot_id is the host's */
MUST_CHECK struct err *ending_begin(const char *machine_dir, const char *boot_id);

/** ending_note() - it ended: as asked (NULL, or CANCELED), or with @e; what cannot be written is lost */
void ending_note(const char *machine_dir, const struct err *e);

/**
 * ending_read() - of a machine that does not run now
 *
 * Errors:  OS, CORRUPT (there is a note and it cannot be read: *ret_ending knows nothing)
 */
MUST_CHECK struct err *ending_read(const char *machine_dir, const char *boot_id, struct ending *ret_ending);

#endif

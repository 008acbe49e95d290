/*
 * guest.h - guest steps: what a stack wants done inside the running machine, over ssh
 *
 * A step that succeeded leaves a record in the guest, /var/lib/cooper/steps/<name>, with the digest of everything that
 * it is made of: the same step is not run again there, a changed one is, and a new OS disk starts without records. All
 * runs as root by `sudo -n` unless the step says as_user. Each program has a deadline on both ends: timeout(1) in the
 * guest, and ours. A step that was interrupted is run again, its `then` included.
 *
 *	struct guest guest = {.ssh = ssh, .os = os, .deadline_ms = 600000, .sink = sink};
 *	TRY(guest_open(&guest));
 *	for each step: TRY(guest_step_run(&guest, &step, &outcome));
 *	guest_done(&guest);
 */
#ifndef COOPER_GUEST_GUEST_H
#define COOPER_GUEST_GUEST_H

#include "base/err.h"
#include "base/event.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "guest/os.h"
#include "net/ssh.h"
#include "recipe/recipe.h"

enum guest_outcome {
	GUEST_RECORDED, /* done before, unchanged since */
	GUEST_GUARDED,  /* `creates` or `unless` says that it is not needed */
	GUEST_SAME,     /* the guest was already as wanted */
	GUEST_CHANGED,
};

struct guest {
	struct ssh ssh;
	const struct guest_os *os;
	const char *records_dir; /* in the guest; NULL = /var/lib/cooper/steps */
	int64_t deadline_ms;     /* for each program in the guest; required */
	struct sink *sink;       /* lines of output */
	const char *step;        /* id for them */
	const char *log_path;    /* NULL = none */
	/* known after guest_open() */
	struct strs records; /* "<record> <digest>" */
};

/** guest_open() - learn the guest's records */
MUST_CHECK struct err *guest_open(struct guest *g);
void guest_done(struct guest *g);

/**
 * guest_step_run() - bring one step about
 *
 * Errors:    CHILD (a command of the step failed; the last lines of its output as detail), GUEST (ssh failed),
 *            TIMEOUT, CANCELED, ABSENT and USAGE (write_from)
 * On error:  no record is left; a file is written whole or not at all.
 */
MUST_CHECK struct err *guest_step_run(struct guest *g, const struct guest_step *step, enum guest_outcome *ret_outcome);

/**
 * guest_step_content() - the file of the host that @step writes: open, to be read from its start, and its digest
 *
 * It lies below the folder of the recipe that names it, also behind links: see sys/beneath.h, errors too. What is
 * written is what was digested.
 */
MUST_CHECK struct err *guest_step_content(const struct guest_step *step, int *ret_fd, char ret_hex[SHA256_HEX]);

/** guest_outcome_text() - "unchanged", "changed", ... */
const char *guest_outcome_text(enum guest_outcome outcome);

/** guest_shell() - housekeeping of ours: run @text by the guest's shell, as root */
MUST_CHECK struct err *guest_shell(struct guest *g, const char *text, struct str *output, int *ret_status);

/** guest_script() - the same of a text that may be in no command line; all output is lines */
MUST_CHECK struct err *guest_script(struct guest *g, const char *text);

/* Decisions, pure. */

/** guest_step_inputs() - add what the step is to @all, with the digest of the file that it writes (NULL = none) */
void guest_step_inputs(const struct guest_step *step, const char *file_digest, struct json *all);
/** guest_step_digest() - over all of that */
void guest_step_digest(const struct guest_step *step, const char *file_digest, char ret_hex[SHA256_HEX]);
/** guest_record_name() - file name for the record of a step, heap */
char *guest_record_name(const char *step_name);

#endif

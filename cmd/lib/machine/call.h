/*
 * call.h - one question to the supervisor of a machine, over its control socket; the lines are server.h's
 *
 * All that comes back is foreign: bounded, and escaped where it is shown.
 */
#ifndef COOPER_MACHINE_CALL_H
#define COOPER_MACHINE_CALL_H

#include <sys/types.h>

#include "base/err.h"
#include "fmt/json.h"

enum {
	CALL_LINE_MAX = 256 * 1024,
	CALL_APPEAR_MS = 5000, /* from the lock to the control socket */
	CALL_ANSWER_MS = 3000,
	CALL_FORWARD_MS = 30 * 1000, /* it asks the monitor first */
};

/** machine_running() - whether somebody holds its lock; the holder's text (heap) when @ret_holder is not NULL, which is
 *  written only then */
MUST_CHECK struct err *machine_running(const char *machine_dir, bool *ret_running, char **ret_holder);

/** machine_check_stopped() - BUSY where it runs: its disks are in use */
MUST_CHECK struct err *machine_check_stopped(const char *machine_dir);

/** machine_holder() - the process that holds its lock; 0 = nobody, or not known */
pid_t machine_holder(const char *machine_dir);

/**
 * call_open() - send {"do":@what} to the supervisor
 * @timeout_ms:  it may need a moment to listen
 *
 * Errors:  ABSENT (nobody listens), BUSY (it takes no more connections), OS
 */
MUST_CHECK struct err *call_open(const char *machine_dir, const char *what, int64_t timeout_ms, int *ret_fd);

/** call_tell() - send @request, an object with its "do", and have one line of answer within @timeout_ms; errors as
 *  call_ask() */
MUST_CHECK struct err *call_tell(const char *machine_dir, const struct json *request, int64_t timeout_ms,
				 struct json **ret_answer);

/**
 * call_ask() - send it, and have one line of answer, an object
 *
 * Errors:  ABSENT (nobody listens, or it went away), TIMEOUT (it is silent), CORRUPT (it speaks nonsense), what it
 *          reports as its own failure, GUEST (it is of a cooper that does not know the request), CANCELED
 */
MUST_CHECK struct err *call_ask(const char *machine_dir, const char *what, struct json **ret_answer);

/** call_outcome_line() - {"event":@done}, or, of an error, call_failure_line(); heap */
char *call_outcome_line(struct err *take_e, const char *done);
/** call_failure_line() - an error as the line {"event":"failed",...}, heap; call_failure() - the error of such a line
 */
char *call_failure_line(const struct err *e);
struct err *call_failure(const struct json *line);

#endif

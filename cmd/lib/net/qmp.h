/*
 * qmp.h - QEMU's machine protocol: one conversation over a unix socket
 *
 * Commands carry an id and are answered in order; events may come at any time and wait in a queue. Every call has a
 * deadline and none looks at cancellation: stopping a machine is what happens after a cancellation. Lines are bounded.
 *
 *	TRY(qmp_open(path, tick_ms() + 5000, &q));
 *	TRY(qmp_run(q, "system_powerdown", NULL, tick_ms() + 5000, NULL));
 *	TRY(qmp_event(q, 0, &event));
 *	qmp_close(q);
 *
 * After NET, CORRUPT or TIMEOUT the conversation is out of step: close it. See: QEMU docs/interop/qmp-spec.rst
 */
#ifndef COOPER_NET_QMP_H
#define COOPER_NET_QMP_H

#include "base/err.h"
#include "fmt/json.h"

enum { QMP_LINE_MAX = 16 * 1024 * 1024, QMP_EVENTS_MAX = 256 };

struct qmp;

/**
 * qmp_open() - connect, read the greeting, leave the negotiation mode
 * @path:         unix socket that QEMU listens on
 * @deadline_ms:  absolute, monotonic; 0 = none
 *
 * Errors:  ABSENT (nobody listens), CORRUPT (no QMP greeting), TIMEOUT, NET (closed meanwhile)
 */
MUST_CHECK struct err *qmp_open(const char *path, int64_t deadline_ms, struct qmp **ret_qmp);

/** qmp_close() - end the conversation; NULL is fine; returns NULL */
struct qmp *qmp_close(struct qmp *q);

/** qmp_fd() - for poll(); readable means: call qmp_event() */
int qmp_fd(const struct qmp *q);

/**
 * qmp_run() - one command, one answer
 * @take_arguments:  an object, or NULL
 * @ret_value:       the answer's "return"; a new root; may be NULL
 *
 * Errors:  GUEST (QEMU refused: the message has its class and words), CORRUPT (not QMP), TIMEOUT, NET (closed)
 */
MUST_CHECK struct err *qmp_run(struct qmp *q, const char *command, struct json *take_arguments, int64_t deadline_ms,
			       struct json **ret_value);

/**
 * qmp_event() - the oldest event that was not yet taken
 * @deadline_ms:  until when to wait for one; 0 = only take what is there
 * @ret_event:    a new root, or NULL when there is none
 *
 * Of more than QMP_EVENTS_MAX waiting events the oldest are dropped.
 * Errors:  NET (QEMU closed the connection and no event is left), CORRUPT (not QMP)
 */
MUST_CHECK struct err *qmp_event(struct qmp *q, int64_t deadline_ms, struct json **ret_event);

#endif

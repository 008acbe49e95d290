/*
 * err.h - errors are values, owned by who has them; NULL is success
 *
 * Every fallible function returns struct err *. Make one with err_new() or err_os(), wrap it where
 * knowledge is added (the URL, the recipe's line), print it once, at the top. A kind says what the remedy
 * is, not where the error came from. Messages: lower case, no full stop, subject in single quotes. Foreign bytes in
 * messages and hints are escaped here (str_escape()): names are passed as they are.
 *
 *	struct err *e = file_read(path, 1 << 20, &data, &size);
 *	if (e)
 *		return err_wrap(e, "cannot read the lock '%s'", path);
 */
#ifndef COOPER_BASE_ERR_H
#define COOPER_BASE_ERR_H

#include <stdarg.h>

#include "base/auto.h"
#include "base/mem.h"

enum err_kind {
	ERR_USAGE,    /* the user's words or recipe are wrong */
	ERR_ABSENT,   /* something that must exist does not */
	ERR_BUSY,     /* held by somebody else */
	ERR_OS,       /* the operating system refused; errnum says why */
	ERR_NET,      /* the network failed after the last retry */
	ERR_CORRUPT,  /* bytes are not what they must be */
	ERR_CHILD,    /* a program that we ran failed */
	ERR_GUEST,    /* the guest did not do what it must */
	ERR_TIMEOUT,  /* a deadline passed */
	ERR_CANCELED, /* the user interrupted */
};

struct err {
	enum err_kind kind;
	int errnum;     /* errno of ERR_OS, also where a program told it (a full disk); else 0 */
	char *message;  /* "outer: inner: root" */
	char *hint;     /* what to do next, or NULL */
	char *detail;   /* lines to show below (an excerpt, a log's tail), or NULL */
	char *log_path; /* full log of a child, or NULL */
};

#define TRY(expr)                                                                                                      \
	do {                                                                                                           \
		struct err *try_ = (expr);                                                                             \
		if (try_)                                                                                              \
			return try_;                                                                                   \
	} while (0)

/** err_new() - a new error of @kind with a formatted message */
MUST_CHECK struct err *err_new(enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** err_os() - ERR_OS with @errnum (capture errno as this argument, at the call site); appends strerror, and a hint where
 *  that alone says what to do */
MUST_CHECK struct err *err_os(int errnum, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** err_wrap() - put context before the message of @take_cause, keeping all else; returns it */
MUST_CHECK struct err *err_wrap(struct err *take_cause, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** err_hint() - attach (or replace) what to do next; returns @e */
MUST_CHECK struct err *err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** err_detail() - attach lines to be shown below the message; @take_text is owned by the error; returns @e */
MUST_CHECK struct err *err_detail(struct err *e, char *take_text);

/** err_log() - attach the path of a full log; returns @e */
MUST_CHECK struct err *err_log(struct err *e, const char *path);

/** err_free() - NULL is fine; returns NULL */
struct err *err_free(struct err *e);

/** err_is() - whether its kind is @kind; false for NULL */
bool err_is(const struct err *e, enum err_kind kind);

/** err_no_space() - whether the disk, a quota or a limit on the size of files is at its end */
bool err_no_space(const struct err *e);

/** err_first() - keep @take_first, free @take_second; for cleanup paths where both may have failed */
struct err *err_first(struct err *take_first, struct err *take_second);

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PENDING = 3, /* plan: changes pending */
	EXIT_VERIFY = 4,
	EXIT_BUSY = 5,
	EXIT_NETWORK = 6,
	EXIT_NOSPACE = 7,
	EXIT_GUEST = 8,
	EXIT_HUNG_UP = 129, /* as a shell says of what a signal ended: 128 and its number */
	EXIT_INTERRUPTED = 130,
	EXIT_TERMINATED = 143,
};

/* Each code once, in this order: what help and manual page print. */
enum { EXIT_CODES = 12 };
struct exit_meaning {
	enum exit_code code;
	const char *text;
};
extern const struct exit_meaning exit_meanings[EXIT_CODES];

/** err_exit_code() - the process exit code for @e; NULL gives EXIT_DONE. Which signal interrupted is not known here */
enum exit_code err_exit_code(const struct err *e);

#endif

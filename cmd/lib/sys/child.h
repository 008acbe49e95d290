/*
 * child.h - children are described, not improvised
 *
 * No shell. argv[0] is looked up in the child's PATH, then where Homebrew puts programs on Apple Silicon. Every
 * descriptor but 0, 1, 2 (and pass_fd) is closed on exec. The child gets its own process group, so that a kill reaches
 * its children; default signal handlers; stdin is /dev/null unless given. exec failure is an error of child_start(),
 * distinct from any exit status. One that stops because it wants to read from the terminal is ended, with an error;
 * with `terminal` it may, as we may, and ^C reaches it as it does us, but a kill does not reach its children.
 *
 *	struct child_spec spec = {.argv = (const char *[]){"gpgv", "--version", NULL}, .deadline_ms = 5000};
 *	AUTO(str) out = STR_INIT;
 *	TRY(child_output(&spec, 65536, &out));
 */
#ifndef COOPER_SYS_CHILD_H
#define COOPER_SYS_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "sys/box.h"

struct monitor_powers;

struct child_spec {
	const char *const *argv; /* NULL-terminated; required */
	const char *const *env;  /* NULL-terminated NAME=VALUE list; NULL = inherit ours */
	const char *cwd;         /* NULL = ours */
	const char *log_path;    /* stdout and stderr are appended here as well; NULL = no log */
	const char *input;       /* text for stdin; NULL = /dev/null */
	const char *input_path;  /* file for stdin, no pipe; instead of input */
	int input_fd;            /* open file for stdin, from where it stands; instead of both; 0 = none */
	int64_t deadline_ms;     /* how long it may take, relative; 0 = no limit */
	int64_t silence_ms;      /* how long it may print nothing; 0 = no limit */
	size_t shown_max;        /* bytes of lines for `sink`, at most; 0 = no limit */
	const char *step;        /* step id for output events */
	struct sink *sink;       /* gets EVENT_OUTPUT per line; NULL = none */
	int pass_fd;             /* descriptor the child inherits as 3; 0 or -1 = none */
	bool terminal;           /* may ask at the terminal (sudo's password): stays in our process group */
	const struct monitor_powers *monitor; /* a monitor of virtual machines, with these: os_confine_monitor() */
	const struct box *box;   /* what it may touch; it then dies with us, too; NULL = all that we may */
	bool die_with_parent;    /* all below it is killed when it ends, and it with them when our process dies */
};

/* A wait status that nobody knows: neither an exit nor a signal, no success. */
enum { CHILD_LOST = -1 };

/**
 * child_run() - run to the end
 *
 * Errors: ABSENT (program not found), OS (fork or exec), CHILD (exit status not 0 or a signal: the message
 * says which, or that it wants the terminal; detail holds the last 20 lines, log the log's path), TIMEOUT (too long, or
 * silent for too long: killed), CORRUPT (it printed more than it may: killed), CANCELED (killed).
 */
MUST_CHECK struct err *child_run(const struct child_spec *spec);

/** child_output() - child_run() with stdout (alone) collected, at most @max bytes (more is ERR_CORRUPT) */
MUST_CHECK struct err *child_output(const struct child_spec *spec, size_t max, struct str *out);

/** child_status() - like child_output(), but any exit status is success and is stored; signals still fail */
MUST_CHECK struct err *child_status(const struct child_spec *spec, size_t max, struct str *out, int *ret_status);

/** child_start() - start without waiting; stdout and stderr go to log_path (or /dev/null); input ignored */
MUST_CHECK struct err *child_start(const struct child_spec *spec, pid_t *ret_pid);

/** child_poll() - whether @pid (ours) has ended; then stores the wait status, or CHILD_LOST; never blocks */
bool child_poll(pid_t pid, int *ret_wait_status);

/** child_stop() - TERM to the group, KILL after @grace_ms, reaped; fine when it has ended; of a guarded one all below
 * it ends as well. What cannot be killed (root's) is left to itself some seconds later */
void child_stop(pid_t pid, int64_t grace_ms);

/**
 * child_env() - our environment with other settings, for child_spec's env
 * @settings:  "NAME=VALUE", or "NAME" for one that is not to be set
 */
void child_env(const struct strs *settings, struct strs *ret_env);

/** child_find() - full path of program @name in $PATH or of Homebrew, heap, or NULL */
char *child_find(const char *name);

#endif

/*
 * session_machine.h - which machine a command means, and whether it is there
 *
 * A machine outlives the file that it was made from, and is not moved by an edit of it: commands on machines ask for
 * no recipe. Those that decide what a machine has to become are the stack's: session_open().
 *
 *	TRY(session_open_machine(call, call_arg(call, 0), &p));
 *	TRY(machine_status(p.machine_dir, &status));
 */
#ifndef COOPER_SESSION_MACHINE_H
#define COOPER_SESSION_MACHINE_H

#include "machine/disk.h"
#include "machine/status.h"
#include "session.h"

/** of commands on a machine: what their operand [NAME] means */
#define NAME_HELP                                                                                                          \
	"NAME is that of a machine (`cooper list`), or a stack's, or the path of a stack's file; a machine that exists\n"  \
	"comes first. Without it the machine of this folder's cooper.yaml, or of the nearest one above it, else that of\n" \
	"the shipped stack. A machine that exists needs no cooper.yaml: one with mistakes, or none, is no obstacle."

/**
 * session_open_machine() - which machine a command means
 * @name:  as NAME_HELP has it; NULL = this folder's
 *
 * @p then has a home, a machine's name and folder (which need not exist), and a stack only where one was named by its
 * own name, or found, and can be read.
 *
 * Errors: ABSENT (neither is called so, with a did-you-mean), USAGE (a stack's file has mistakes and has not made a
 *         machine yet, or several)
 */
MUST_CHECK struct err *session_open_machine(const struct call *call, const char *name, struct project *p);
/** session_machines() - append the names of the machines that exist, sorted */
MUST_CHECK struct err *session_machines(const struct home *home, struct strs *names);
/** session_others() - "; there are: dev, test" after what is said of a machine that does not exist, or ""; heap */
char *session_others(const struct home *home);
/** session_absent() - the error that the machine of @p does not exist, with those that do */
struct err *session_absent(const struct project *p);
/** session_reach() - the machine is on, and does not stand still; else GUEST or what pause_error() has, with what to do
 */
MUST_CHECK struct err *session_reach(const struct project *p, struct machine_status *ret_status);
/**
 * session_machine() - the current generation of @p's machine, and its specification, as it was started last
 *
 * Errors: ABSENT (it was never made; the file that says so is lost), CORRUPT, OS
 */
MUST_CHECK struct err *session_machine(const struct project *p, struct machine_spec *ret_spec,
				       struct generation *ret_g);

#endif

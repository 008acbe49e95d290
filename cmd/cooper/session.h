/*
 * session.h - what most commands begin with: the stack option, the project, consent
 */
#ifndef COOPER_SESSION_H
#define COOPER_SESSION_H

#include "command.h"
#include "plan/project.h"

/** options of commands that work on a stack: append STACK_OPTIONS to a command's own table */
#define STACK_OPTIONS                                                                                                  \
	{                                                                                                              \
		"guest-arch", 0, "ARCH", "override the guest architecture: aarch64 or x86_64"                          \
	}

/** option of commands that decide and do not act: for another host */
#define HOST_OPTION                                                                                                    \
	{                                                                                                              \
		"host", 0, "HOST", "decide for another host: a file of facts, or a platform such as macos/arm64"       \
	}

/** the table of a command that has no other options, and that of one which takes --host as well */
extern const struct option_spec stack_options[], stack_host_options[];
/** ... and of one that prints JSON */
extern const struct option_spec stack_json_options[];

/** session_open() - project_open() with the call's first operand, --guest-arch and --host; or again, as it is now */
MUST_CHECK struct err *session_open(const struct call *call, struct project *p);
/** session_open_stack() - the same with the stack @stack; NULL = this folder's */
MUST_CHECK struct err *session_open_stack(const struct call *call, const char *stack, struct project *p);
/** session_open_option() - the same with --stack, of commands whose operands are something else */
MUST_CHECK struct err *session_open_option(const struct call *call, struct project *p);
/**
 * session_lock() - wait for the lock that every command takes which changes what is in @home
 * @timeout_ms:  0 = no limit; below 0 = fail at once
 *
 * Errors: BUSY, CANCELED; those of home_make()
 */
MUST_CHECK struct err *session_lock(const struct call *call, const struct home *home, int64_t timeout_ms, int *ret_fd);
/** session_consent() - true when --yes was given or a person at the terminal says y; false otherwise */
bool session_consent(const struct call *call, const char *question);

/**
 * session_trust() - go on only if what the project's own recipes do is agreed to: before, by --yes, or at the terminal
 * @scope:  of enum exposure_scope: what is about to run; where it came with cooper, nobody is asked
 *
 * Errors: USAGE (nobody agrees; the lines are in the detail)
 */
MUST_CHECK struct err *session_trust(const struct call *call, const struct project *p, unsigned scope);

#endif

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

/** session_open() - project_open() with the call's first operand, --guest-arch and --host */
MUST_CHECK struct err *session_open(const struct call *call, struct project *p);
/** session_machine() - the machine's name: the stack's, without resolving anything */
const char *session_machine(const struct project *p);
/**
 * session_lock() - wait for the lock that every command takes which changes what is in @home
 * @timeout_ms:  0 = no limit; below 0 = fail at once
 *
 * Errors: BUSY, CANCELED; those of home_make()
 */
MUST_CHECK struct err *session_lock(const struct call *call, const struct home *home, int64_t timeout_ms, int *ret_fd);
/** session_consent() - true when --yes was given or a person at the terminal says y; false otherwise */
bool session_consent(const struct call *call, const char *question);

#endif

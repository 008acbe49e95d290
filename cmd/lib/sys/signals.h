/*
 * signals.h - SIGINT, SIGTERM, SIGHUP ask for cancellation; a second SIGINT ends at once; SIGPIPE and SIGXFSZ (the
 * limit on the size of files) are errors of the write
 *
 * Whatever the caller left: SIGCHLD has its default, nothing is blocked; an ignored SIGINT, SIGHUP or SIGTERM stays
 * ignored. A descriptor of 0, 1 and 2 that is closed becomes one that reads nothing and fails to write, before a lock
 * or a folder gets its number.
 */
#ifndef COOPER_SYS_SIGNALS_H
#define COOPER_SYS_SIGNALS_H

#include "base/auto.h"

/** signals_install() - once, at the start of main */
void signals_install(void);

/** signals_end_as() - end as the child did of which wait said @status, without a core of our own; async-signal-safe */
NO_RETURN void signals_end_as(int status);

/** signals_leave_session() - a session of our own: the starter's terminal no longer reaches us */
void signals_leave_session(void);

#endif

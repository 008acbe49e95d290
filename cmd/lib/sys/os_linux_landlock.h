/*
 * os_linux_landlock.h - which files a confined process may touch, where it sees all of them: rules of Landlock's
 *
 * Part of os_linux*.c alone. See: Linux Documentation/userspace-api/landlock.rst
 */
#ifndef COOPER_SYS_OS_LINUX_LANDLOCK_H
#define COOPER_SYS_OS_LINUX_LANDLOCK_H

#include <stdbool.h>

#include "base/err.h"
#include "sys/box.h"

/** landlock_abi() - what this kernel's Landlock can do; below 1 = there is none */
int landlock_abi(void);
/**
 * landlock_plan() - the rules of a box
 * @view:         it has a view that shows only what may be read: else the rules have to say it, and close the network
 * @ret_ruleset:  a descriptor; -1 where the kernel has no Landlock
 */
MUST_CHECK struct err *landlock_plan(const struct box *box, bool view, int *ret_ruleset);
/** landlock_enter() - from now on, for this process and all that it starts; 0 or errno. Async-signal-safe */
int landlock_enter(int ruleset);

#endif

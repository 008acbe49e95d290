/*
 * shares.h - which folders of the host a guest may be given
 *
 * The root of a guest can do to a shared folder what the user can, or, where the share is not writable, read it. Some
 * folders are no data but decide what the host runs, or hold keys: a table says which, why, and how much is refused.
 * The comparison is by name: of what the stack says, and of what that is once links are followed.
 */
#ifndef COOPER_MACHINE_SHARES_H
#define COOPER_MACHINE_SHARES_H

#include "base/err.h"
#include "machine/spec.h"

/**
 * share_judge() - whether a folder may be shared; pure
 * @m:            its folder of the host absolute, without "." and ".."
 * @user_home:    NULL = unknown
 * @cooper_home:  COOPER_HOME
 *
 * Errors:  USAGE, with the reason
 */
MUST_CHECK struct err *share_judge(const struct mount *m, const char *user_home, const char *cooper_home);

/**
 * share_hidden() - the names that a guest does not see of a home that it is given; pure
 *
 * All that begin with a dot, the folders of programs and settings, and what holds COOPER_HOME. Heap; NULL for what is
 * not the home, and where the name of COOPER_HOME's folder is one that file systems may take for another.
 */
char *share_hidden(const char *path, const char *user_home, const char *cooper_home);

/** share_hide() - set @m->hidden where it is a home of this user's. Errors: OS */
MUST_CHECK struct err *share_hide(struct mount *m, const char *cooper_home);

/** share_check() - the same of a folder on this host, and of where its links lead */
MUST_CHECK struct err *share_check(const struct mount *m, const char *cooper_home);

/** shares_writable() - whether the guest can write to any */
bool shares_writable(const struct machine_spec *spec);

/**
 * shares_check_nested() - before a start: no share lies behind a link that a guest could have made
 *
 * A folder inside of another share that is writable was resolved when the machine was planned; the guest has had the
 * time to put a link in its place. Errors: USAGE (there is one), OS. What is not there is the monitor's to tell.
 */
MUST_CHECK struct err *shares_check_nested(const struct machine_spec *spec);

#endif

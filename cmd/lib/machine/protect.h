/*
 * protect.h - a machine that `cooper destroy` must not remove: a file `protected` in its folder
 */
#ifndef COOPER_MACHINE_PROTECT_H
#define COOPER_MACHINE_PROTECT_H

#include "base/err.h"

/** machine_protect() - from now on, or, not @on, no longer; idempotent */
MUST_CHECK struct err *machine_protect(const char *machine_dir, bool on);

/** machine_protected() - whether it is; OS when that cannot be seen */
MUST_CHECK struct err *machine_protected(const char *machine_dir, bool *ret_protected);

/** machine_check_unprotected() - USAGE where it is */
MUST_CHECK struct err *machine_check_unprotected(const char *machine_dir);

#endif

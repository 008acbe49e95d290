/*
 * host_packages.h - which of the host's own packages are there
 */
#ifndef COOPER_HOST_HOST_PACKAGES_H
#define COOPER_HOST_HOST_PACKAGES_H

#include "base/err.h"
#include "base/str.h"
#include "sys/os.h"

/** host_packages_askable() - whether this host's package manager is one that is asked: dpkg or brew */
bool host_packages_askable(const struct host_facts *facts);
/** host_packages_managers() - measure whether apt is there, into @facts; runs nothing */
void host_packages_managers(struct host_facts *facts);

/** host_packages_brew() - path of Homebrew, in PATH or in its usual places; heap, NULL when there is none */
char *host_packages_brew(void);

/** host_packages_brewfile() - what `brew bundle` reads to install @names; heap */
char *host_packages_brewfile(const struct strs *names);

/**
 * host_packages_missing() - append those of @names that are not installed
 *
 * One call of the host's package manager for all (dpkg-query, or brew list --versions). On other hosts
 * nothing is missing: what is needed shows when a program is not found.
 *
 * Errors: ABSENT (a Mac without Homebrew)
 */
MUST_CHECK struct err *host_packages_missing(const struct host_facts *facts, const struct strs *names,
					     struct strs *missing);

#endif

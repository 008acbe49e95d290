/*
 * gitrepo_disk.h - why a repository on this computer cannot be fetched from, found out by looking at it
 *
 * libgit2 reads no shallow and no partial clone, no SHA-256 ids and no reftable, and what it says of them fits other
 * faults as well. For gitrepo.c, after it failed; nothing is changed.
 */
#ifndef COOPER_NET_GITREPO_DISK_H
#define COOPER_NET_GITREPO_DISK_H

#include "base/err.h"

/**
 * gitrepo_disk_explain() - the error for the "file:" URL @url, which could not be fetched from
 *
 * ABSENT (nothing there, or no repository), USAGE (one of a kind that cannot be read), CORRUPT (a damaged one); NULL
 * when nothing is wrong with it that can be seen
 */
MUST_CHECK struct err *gitrepo_disk_explain(const char *url);

#endif

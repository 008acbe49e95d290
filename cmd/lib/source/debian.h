/*
 * debian.h - what the Debian archive has now: names to files with digests, through the host's own apt
 *
 * apt works in a private state below COOPER_HOME/apt, one folder per kind, suite and architecture; of the host's
 * it reads the mirrors and the proxy, and changes nothing. Works as root and as an ordinary user. Index
 * signatures are checked by apt with Debian's archive keyring (which signs all suites: a host of one release can
 * ask for another). The index is updated when something is resolved, at most once in ten minutes, and never
 * otherwise. Hosts' names are never stored: see source/debian_text.h for the two schemes.
 *
 *	TRY(debian_resolve_source("qemu", NULL, state_dir, sink, &entry));   into the lock
 *	TRY(debian_expand_url(entry.files[0].url, &url));                    when it is fetched
 */
#ifndef COOPER_SOURCE_DEBIAN_H
#define COOPER_SOURCE_DEBIAN_H

#include "base/event.h"
#include "recipe/lock.h"
#include "source/debian_text.h"

/** debian_resolve_source() - files of the newest source package @name in @suite (NULL = the host's) */
MUST_CHECK struct err *debian_resolve_source(const char *name, const char *suite, const char *state_dir,
					     struct sink *sink, struct lock_entry *ret_entry);
/** debian_resolve_package() - the newest binary package @name for Debian's architecture @arch */
MUST_CHECK struct err *debian_resolve_package(const char *name, const char *suite, const char *arch,
					      const char *state_dir, struct sink *sink, struct lock_entry *ret_entry);
/**
 * debian_resolve_set() - everything that a fresh root needs for @names: their dependencies and all essential
 * packages, no recommendations, sorted by file name; the entry has no version
 *
 * Errors (of all three): USAGE (no package name), ABSENT (not in that suite; no apt; no mirror), NET (the index),
 * CORRUPT (the index's signature, or a file without SHA-256), BUSY is waited for
 */
MUST_CHECK struct err *debian_resolve_set(const char *suite, const char *arch, const struct strs *names,
					  const char *state_dir, struct sink *sink, struct lock_entry *ret_entry);

/**
 * debian_expand_url() - the real URL of "debian:..." and "debian-security:...", heap
 *
 * Runs apt-get once per process to learn the host's mirrors. Errors: ABSENT (no apt, or it names no Debian mirror)
 */
MUST_CHECK struct err *debian_expand_url(const char *url, char **ret_url);

/**
 * debian_host_mirrors() - the bases of the host's mirrors, heap; *ret_security is NULL when there is none
 *
 * As debian_expand_url() otherwise.
 */
MUST_CHECK struct err *debian_host_mirrors(char **ret_main, char **ret_security);

/**
 * debian_explain_gone() - in @take_e, the error of fetching a "debian:" file, say what HTTP 404 means: the pin has gone
 * from the archive; any other error passes as it is, and so does NULL
 */
MUST_CHECK struct err *debian_explain_gone(struct err *take_e);

#endif

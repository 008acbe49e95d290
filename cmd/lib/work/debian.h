/*
 * debian.h - what the Debian archive has now: names to files with digests, through the host's own apt
 *
 * apt works in a private state below COOPER_HOME/apt; nothing under /etc is read but the host's mirror, nothing
 * of the host's is changed. Index signatures are checked by apt with Debian's archive keyring. Hosts' names are
 * never stored: a file below the main archive is "debian:pool/...", below the security archive
 * "debian-security:pool/...".
 */
#ifndef COOPER_WORK_DEBIAN_H
#define COOPER_WORK_DEBIAN_H

#include "base/event.h"
#include "recipe/lock.h"

/** debian_resolve_source() - files of the newest source package @name in @suite (NULL = the host's) */
MUST_CHECK struct err *debian_resolve_source(const char *name, const char *suite, const char *state_dir,
                                             struct sink *sink, struct lock_entry *ret_entry);
/** debian_resolve_package() - the newest binary package @name for Debian's architecture @arch */
MUST_CHECK struct err *debian_resolve_package(const char *name, const char *suite, const char *arch,
                                              const char *state_dir, struct sink *sink, struct lock_entry *ret_entry);
/**
 * debian_resolve_set() - everything that a fresh root needs for @names: their dependencies and all essential
 * packages, no recommendations, sorted by file name
 */
MUST_CHECK struct err *debian_resolve_set(const char *suite, const char *arch, const struct strs *names,
                                          const char *state_dir, struct sink *sink, struct lock_entry *ret_entry);

/**
 * debian_expand_url() - the real URL of "debian:..." and "debian-security:...", heap
 *
 * Runs apt-get once per process to learn the host's mirrors. Errors: ABSENT (no apt, or it names no Debian mirror)
 */
MUST_CHECK struct err *debian_expand_url(const char *url, char **ret_url);
bool debian_is_url(const char *url);

/* One line of `apt-get --print-uris`: 'URI' NAME SIZE SHA256:HEX */
struct debian_uri {
	char *uri;
	int64_t size;
	char *sha256;
};

/** debian_parse_uri() - false when @line is something else; CORRUPT when it has no SHA-256 */
MUST_CHECK struct err *debian_parse_uri(const char *line, bool *ret_is_uri, struct debian_uri *ret_uri);
void debian_uri_done(struct debian_uri *uri);

#endif

/*
 * debian_text.h - what apt prints and reads, as text: mirrors, URLs without hosts, URI lines, stanzas
 *
 * Pure. A file of the main archive is written "debian:pool/main/q/qemu/qemu_7.2.dsc", one of the security
 * archive "debian-security:pool/...": percent escapes undone, no host. debian_url_of() puts the mirror of the
 * host at hand back in front.
 */
#ifndef COOPER_SOURCE_DEBIAN_TEXT_H
#define COOPER_SOURCE_DEBIAN_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define DEBIAN_SCHEME "debian:"
#define DEBIAN_SECURITY_SCHEME "debian-security:"
/* What `apt-get indextargets --format` must be told to print for debian_mirrors_find() */
#define DEBIAN_TARGET_FORMAT "$(REPO_URI)|$(RELEASE)|$(CODENAME)|$(ORIGIN)|$(COMPONENT)"

/* Where the host's apt gets Debian from. */
struct debian_mirrors {
	char *main;     /* ends in '/'; NULL when none was found */
	char *security; /* NULL when the host has none */
};

void debian_mirrors_done(struct debian_mirrors *m);
/**
 * debian_mirrors_find() - the host's mirrors from lines of DEBIAN_TARGET_FORMAT
 *
 * A line counts when it is of component main. Where apt knows the origin (lists were downloaded) it must be Debian:
 * others use Debian's release names too. Then any release will do, that of @codename before others: an archive has
 * all of them. Where apt does not know it, the release must be @codename, and a repository that has "-updates" as
 * well, or whose path ends in /debian/, is taken before others.
 */
void debian_mirrors_find(const char *lines, const char *codename, struct debian_mirrors *ret_mirrors);
/** debian_mirror_list_first() - the first URI of an apt mirror list file with '/' at its end, heap, or NULL */
char *debian_mirror_list_first(const char *text);

/** debian_is_url() - whether @url is "debian:..." or "debian-security:..." */
bool debian_is_url(const char *url);
/** debian_url_of() - the URL of @url at @m, heap; ABSENT when @m has no such archive */
MUST_CHECK struct err *debian_url_of(const struct debian_mirrors *m, const char *url, char **ret_url);
/** debian_hide_host() - the other way: @uri, as apt prints it, without the mirror's name; heap */
MUST_CHECK struct err *debian_hide_host(const struct debian_mirrors *m, const char *uri, char **ret_url);

/** debian_sources() - a sources.list with @type ("deb", "deb-src") lines for @suite; @keyring NULL = apt's own */
void debian_sources(const struct debian_mirrors *m, const char *type, const char *suite, const char *keyring,
		    struct str *text);

/* One line of `apt-get --print-uris`: 'URI' NAME SIZE SHA256:HEX */
struct debian_uri {
	char *uri;
	char *name; /* escapes undone: qemu-user-static_1:7.2+dfsg-7_amd64.deb */
	int64_t size;
	char *sha256;
};

/** debian_parse_uri() - *ret_is_uri false when @line is something else; CORRUPT when it has no SHA-256 */
MUST_CHECK struct err *debian_parse_uri(const char *line, bool *ret_is_uri, struct debian_uri *ret_uri);
void debian_uri_done(struct debian_uri *uri);

/** debian_deb_version() - the version in "name_VERSION_arch.deb", heap, or NULL */
char *debian_deb_version(const char *name);
/** debian_stanza_version() - the Version of the stanza of @text (Sources or Packages) that lists @file, heap, or NULL
 */
char *debian_stanza_version(const char *text, const char *file);

/** debian_upstream_version() - "10.0.13" of Debian's "1:10.0.13+ds-0+deb13u1", heap: no epoch, no revision, nothing
 * that Debian adds for what it took out */
char *debian_upstream_version(const char *version);

/** debian_name_valid() - whether @name is a package name (Debian Policy 5.6.1) that apt-get takes as nothing else */
bool debian_name_valid(const char *name);

#endif

/*
 * lock.h - cooper.lock: every floating reference resolved to URL, digest and size
 *
 * A YAML-free JSON document, sorted, one entry per reference, so that diffs read well. An entry is found by
 * its reference ("debian-source:qemu", "debian-package:qemu-user-static:bookworm:amd64",
 * "debian-set:trixie:arm64:<digest of the package list>", "channel:fedora-coreos:stable:aarch64:qcow2.xz"). Kept beside
 * the stack file, or in COOPER_HOME.
 */
#ifndef COOPER_RECIPE_LOCK_H
#define COOPER_RECIPE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct lock_file {
	char *name;                /* file name: qemu_7.2+dfsg.orig.tar.xz */
	char *url;                 /* debian:pool/... : never with a mirror's host */
	char *sha256;              /* NULL for git:URL#COMMIT */
	int64_t size;              /* -1 for git:URL#COMMIT, and of channels, which do not say */
	char *uncompressed_sha256; /* of what a packed image holds, or NULL */
	char *signature;           /* URL of a detached signature, or NULL */
};

struct lock_entry {
	char *reference;
	char *version; /* resolved version: 1:7.2+dfsg-7+deb12u18 */
	struct lock_file *files;
	size_t file_count;
	bool put_here; /* by this process: lock_put() */
};

/** lock_entry_done() - free an entry that was made by hand (entries of a lock are the lock's) */
void lock_entry_done(struct lock_entry *entry);

struct lock;

/** lock_open() - read @path; a missing file gives an empty lock */
MUST_CHECK struct err *lock_open(const char *path, struct lock **ret_lock);
/** lock_free() - NULL is fine; returns NULL */
struct lock *lock_free(struct lock *lock);
/** lock_find() - the entry of @reference, or NULL; borrowed */
const struct lock_entry *lock_find(const struct lock *lock, const char *reference);
/** lock_entry_digest() - of all that @entry says */
void lock_entry_digest(const struct lock_entry *entry, char ret_hex[65]);
/** lock_put() - add or replace the entry of @entry->reference (copied) and write the file atomically; thread-safe */
MUST_CHECK struct err *lock_put(struct lock *lock, const struct lock_entry *entry);
/** lock_put_all() - the same of @count entries: the file has all of them or none */
MUST_CHECK struct err *lock_put_all(struct lock *lock, const struct lock_entry *entries, size_t count);

#endif

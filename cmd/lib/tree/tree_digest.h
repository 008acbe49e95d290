/*
 * tree_digest.h - one SHA-256 for a whole tree, whatever the order in which it was written or is listed
 *
 * Over the entries sorted by path in byte order: type, executable or not, content digest or link target, path,
 * each ended by a NUL byte. Times, owners and other mode bits are not in it; a hard link counts as the file that
 * it is. Folders are in it, also empty ones.
 *
 *	struct tree_digest *t = tree_digest_new();
 *	tree_digest_file(t, "bin/tool", true, hex);
 *	tree_digest_end(t, hex);
 */
#ifndef COOPER_TREE_TREE_DIGEST_H
#define COOPER_TREE_TREE_DIGEST_H

#include <stdbool.h>

#include "base/err.h"
#include "fmt/digest.h"

struct tree_digest;

struct tree_digest *tree_digest_new(void);
struct tree_digest *tree_digest_free(struct tree_digest *t);
void tree_digest_file(struct tree_digest *t, const char *path, bool executable, const char *sha256);
void tree_digest_dir(struct tree_digest *t, const char *path);
void tree_digest_symlink(struct tree_digest *t, const char *path, const char *target);
/** tree_digest_end() - the digest of all that was added; @d is a fresh SHA-256 context, spent afterwards */
void tree_digest_end(struct tree_digest *t, struct digest *d, char ret_hex[SHA256_HEX]);

/**
 * tree_digest_path() - the digest of the folder @path as it is on disk
 *
 * Errors: ABSENT, OS; CORRUPT for anything but files, folders and symbolic links, and below 256 levels.
 */
MUST_CHECK struct err *tree_digest_path(const char *path, char ret_hex[SHA256_HEX]);
/** tree_digest_most() - likewise of at most @max bytes, each entry counted as 1 KiB; more is USAGE */
MUST_CHECK struct err *tree_digest_most(const char *path, int64_t max, char ret_hex[SHA256_HEX]);
/** tree_digest_without() - likewise, but for what is at @path/@except (such as a receipt that holds the digest) */
MUST_CHECK struct err *tree_digest_without(const char *path, const char *except, char ret_hex[SHA256_HEX]);
/** tree_digest_exact() - likewise, over permissions and times of files too: another one when anything was touched */
MUST_CHECK struct err *tree_digest_exact(const char *path, char ret_hex[SHA256_HEX]);

#endif

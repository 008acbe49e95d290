/*
 * digest.h - SHA-256, SHA-512 and git's SHA-1, streaming; hex is lower case
 */
#ifndef COOPER_FMT_DIGEST_H
#define COOPER_FMT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* SHA-1 serves the names that git gives to blobs, and nothing is trusted because of it */
enum digest_kind { DIGEST_SHA256, DIGEST_SHA512, DIGEST_SHA1 };
enum { SHA256_HEX = 65, DIGEST_HEX_MAX = 129 }; /* with the NUL */

struct digest;

/** digest_new() - a fresh context; digest_free() takes NULL and returns NULL */
struct digest *digest_new(enum digest_kind kind);
struct digest *digest_free(struct digest *d);
void digest_add(struct digest *d, const void *bytes, size_t size);
/** digest_hex() - finish and write the hex digest (65 or 129 bytes with NUL); the context is spent until reset */
void digest_hex(struct digest *d, char *ret_hex);
/** digest_reset() - start over; unlike digest_new() it takes no lock, so a child forked from threads may call it */
void digest_reset(struct digest *d);
/** digest_bytes() - SHA-256 of @size bytes as hex */
void digest_bytes(const void *bytes, size_t size, char ret_hex[SHA256_HEX]);
/**
 * digest_fd() - add what is left to read of @fd, called @path in errors
 * @max:  bytes, at most; 0 = no limit
 *
 * Errors: OS, CANCELED; USAGE (it is larger, be it of nothing but holes)
 */
MUST_CHECK struct err *digest_fd(struct digest *d, int fd, const char *path, int64_t max, int64_t *ret_size);
/** digest_file() - SHA-256 of a file's content; @ret_size may be NULL */
MUST_CHECK struct err *digest_file(const char *path, char ret_hex[SHA256_HEX], int64_t *ret_size);
/** digest_file_as() - the same of any kind; @ret_hex: 65 or 129 bytes */
MUST_CHECK struct err *digest_file_as(enum digest_kind kind, const char *path, char *ret_hex, int64_t *ret_size);
/**
 * digest_beneath() - SHA-256 of the file @path below @dir (sys/beneath.h, errors too)
 * @ret_fd: the file, at its start, so that what is read is what was digested; may be NULL
 */
MUST_CHECK struct err *digest_beneath(const char *dir, const char *path, char ret_hex[SHA256_HEX], int *ret_fd);
/** digest_valid() - lower-case hex of the right length */
bool digest_valid(enum digest_kind kind, const char *hex);
/** digest_kind_of() - told by the length: SHA-512 for 128 digits, else SHA-256 */
enum digest_kind digest_kind_of(const char *hex);
/** digest_kind_name() - "sha256", "sha512": in recipes, in receipts, in the paths of objects */
const char *digest_kind_name(enum digest_kind kind);
/** digest_is() - whether @text is a valid digest of either kind; NULL is none */
bool digest_is(const char *text);
/** digest_differs() - the CORRUPT error of bytes that are not what a recipe says */
struct err *digest_differs(enum digest_kind kind, const char *want, const char *found);

#endif

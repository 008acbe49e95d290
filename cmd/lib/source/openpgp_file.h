/*
 * openpgp_file.h - what a file of a key or of a signature really is: armored, binary, or something else altogether
 *
 * People save keys with an editor (a byte order mark, UTF-16), servers hand out pages and signed lists in place of
 * signatures: a refusal names what is there. Pure functions.
 *
 *	TRY(openpgp_unarmor(data, size, OPENPGP_KEY, "'recipes/keys/AB12.asc'", &bytes));
 *	count = openpgp_keys(str_text(&bytes), bytes.len, keys, ARRAY_LEN(keys));
 *
 * See: RFC 9580 sections 4 (packets), 5.5 (keys) and 6 (armor)
 */
#ifndef COOPER_SOURCE_OPENPGP_FILE_H
#define COOPER_SOURCE_OPENPGP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum openpgp_kind { OPENPGP_KEY, OPENPGP_SIGNATURE };

enum { OPENPGP_HEX = 65 }; /* longest fingerprint, with the NUL */

/* A primary key. */
struct openpgp_key {
	char fingerprint[OPENPGP_HEX]; /* upper case; "" of a version that is not known here */
	int64_t made_s;                /* seconds since 1970 */
	bool has_user_id;
};

/**
 * openpgp_unarmor() - append the packets of a file: armored blocks decoded, binary as it is
 * @wanted:  what it has to be
 * @subject: what the file is in messages, with its quotes
 *
 * Text before a block and a byte order mark are passed over.
 *
 * Errors: CORRUPT (it is something else, which the message names, or a block is not whole).
 */
MUST_CHECK struct err *openpgp_unarmor(const char *data, size_t size, enum openpgp_kind wanted, const char *subject,
				       struct str *bytes);

/** openpgp_keys() - the primary keys among @size bytes of packets, @max at most; how many there are in @ret */
size_t openpgp_keys(const char *bytes, size_t size, struct openpgp_key *ret, size_t max);

#endif

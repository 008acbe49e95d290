/*
 * openpgp_text.h - what gpgv says and what key files hold, as pure functions
 *
 * gpgv exits with 0 for a signature by a revoked or an expired key: its status lines decide here, not its exit status
 * alone. One signature, good, over bytes (not over text), with a digest that is not broken, by a primary key that
 * is pinned or by a subkey of one: everything else is refused, a second signature in the same file too.
 *
 * See: GnuPG doc/DETAILS, "Format of the --status-fd output"; RFC 9580 section 6 (armor)
 */
#ifndef COOPER_SOURCE_OPENPGP_TEXT_H
#define COOPER_SOURCE_OPENPGP_TEXT_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { OPENPGP_HEX = 65 }; /* longest fingerprint, with the NUL */

struct openpgp_signature {
	char key[OPENPGP_HEX];    /* fingerprint of the primary key */
	char signer[OPENPGP_HEX]; /* of the key that signed: the same, or a subkey of it */
	int64_t made_s;           /* when, as the signature says; seconds since 1970 */
};

/**
 * openpgp_judge() - what the status lines of gpgv mean
 * @status:       all of them
 * @fingerprints: of the primary keys of which one must have signed, whole, in upper case
 * @name:         the signed file, for messages
 *
 * Errors: CORRUPT, with the cause and what to do.
 */
MUST_CHECK struct err *openpgp_judge(const char *status, const struct strs *fingerprints, const char *name,
				     struct openpgp_signature *ret_signature);

/**
 * openpgp_unarmor() - append the bytes of a key file as gpgv reads them: armored blocks decoded, binary as it is
 * @name: the key file, for messages
 *
 * Errors: CORRUPT (an armored block that is not whole, or one that is no public key).
 */
MUST_CHECK struct err *openpgp_unarmor(const char *data, size_t size, const char *name, struct str *bytes);

#endif

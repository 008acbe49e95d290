/*
 * openpgp_text.h - what gpgv says, as a pure function
 *
 * gpgv exits with 0 for a signature by a revoked or an expired key: its status lines decide here, not its exit status
 * alone. One signature, good, over bytes (not over text), not of the future, with a digest that is not broken, by a
 * primary key that is pinned or by a subkey of one: everything else is refused, a second signature in the same file
 * too.
 *
 * See: GnuPG doc/DETAILS, "Format of the --status-fd output"
 */
#ifndef COOPER_SOURCE_OPENPGP_TEXT_H
#define COOPER_SOURCE_OPENPGP_TEXT_H

#include <stdint.h>

#include "source/openpgp_file.h"

struct openpgp_signature {
	char key[OPENPGP_HEX];    /* fingerprint of the primary key */
	char signer[OPENPGP_HEX]; /* of the key that signed: the same, or a subkey of it */
	int64_t made_s;           /* when, as the signature says; seconds since 1970 */
};

/* What one run of gpgv is judged by; borrowed. */
struct openpgp_said {
	const char *status;              /* all status lines */
	const struct strs *fingerprints; /* of the primary keys of which one must have signed, whole, in upper case */
	const char *name;                /* the signed file, for messages */
	int64_t now_s;                   /* this host's clock */
	const struct openpgp_key *keys;  /* what the key files hold */
	size_t key_count;
};

/**
 * openpgp_judge() - what it means
 *
 * Errors: CORRUPT, with the cause and what to do.
 */
MUST_CHECK struct err *openpgp_judge(const struct openpgp_said *said, struct openpgp_signature *ret_signature);

#endif

/*
 * openpgp.h - detached OpenPGP signatures, through gpgv(1) and against pinned keys
 *
 * The digest of a file is checked before (fetch.h), its signature here, and only then is it parsed by anything larger.
 * gpgv gets a private folder as its home, a keyring of the given key files alone, and no say of the user's own
 * configuration. What it says is judged by openpgp_text.h.
 *
 *	struct openpgp_request r = {.file = object, .signature = sig, .key_files = &files,
 *				    .fingerprints = &pinned, .name = "qemu-10.2.3.tar.xz", .scratch = home->root};
 *	TRY(openpgp_verify(&r, &signature));
 */
#ifndef COOPER_SOURCE_OPENPGP_H
#define COOPER_SOURCE_OPENPGP_H

#include "source/openpgp_text.h"

struct openpgp_request {
	const char *file;      /* what is signed */
	const char *signature; /* file with the detached signature, binary or armored */
	const struct strs
		*key_files; /* with public keys, binary or armored; they may hold others, which do not count */
	const struct strs
		*fingerprints; /* of the primary keys of which one must have signed: 40 hex digits, upper case */
	const char *name;      /* the file, for messages */
	const char *scratch;   /* folder in which a private one is made and removed */
};

/**
 * openpgp_verify() - whether @r->file is signed by one of the pinned keys
 *
 * Errors: CORRUPT (it is not, or it cannot be told: no gpgv, a damaged key file; message and hint say which),
 * OS, TIMEOUT, CANCELED.
 * Cost: gpgv reads the file once.
 */
MUST_CHECK struct err *openpgp_verify(const struct openpgp_request *r, struct openpgp_signature *ret_signature);

#endif

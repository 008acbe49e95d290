/*
 * keys.h - a machine's two ssh key pairs, made on the host by ssh-keygen
 *
 * The client key lets us in; the host key is handed to the guest by Ignition, so that the first connection can already
 * be checked. Both live in machines/<name>/ssh/ (0700) and outlive generations. A private key that exists is complete:
 * it gets its name last.
 */
#ifndef COOPER_MACHINE_KEYS_H
#define COOPER_MACHINE_KEYS_H

#include "base/err.h"
#include "fmt/digest.h"

enum machine_key { KEY_CLIENT, KEY_HOST };

/** keys_path() - the private key's path, heap; with @public_half the public key's */
char *keys_path(const char *machine_dir, enum machine_key key, bool public_half);

/** keys_digest() - SHA-256 over both private halves; "" when one is missing or is no key */
MUST_CHECK struct err *keys_digest(const char *machine_dir, char ret_hex[SHA256_HEX]);

/** keys_mend() - public halves that are missing or not of the private ones are derived anew */
MUST_CHECK struct err *keys_mend(const char *machine_dir);

/**
 * keys_make() - make what is missing, or cannot be read, of both pairs, Ed25519, without passphrase, 0600
 * @name:  the machine's, for the keys' comments
 *
 * Errors:    ABSENT (no ssh-keygen), CHILD, OS
 * On error:  no key is half there.
 */
MUST_CHECK struct err *keys_make(const char *machine_dir, const char *name);

/** keys_read() - the text of one half, heap; CORRUPT when it is no key */
MUST_CHECK struct err *keys_read(const char *machine_dir, enum machine_key key, bool public_half, char **ret_text);

#endif

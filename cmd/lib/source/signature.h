/*
 * signature.h - the signatures that recipes ask for: fetched, checked once, remembered
 *
 * The file is in the object store by then, so its digest held. The signature and a note of what was found are kept in
 * COOPER_HOME/signatures/<digest>.sig and .json; the note counts for these bytes and a key that is pinned.
 *
 * Public keys are looked for in recipes/keys/<FINGERPRINT>.asc beside the recipe and in
 * COOPER_HOME/keys/<FINGERPRINT>.asc; where there is none of them, in the `key-url` of the recipe, pinned by its
 * `key-sha256`.
 */
#ifndef COOPER_SOURCE_SIGNATURE_H
#define COOPER_SOURCE_SIGNATURE_H

#include <stdbool.h>

#include "base/event.h"
#include "fmt/json.h"
#include "source/source_files.h"
#include "store/home.h"

/** signature_held() - whether @f needs none, or its signature was checked before and was good; OS */
MUST_CHECK struct err *signature_held(const struct home *home, const struct source_file *f, bool *ret_held);

/**
 * signature_check() - fetch and check the signature of @f, whose bytes are in the object store, and note it
 *
 * Errors: CORRUPT (it is not good, or there is no key to tell), NET (it cannot be fetched); nothing is noted then.
 */
MUST_CHECK struct err *signature_check(const struct home *home, const struct source_file *f, const char *step,
				       struct sink *sink);

/** signature_receipts() - for a receipt: what was found of each signed file, a new array; OS */
MUST_CHECK struct err *signature_receipts(const struct home *home, const struct source_files *files,
					  struct json **ret_list);

#endif

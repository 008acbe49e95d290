/*
 * store.h - results by key: store/<key>-<name>/ with receipt.json inside, read-only, whole or absent
 *
 *	TRY(store_has(home, key, name, &there));
 *	if (!there) {
 *		TRY(store_begin(home, key, name, &stage));
 *		... fill stage; receipt = store_receipt_new(...) ...
 *		TRY(store_commit(home, key, name, stage, receipt));
 *	}
 *
 * A stage that was never committed is removed by the next store_begin() of the same name.
 */
#ifndef COOPER_STORE_STORE_H
#define COOPER_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arch.h"
#include "fmt/json.h"
#include "recipe/recipe.h"
#include "store/home.h"

#define STORE_RECEIPT "receipt.json" /* in every result */

enum { STORE_KEY_SHOWN = 12 }; /* digits of a key that people see */
/** store_is_result() - whether a folder of store/ called @name is a result: 24 digits of its key, '-', and more */
bool store_is_result(const char *name);

/** store_path() - final path of a result, heap */
char *store_path(const struct home *home, const char *key, const char *name);
/** store_has() - whether the result is there: its receipt is, and names @key. One that is empty, cut short, no file, or
 *  another result's is none, and the result is made anew; one that cannot be read is an error */
MUST_CHECK struct err *store_has(const struct home *home, const char *key, const char *name, bool *ret_there);
/** store_begin() - an empty stage folder beside the results; *ret_stage is heap */
MUST_CHECK struct err *store_begin(const struct home *home, const char *key, const char *name, char **ret_stage);
/** store_commit() - write the receipt, with the "digest" (tree_digest.h) of all else added, flush, make read-only,
 * rename to its final name; the receipt always names @key */
MUST_CHECK struct err *store_commit(const struct home *home, const char *key, const char *name, const char *stage,
				    const struct json *receipt);
/**
 * store_receipt_new() - a receipt with what all of them say, for the maker to add to
 * @recipe:      of the result; NULL when there is none
 * @started_ms:  when making it began, on tick_ms()
 */
struct json *store_receipt_new(const char *key, const struct recipe *recipe, enum arch guest_arch, int64_t started_ms);
/** store_receipt() - read a result's receipt */
MUST_CHECK struct err *store_receipt(const struct home *home, const char *key, const char *name,
				     struct json **ret_receipt);
/** key_of() - SHA-256 over the canonical form of @inputs: what a step's key is */
void key_of(const struct json *inputs, char ret_key[65]);

#endif

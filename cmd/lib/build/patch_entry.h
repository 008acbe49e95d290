/*
 * patch_entry.h - one entry of a recipe's `patches:`, as YAML that is read back as it is
 */
#ifndef COOPER_BUILD_PATCH_ENTRY_H
#define COOPER_BUILD_PATCH_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct patch_entry {
	const char *key;   /* "file", "url" or "series": what identifies it */
	const char *value; /* as the recipe says it */
	const char *why;   /* of a new one */
	bool is_new;       /* it may not be in the recipe yet */
};

/** patch_entry_why() - what its `why` says, never empty */
const char *patch_entry_why(const struct patch_entry *entry);
/** patch_entry_add() - the lines of a new entry, each after @indent blanks */
void patch_entry_add(struct str *out, const struct patch_entry *entry, size_t indent);
/** patch_entry_add_flow() - the same in braces */
void patch_entry_add_flow(struct str *out, const struct patch_entry *entry);

#endif

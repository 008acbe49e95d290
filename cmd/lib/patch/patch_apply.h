/*
 * patch_apply.h - one parsed patch onto the tree in memory
 *
 * Private to the patch engine.
 */
#ifndef COOPER_PATCH_PATCH_APPLY_H
#define COOPER_PATCH_PATCH_APPLY_H

#include "patch/patch_overlay.h"

struct patch_apply {
	struct patch_overlay *overlay;
	const struct patch_input *input;
	size_t index;                /* of the input, for the report */
	struct patch_report *report; /* counts and offsets are added; NULL = not wanted */
	bool places;                 /* note where every hunk fits */
	size_t *group;               /* number of the current group, ever growing over a series */
};

/** patch_apply_section() - file number @i of @set, in the current group; patch_apply_set() knows the order */
MUST_CHECK struct err *patch_apply_section(const struct patch_apply *a, const struct patch_set *set, size_t i);
/** patch_apply_set() - every file of @set; CORRUPT with a detail when one does not fit */
MUST_CHECK struct err *patch_apply_set(const struct patch_apply *a, const struct patch_set *set);
/** patch_apply_count() - how many files of @set fit, those that do not being skipped; *ret_wanted of how many */
size_t patch_apply_count(const struct patch_apply *a, const struct patch_set *set, size_t *ret_wanted);

#endif

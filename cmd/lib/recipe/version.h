/*
 * version.h - versions compared as people read them: 9.2.4 < 10.0 < 10.0.1, 11.0~rc1 < 11.0
 */
#ifndef COOPER_RECIPE_VERSION_H
#define COOPER_RECIPE_VERSION_H

#include <stdbool.h>

/** version_compare() - negative, 0 or positive; digits by value, the rest by bytes, '~' before the end */
int version_compare(const char *a, const char *b);
/** version_matches() - whether @version fulfils @constraint (">= 10.2, < 11"); the constraint is a valid one */
bool version_matches(const char *constraint, const char *version);

#endif

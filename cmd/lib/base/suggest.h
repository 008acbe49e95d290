/*
 * suggest.h - did you mean: the nearest known word by Damerau-Levenshtein distance
 */
#ifndef COOPER_BASE_SUGGEST_H
#define COOPER_BASE_SUGGEST_H

#include <stddef.h>

/** suggest_nearest() - the word of @known (count @n) within distance 2 (1 for short words) of @word, or NULL */
const char *suggest_nearest(const char *word, const char *const *known, size_t n);

#endif

/*
 * fold_tables.h - Unicode data for fold.h: sorted tables, for binary search
 */
#ifndef COOPER_TREE_FOLD_TABLES_H
#define COOPER_TREE_FOLD_TABLES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Canonical decomposition: composed, base, mark (0 = none); without Hangul. UAX #15. In the first table what lies in
 * the basic plane whole, in the second the rest.
 */
extern const uint16_t fold_pairs[][3];
extern const size_t fold_pairs_count;
extern const uint32_t fold_pairs32[][3];
extern const size_t fold_pairs32_count;

/* Points from first to last, each step-th of them, fold to themselves plus distance. CaseFolding.txt, status C */
struct fold_case {
	uint32_t first;
	uint32_t last;
	uint16_t step;
	int32_t distance;
};
extern const struct fold_case fold_cases[];
extern const size_t fold_cases_count;

/* Points that fold to two or three. CaseFolding.txt, status F */
extern const uint16_t fold_several[][4];
extern const size_t fold_several_count;

/* First and last of the ranges of combining marks (canonical combining class other than 0) */
extern const uint32_t fold_marks[][2];
extern const size_t fold_marks_count;

#endif

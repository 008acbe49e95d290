/*
 * patch_blanks.h - characters that do not show, or look like others: named, so that a refusal can say what differs
 *
 * Private to the patch engine. A blank here is whatever takes room and shows nothing (tab, no-break space, carriage
 * return, ...) or shows nothing at all (zero-width space, byte order mark, terminal colours).
 */
#ifndef COOPER_PATCH_PATCH_BLANKS_H
#define COOPER_PATCH_PATCH_BLANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/** patch_blank_at() - bytes of the blank that @text begins with, 0 when it begins with none */
size_t patch_blank_at(const char *text, size_t size);
/** patch_blank_takes_room() - whether the blank that @text begins with moves what comes after it */
bool patch_blank_takes_room(const char *text, size_t size);
/** str_add_patch_char() - what @text begins with: "2 tabs", "a no-break space (U+00A0)", "'x'", "the end of the line"
 */
void str_add_patch_char(struct str *s, const char *text, size_t size);
/** patch_looks_same() - whether two different lines differ in nothing but blanks */
bool patch_looks_same(const char *a, size_t a_size, const char *b, size_t b_size);
/**
 * patch_first_difference() - where two different lines begin to differ; among blanks, where their run begins
 * @ret_column: characters before it, plus one
 * Return: bytes before it, the same in both
 */
size_t patch_first_difference(const char *a, size_t a_size, const char *b, size_t b_size, size_t *ret_column);

#endif

/*
 * fold.h - the form of a file name under which a Mac would take two names for one
 *
 * APFS and HFS+ compare names without regard to letter case and to Unicode normalisation. A tree that holds two
 * names with one folded form cannot be unpacked there, or worse, the second replaces the first. Canonical
 * decomposition, full case folding, combining marks in one order, zero-width characters dropped. Where this and a Mac
 * differ, this takes more names for one.
 */
#ifndef COOPER_TREE_FOLD_H
#define COOPER_TREE_FOLD_H

#include <stdbool.h>

/** name_fold() - the folded form of UTF-8 @name, heap; bytes that are not UTF-8 stay as they are */
char *name_fold(const char *name);
/** name_is_utf8() - whether @name is well-formed UTF-8 (no overlong forms, no surrogates) */
bool name_is_utf8(const char *name);

#endif

/*
 * patch_commits.h - the commits of a patch work tree as `patch save` reads them
 *
 * Private to patch_save.c; @dir is the work tree.
 */
#ifndef COOPER_BUILD_PATCH_COMMITS_H
#define COOPER_BUILD_PATCH_COMMITS_H

#include "base/err.h"
#include "base/str.h"

/** commits_check_clean() - USAGE when something is not committed, a rebase or am is under way, or there is a merge */
MUST_CHECK struct err *commits_check_clean(const char *dir);
/** commit_diff() - what @commit changes; without a/ and b/ at strip 0 */
MUST_CHECK struct err *commit_diff(const char *dir, const char *commit, int strip, struct str *out);
/** commit_diff_essence() - a diff without what moves when another patch changes: blob ids, where hunks stand; heap */
char *commit_diff_essence(const struct str *diff);
/** commit_diff_moved() - whether what is the same before both diffs differs after them: a hunk went to a twin place */
bool commit_diff_moved(const struct str *was, const struct str *is);
/** commit_words() - a message as git leaves it when nobody changes it; heap */
char *commit_words(const char *message);
/** commit_message() - without its trailer; *ret_name is what that names, or NULL; both heap */
MUST_CHECK struct err *commit_message(const char *dir, const char *commit, char **ret_message, char **ret_name);

#endif

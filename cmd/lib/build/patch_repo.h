/*
 * patch_repo.h - a patched source tree as a git work tree: one commit per patch, and which patch each one is
 *
 * Private to patch_edit.c and patch_save.c. git(1) runs without hooks, signatures, line-end conversion or questions.
 * .git/cooper.json remembers, for every patch, the file it came from, its digest and its commit; a commit that a rebase
 * made anew is known by the line "Cooper-Patch: NAME" in its message.
 */
#ifndef COOPER_BUILD_PATCH_REPO_H
#define COOPER_BUILD_PATCH_REPO_H

#include "base/str.h"
#include "fmt/json.h"

#define PATCH_TRAILER "Cooper-Patch: "
#define PATCH_BASE "cooper-base"   /* tag: the sources without any patch */
#define PATCH_START "cooper-start" /* tag: all patches as they were, so that their commits stay */

/* The words after "git", for the two below. */
#define GIT(...) ((const char *const[]){__VA_ARGS__, NULL})

/**
 * repo_git() - run git in @dir
 * @input: for its standard input, or NULL
 * @out:   receives its standard output; NULL = dropped
 *
 * Errors: ABSENT (no git; the hint says how to get it), CHILD (detail: what it said)
 */
MUST_CHECK struct err *repo_git(const char *dir, const char *input, struct str *out, const char *const *args);
/** repo_line() - the first line that git prints, heap */
MUST_CHECK struct err *repo_line(const char *dir, char **ret_line, const char *const *args);

/** repo_load(), repo_store() - the state of the work tree at @dir: {recipe, patches: [{name, path, commit, ...}]} */
MUST_CHECK struct err *repo_load(const char *dir, struct json **ret_state);
MUST_CHECK struct err *repo_store(const char *dir, const struct json *state);

#endif

/*
 * patch_commit.h - the tree on disk becomes what it is in memory
 *
 * Private to the patch engine. New files and links are staged in the folder .cooper-patch.new at the tree's top; then
 * that folder is called .cooper-patch, they are put in place by rename, and the others are rewritten. A kill leaves the
 * tree as it was and a folder that the next run drops, or a half patched tree with .cooper-patch in it, which every
 * later run refuses. Trees that cooper makes itself are patched before they get their names.
 */
#ifndef COOPER_PATCH_PATCH_COMMIT_H
#define COOPER_PATCH_PATCH_COMMIT_H

#include "patch/patch_overlay.h"

/** patch_commit_run() - make the disk what @o is; the caller has locked the tree, whose top @o->fd is */
MUST_CHECK struct err *patch_commit_run(const struct patch_overlay *o, const char *tree_dir);
/** patch_is_half() - whether a run was stopped, or is at work, while it put files in place */
MUST_CHECK struct err *patch_is_half(int top, bool *ret_half);

#endif

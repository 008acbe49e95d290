/*
 * patch_edit.h - the author's loop: patches as commits of a git work tree, and back to patches/
 *
 *	TRY(patch_edit_open(&job, "/home/me/qemu", &(struct patch_edit_options){.stop = "0002-tso.patch"}, sink));
 *	... edit, git commit --amend, git rebase --continue, git commit ...
 *	TRY(patch_edit_save("/home/me/qemu", &report));
 *
 * A patch that nobody touched is not written: not one byte of it changes, whatever its format. A changed one keeps
 * what stands before and after its diffs. New commits become new files, named as the others are, and entries of the
 * recipe; where that is written in a way that is not edited, the report says what to add.
 */
#ifndef COOPER_BUILD_PATCH_EDIT_H
#define COOPER_BUILD_PATCH_EDIT_H

#include "build/build.h"

struct patch_edit_options {
	const char *stop; /* name (or its end) of the patch to stop at, ready for git commit --amend; NULL = after the
			     last */
	bool shipped;     /* the recipe came with cooper: nothing can be saved to it */
};

/**
 * patch_edit_open() - make the work tree at @dir
 * @job:  home, recipe, files (all in the object store) and source_step are used
 * @dir:  must not exist, or be empty
 *
 * Errors: USAGE (@dir is not empty, no patch to stop at), CORRUPT (a patch does not fit), ABSENT (no git), CHILD
 * On error: @dir is removed.
 */
MUST_CHECK struct err *patch_edit_open(const struct build_job *job, const char *dir, const struct patch_edit_options *o,
				       struct sink *sink);

struct patch_saved {
	size_t untouched;
	struct strs written; /* paths of patches that were rewritten */
	struct strs added;   /* paths of new patches */
	struct strs notes;   /* what became of the recipe; or why nothing, and what is left to the author */
};

void patch_saved_done(struct patch_saved *s);

/**
 * patch_edit_save() - write what changed in the work tree at @dir back to patches/
 *
 * Errors: USAGE (uncommitted changes, a rebase under way, merges), CORRUPT (a patch that cannot be written: it came
 *         with the sources, the recipe excludes part of it, its file changed meanwhile; the recipe came with cooper),
 *         CHILD, OS
 * On error: no patch is written, unless the error is OS.
 */
MUST_CHECK struct err *patch_edit_save(const char *dir, struct patch_saved *ret);

#endif

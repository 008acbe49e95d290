/*
 * patch_journal.h - many files change as one: staged, written down, then put in place
 *
 * Private to the patch engine. What changes is staged in the folder .cooper-patch at the tree's top (the same file
 * system): the bytes of files that stay what they are, one after the other, in "data"; new files and links, and files
 * whose mode changes or that have other names, as 0, 1, 2, ... to be renamed. Then the journal, outside the tree, is
 * written whole: from that instant the series counts. Files are rewritten, names put in place, the journal goes, the
 * folder goes. A kill leaves one of
 *
 *	a folder without a journal      nothing counted yet: the folder is dropped
 *	a folder with its journal       every step is done again that is not done yet
 *	a journal without its folder    of another tree at the same path (a fresh one): the journal is dropped
 *
 * The journal ends in a digest of itself and names the folder by a random token.
 */
#ifndef COOPER_PATCH_PATCH_JOURNAL_H
#define COOPER_PATCH_PATCH_JOURNAL_H

#include "fmt/digest.h"
#include "patch/patch_overlay.h"

struct patch_commit {
	int fd; /* the tree's top */
	const char *tree_dir;
	const char *journal_path;
	bool flush;
	char series[SHA256_HEX]; /* digest of what is applied: recovery tells the same series from another */
};

/** patch_count_changes() - add what is different between disk and memory to @report */
void patch_count_changes(const struct patch_overlay *o, struct patch_report *report);
/** patch_commit_run() - make the disk what @overlay is; BUSY when somebody else is at it */
MUST_CHECK struct err *patch_commit_run(const struct patch_commit *c, const struct patch_overlay *overlay);
/**
 * patch_recover() - finish or drop what an interrupted run left
 * @ret_files: files of the run that was finished, 0 when there was none
 * @ret_same:  it was of the series c->series
 */
MUST_CHECK struct err *patch_recover(const struct patch_commit *c, size_t *ret_files, bool *ret_same);
/** patch_is_pending() - whether patch_recover() would do something */
bool patch_is_pending(const struct patch_commit *c);

#endif

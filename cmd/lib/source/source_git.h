/*
 * source_git.h - sources that are commits of git repositories: git:URL#COMMIT
 *
 * The commit's id is the digest: it is what keys are made of. Objects are kept per repository in
 * COOPER_HOME/git/<digest of the URL>.git (gitrepo.h). A tag without a commit floats: the lock pins where it leads.
 */
#ifndef COOPER_SOURCE_SOURCE_GIT_H
#define COOPER_SOURCE_SOURCE_GIT_H

#include <stdbool.h>

#include "base/event.h"
#include "fmt/json.h"
#include "recipe/lock.h"
#include "source/source_files.h"
#include "store/home.h"

/** source_git_is() - whether @url begins with git: */
bool source_git_is(const char *url);
/** source_git_floats() - whether @s is a git: source without a commit */
bool source_git_floats(const struct source *s);
/** source_git_commit() - the commit at the end of git:URL#COMMIT, "" when there is none; borrowed from @url */
const char *source_git_commit(const char *url);
/** source_git_repository() - the repository's own URL: without git: and without the commit; heap */
char *source_git_repository(const char *url);
/** source_git_there() - whether the commit of @f was fetched; one stat */
MUST_CHECK struct err *source_git_there(const struct home *home, const struct source_file *f, bool *ret_there);
/** source_git_fetch() - bring the commit of @f; errors as gitrepo_fetch() */
MUST_CHECK struct err *source_git_fetch(const struct home *home, const struct source_file *f, const char *step,
					struct sink *sink);
/** source_git_export() - write the commit's files to their place below @tree, and note what they were */
MUST_CHECK struct err *source_git_export(const struct home *home, const struct source_file *f, const char *tree,
					 const char *step, struct sink *sink);
/** source_git_resolve() - ask the server where the tag of @s leads; fills @ret_entry but for its reference */
MUST_CHECK struct err *source_git_resolve(const struct source *s, struct lock_entry *ret_entry);
/** source_git_receipts() - for a receipt: URL, commit, git's tree id and our digest of what was written; a new array.
 *  ABSENT, OS, CORRUPT: the note that source_git_export() wrote is not to be read */
MUST_CHECK struct err *source_git_receipts(const struct home *home, const struct source_files *files,
					   struct json **ret_list);

#endif

/*
 * gitrepo.h - one commit of a git repository: fetched into a bare repository of ours, written out as a tree
 *
 * The only user of libgit2. A commit is named by its whole id; every object is checked against its own id when it is
 * read, so who served it does not matter. What is fetched: the commit alone where library and server can (shallow since
 * libgit2 1.7; with its history before), else all branches and tags. A repository of ours is kept per URL and reused:
 * a second commit costs what is new. No configuration of the user's is read, no hook, filter or submodule is run.
 *
 *	struct gitrepo_pin pin = {.url = "https://host/repo.git", .commit = "8e52...", .dir = dir};
 *	TRY(gitrepo_has(&pin, &there));
 *	if (!there)
 *		TRY(gitrepo_fetch(&pin, step, sink));
 *	TRY(gitrepo_export(dir, pin.commit, target, &options, step, sink, &tree));
 */
#ifndef COOPER_NET_GITREPO_H
#define COOPER_NET_GITREPO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "fmt/digest.h"
#include "net/gitrepo_pin.h"
#include "tree/archive_policy.h"

struct gitrepo_options {
	int strip;                           /* leading components dropped from every name */
	const struct strs *exclude;          /* globs (glob_match()) that are not written; may be NULL */
	const char *into;                    /* a folder below the target; NULL = the target itself */
	const struct archive_limits *limits; /* archive_limits_of(); may be NULL */
};

struct gitrepo_tree {
	char id[GITREPO_ID];     /* git's id of the commit's tree, whole */
	char digest[SHA256_HEX]; /* tree_digest.h of what was written */
	int64_t entries;
	int64_t bytes;
};

/**
 * gitrepo_fetch() - bring the commit, with all files, to @pin->dir
 *
 * Errors: USAGE (no whole commit id, a URL of another kind), ABSENT (no repository there, no such commit or tag in it),
 * CORRUPT (the tag leads to another commit; damaged objects), NET (also when nothing was heard for long), CANCELED,
 * BUSY is waited for.
 * A commit that is here already is not fetched again: only its tag is asked for, where that was not seen yet.
 * Cost: one connection; a second one where the server gives no single commits.
 */
MUST_CHECK struct err *gitrepo_fetch(const struct gitrepo_pin *pin, const char *step, struct sink *sink);

/** gitrepo_tag() - the commit that the server's @tag leads to; errors as gitrepo_fetch() */
MUST_CHECK struct err *gitrepo_tag(const char *url, const char *tag, char ret_commit[GITREPO_ID]);

/**
 * gitrepo_check() - read every object of the repository at @dir, each compared with its id
 * @ret_bytes: of their contents
 *
 * Errors: CORRUPT (one is damaged, or a commit that was brought is not there any more), CANCELED.
 */
MUST_CHECK struct err *gitrepo_check(const char *dir, int64_t *ret_bytes);

/**
 * gitrepo_export() - write the files of @commit below @target, which exists
 *
 * Under the policy of archives (archive_policy.h): files, folders and links that stay inside, modes 0755 and 0644, no
 * names that a Mac takes for one. File contents are the repository's bytes: no line ends are changed, no keywords
 * expanded. A submodule is refused unless it is excluded.
 *
 * Errors: CORRUPT (against the policy, or objects are missing or damaged), OS, CANCELED.
 */
MUST_CHECK struct err *gitrepo_export(const char *dir, const char *commit, const char *target,
				      const struct gitrepo_options *o, const char *step, struct sink *sink,
				      struct gitrepo_tree *ret_tree);

#endif

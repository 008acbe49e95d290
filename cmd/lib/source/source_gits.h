/*
 * source_gits.h - the git: sources of a recipe, fetched beside what else the caller does
 *
 * Up to four repositories at once, each on a thread; commits of one repository come one after another.
 *
 *	struct source_gits *gits = source_gits_begin(home, files, step, sink);
 *	struct err *e = fetch_run(requests, count, deadline_ms, source_gits_beside(gits));
 *	e = err_first(e, source_gits_end(gits));
 *
 * What is told of bytes is the sum of all, the caller's included.
 */
#ifndef COOPER_SOURCE_SOURCE_GITS_H
#define COOPER_SOURCE_SOURCE_GITS_H

#include "base/event.h"
#include "source/source_files.h"
#include "store/home.h"

struct source_gits;

/** source_gits_begin() - start to fetch the git: sources among @files; all is borrowed until source_gits_end() */
struct source_gits *source_gits_begin(const struct home *home, const struct source_files *files, const char *step,
				      struct sink *sink);

/** source_gits_beside() - the sink for what the caller does meanwhile; borrowed */
struct sink *source_gits_beside(struct source_gits *gits);

/**
 * source_gits_end() - wait until each has come to its end, and free
 *
 * Errors: those of source_git_fetch(), the first in the order of the files; what arrived counts all the same. CANCELED.
 */
MUST_CHECK struct err *source_gits_end(struct source_gits *take_gits);

#endif

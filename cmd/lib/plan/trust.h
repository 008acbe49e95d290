/*
 * trust.h - whether somebody on this host has agreed to what a project's recipes do (exposure.h)
 *
 * Recipes that came with cooper need no trust. Those of a project do, by the digest of all their lines: when a line
 * changes, what was agreed to is another list. HOME/trust.json holds the lists, so that what is new can be told.
 *
 *	AUTO(trust) t = TRUST_INIT;
 *	TRY(trust_open(&p, &t));
 *	if (!t.given)
 *		TRY(trust_give(&p, &t));
 */
#ifndef COOPER_PLAN_TRUST_H
#define COOPER_PLAN_TRUST_H

#include "base/event.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "plan/project.h"

struct trust {
	struct strs lines; /* of the project's own recipes; none: nothing needs trust */
	struct strs fresh; /* those that no list of this project had that was agreed to before */
	bool given;        /* somebody agreed to exactly these lines, or there are none */
	char digest[SHA256_HEX];
	struct json *lists;
};

#define TRUST_INIT ((struct trust){.given = false})
void trust_done(struct trust *t);

/** trust_open() - Errors: those of exposure_list(); OS, CORRUPT (trust.json) */
MUST_CHECK struct err *trust_open(const struct project *p, struct trust *t);
/** trust_known() - append all entries of exposure_list() that somebody agreed to for this project; errors: as trust_open() */
MUST_CHECK struct err *trust_known(const struct project *p, struct strs *lines);
/** trust_give() - remember that somebody agreed; under the home's lock */
MUST_CHECK struct err *trust_give(const struct project *p, struct trust *t);
/**
 * trust_resolve() - stack_resolve(): what was agreed to stays so with what this writes to the lock
 *
 * Errors: those of stack_resolve() and trust_open()
 */
MUST_CHECK struct err *trust_resolve(struct project *p, struct sink *sink);
/**
 * trust_keep() - after @p's lock was written: if @before, opened before that, was given, give it as it is now, where
 * nothing else is new than what this process resolved; under the home's lock
 */
MUST_CHECK struct err *trust_keep(const struct project *p, const struct trust *before);
/** trust_take() - forget every list of this project; @ret_count: how many there were */
MUST_CHECK struct err *trust_take(const struct project *p, struct trust *t, size_t *ret_count);

#endif

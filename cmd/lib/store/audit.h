/*
 * audit.h - every byte that is kept, hashed again: damaged objects and results are dropped
 *
 * In daily use an object is trusted while its note describes the file (cas.h), and a result while it has a receipt. A
 * disk that loses bits, or a hand that slips, shows here: objects are compared with their names (git's, too), results
 * with the digest in their receipts. What is dropped is fetched or made again by the next `up`.
 */
#ifndef COOPER_STORE_AUDIT_H
#define COOPER_STORE_AUDIT_H

#include "base/event.h"
#include "base/str.h"
#include "store/home.h"

struct audit {
	size_t objects;
	size_t results;
	size_t repositories;    /* copies of git repositories */
	size_t unknown;         /* results whose receipts are from before digests were written into them */
	int64_t bytes;          /* of objects, those in repositories included */
	struct strs damaged;    /* paths that were dropped; also of what was made of damaged ones */
	struct strs reasons;    /* why; one for each */
	struct strs spoiled;    /* of those the digests and keys, as far as names show them */
	struct strs unreadable; /* paths of which nothing is known; they stay */
};

void audit_done(struct audit *a);

/**
 * audit_run() - hash all of @home anew; call it under the lock that `up` takes
 * @sink: progress, and a warning for everything that is dropped or cannot be read
 *
 * What is damaged goes last, after all that was made of it: a run that is cut short is not the end of what it knew.
 *
 * Errors: OS, CANCELED. Damage is no error, nor is what cannot be read: both are in @ret_audit.
 * Cost: reads everything once.
 */
MUST_CHECK struct err *audit_run(const struct home *home, struct sink *sink, struct audit *ret_audit);

#endif

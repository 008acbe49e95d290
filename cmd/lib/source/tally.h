/*
 * tally.h - transfers of one step that run side by side: their progress is told as one sum
 *
 * Each part is a sink of its own, which a thread of its own may use; all that is no progress in bytes passes as it is.
 *
 *	struct tally tally;
 *	tally_init(&tally, count, sink);
 *	...                              // part i tells tally_part(&tally, i)
 *	tally_done(&tally);
 */
#ifndef COOPER_SOURCE_TALLY_H
#define COOPER_SOURCE_TALLY_H

#include <pthread.h>
#include <stddef.h>

#include "base/event.h"

struct tally_part {
	struct sink sink;
	struct tally *tally;
	int64_t done;
	int64_t total; /* 0 = unknown */
};

struct tally {
	struct sink *out; /* borrowed */
	pthread_mutex_t mutex;
	struct tally_part *parts;
	size_t count;
};

/** tally_init() - for @count parts; @out is borrowed until tally_done(), and may be NULL */
void tally_init(struct tally *t, size_t count, struct sink *out);
/** tally_done() - after the last part has told its last */
void tally_done(struct tally *t);
/** tally_part() - the sink of the part @i, borrowed */
struct sink *tally_part(struct tally *t, size_t i);

#endif

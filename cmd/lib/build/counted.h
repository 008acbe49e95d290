/*
 * counted.h - how far a build is, from what it prints: ninja starts a line with "[812/1817] "
 *
 *	struct counted counted = counted_output(sink);
 *	... spec.sink = &counted.sink ...
 */
#ifndef COOPER_BUILD_COUNTED_H
#define COOPER_BUILD_COUNTED_H

#include "base/event.h"

struct counted {
	struct sink sink;
	struct sink *out; /* borrowed */
};

/** counted_output() - a sink that tells @out the same, and of a counted line the count, as progress, and the rest */
struct counted counted_output(struct sink *out);

#endif

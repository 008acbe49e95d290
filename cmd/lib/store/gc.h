/*
 * gc.h - what nothing refers to any more: found, listed, removed
 *
 * Roots are texts: the record of each stack's last `up`, locks, and every .json below machines/ (all generations). What
 * they name by digest, key or git URL is kept, and what the receipts of kept results name is kept, too. Reading is
 * deliberately crude, any run of hex digits counts: something is kept too long rather than removed too early.
 *
 *	TRY(gc_find(&home, &locks, &gc));        nothing is changed
 *	TRY(gc_remove(&gc, sink));
 */
#ifndef COOPER_STORE_GC_H
#define COOPER_STORE_GC_H

#include "base/event.h"
#include "base/str.h"
#include "store/home.h"

/* The member of a record that is no step's: where the file of its stack is; a shipped stack's record has none. */
#define GC_RECORD_STACK "stack"

struct gc_item {
	char *path;
	int64_t bytes; /* on disk */
};

struct gc {
	struct gc_item *items; /* in the order of the folders, then of names */
	size_t count;
	size_t cap;
	int64_t bytes;
};

void gc_done(struct gc *gc);

/**
 * gc_find() - what is in @home and in nobody's use; call it under the lock that `up` takes
 * @locks: paths of lock files besides the one in @home; missing ones are fine
 *
 * Errors: OS; CORRUPT when a root cannot be read: then nothing can be said to be unused.
 */
MUST_CHECK struct err *gc_find(const struct home *home, const struct strs *locks, struct gc *ret_gc);

/** gc_add() - what somebody else has found to be unused as well */
MUST_CHECK struct err *gc_add(struct gc *gc, const char *path);

/** gc_left_records() - append the records whose stack is not there any more, and the stack's file after each: what they
 *  refer to is kept, for it may be on a disk that is not mounted. Best effort: gc_find() tells what cannot be read */
void gc_left_records(const struct home *home, struct strs *records_and_stacks);

/** gc_remove() - remove what was found */
MUST_CHECK struct err *gc_remove(const struct gc *gc, struct sink *sink);

#endif

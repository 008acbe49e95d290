/*
 * gitrepo_talk.h - a conversation with a git server in a thread of its own; for gitrepo.c
 *
 * The sockets of libgit2 know no time limit and its calls cannot be broken off. So one thread talks, and another waits
 * for it, tells progress, and stops waiting when the user cancels or nothing was heard for long. A thread that does not
 * come back from a dead connection keeps its talk and the lock in it: it may write in the repository until it ends.
 */
#ifndef COOPER_NET_GITREPO_TALK_H
#define COOPER_NET_GITREPO_TALK_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/event.h"
#include "net/gitrepo_pin.h"

struct talk {
	char *url;
	char *commit; /* NULL = only the tag is asked for */
	char *tag;
	char *dir;
	char found[GITREPO_ID]; /* what the tag leads to */
	int lock;               /* of the repository; -1 = none is needed */
	struct err *failure;
	atomic_int users; /* the one that waits, and the thread */
	struct err *(*main)(struct talk *t);
	atomic_llong heard_ms;
	atomic_llong bytes;
	atomic_bool stop;
	atomic_bool done;
};

/** talk_new() - copies of all that @pin has; @take_lock is closed when nobody can write in the repository any more */
struct talk *talk_new(const struct gitrepo_pin *pin, int take_lock);

/** talk_heard() - called by the talking thread whenever there was something; false when it is to stop */
bool talk_heard(struct talk *t);

/**
 * talk_run() - @main in a thread, until it ends or is given up
 * @ret_found: GITREPO_ID bytes for what it found; may be NULL
 *
 * Errors: those of @main; NET (nothing heard for twice COOPER_STALL_SECONDS, or COOPER_OFFLINE is set), CANCELED.
 */
MUST_CHECK struct err *talk_run(struct talk *take_t, struct err *(*main)(struct talk *t), const char *step,
				struct sink *sink, char *ret_found);

#endif

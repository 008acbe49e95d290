/*
 * gitrepo_transfer.h - a transfer from a git server, in a thread of its own; for gitrepo.c
 *
 * The sockets of libgit2 have no timeout and its calls cannot be interrupted. So one thread transfers, and another
 * waits for it, reports progress, and stops waiting when the user cancels, nothing arrives for long, or too little. A
 * thread that does not return from a dead connection keeps its transfer and the lock in it: it may write in the
 * repository until it ends.
 */
#ifndef COOPER_NET_GITREPO_TRANSFER_H
#define COOPER_NET_GITREPO_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/event.h"
#include "net/gitrepo_pin.h"

enum git_phase {
	GIT_PHASE_LOCAL,    /* nothing is to come from a server */
	GIT_PHASE_TALKING,  /* the server has the word */
	GIT_PHASE_RECEIVED, /* all objects have come: what is left is work here, and the server's last words */
};

struct git_transfer {
	char *url;
	char *commit; /* NULL = only the tag is asked for */
	char *tag;
	char *dir;
	char found[GITREPO_ID]; /* what the tag leads to */
	int lock;               /* of the repository; -1 = none is needed */
	struct err *failure;
	atomic_int users; /* the one that waits, and the thread */
	struct err *(*main)(struct git_transfer *t);
	atomic_llong changes; /* whenever something arrived or was worked off */
	atomic_llong bytes;   /* of objects */
	atomic_llong words;   /* bytes of what the server tells about its work */
	atomic_int phase;     /* enum git_phase */
	atomic_bool stop;
	atomic_bool done;
};

/** git_transfer_new() - copies @pin; @take_lock is closed when nobody can write in the repository any more */
struct git_transfer *git_transfer_new(const struct gitrepo_pin *pin, int take_lock);

/** git_transfer_progressed() - called by its thread whenever something arrived; false when it is to stop */
bool git_transfer_progressed(struct git_transfer *t);

/**
 * git_transfer_run() - @main in a thread, until it ends or is given up
 * @ret_found: GITREPO_ID bytes for what it found; may be NULL
 *
 * Errors: those of @main; NET (nothing heard for twice COOPER_STALL_SECONDS, too little for eight times that, or
 * COOPER_OFFLINE is set), TIMEOUT (a repository on this host, eight times), CANCELED.
 */
MUST_CHECK struct err *git_transfer_run(struct git_transfer *take_t, struct err *(*main)(struct git_transfer *t),
					const char *step, struct sink *sink, char *ret_found);

#endif

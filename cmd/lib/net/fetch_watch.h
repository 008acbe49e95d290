/*
 * fetch_watch.h - whether a conversation with a server still goes on: none may take for ever
 *
 * Pure. What the libraries below promise (a connect timeout, a lowest speed) does not hold in every state of theirs,
 *and a server that sends just enough passes them. So whoever waits looks at a watch of its own now and then: it is
 *SILENT when no byte came and nothing changed for long, SLOW when a whole window brought less than its floor.
 *
 *	struct watch w;
 *	watch_start(&w, tick_ms());
 *	...watch_hear(&w, bytes) whenever something arrives...
 *	switch (watch_look(&w, &limits, tick_ms())) ...
 *
 * A look that comes late counts for LOOK_MAX_MS at most: the process was stopped, or waited for a disk, and the server
 * is not to blame.
 */
#ifndef COOPER_NET_FETCH_WATCH_H
#define COOPER_NET_FETCH_WATCH_H

#include <stdint.h>

struct watch_limits {
	int64_t silence_ms;  /* without a byte and without a change */
	int64_t window_ms;   /* ...in which... */
	int64_t floor_bytes; /* ...at least this must come */
};

struct watch {
	int64_t looked_ms;
	int64_t silent_ms;
	int64_t window_ms; /* of the window that runs */
	int64_t window_bytes;
};

enum watch_state { WATCH_ALIVE, WATCH_SILENT, WATCH_SLOW };

enum {
	WATCH_WINDOWS = 4,      /* the window is this often the longest silence that is allowed */
	WATCH_FLOOR_BYTES = 512 /* a second */
};

/** watch_limits_of() - those of a conversation that may be silent for @stall_s, and for @extra_s more to begin */
struct watch_limits watch_limits_of(int64_t stall_s, int64_t extra_s);
void watch_start(struct watch *w, int64_t now_ms);
/** watch_hear() - something changed, and brought @bytes (0 is fine) */
void watch_hear(struct watch *w, int64_t bytes);
/** watch_hear_enough() - the window begins anew: nothing more needs to come */
void watch_hear_enough(struct watch *w);
/** watch_look() - to be called at least once a second */
enum watch_state watch_look(struct watch *w, const struct watch_limits *limits, int64_t now_ms);

#endif

/*
 * ui_live.h - the steps that run now, and what is shown of each: for how long, how far, how fast, how long yet
 *
 * Not for threads: who shows them has a lock. Times are monotonic milliseconds (sys/tick.h).
 */
#ifndef COOPER_UI_LIVE_H
#define COOPER_UI_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/event.h"
#include "base/str.h"

enum { LIVE_MAX = 8 };

struct live {
	char *step;
	char *text; /* its last line of output or its phase, escaped; NULL = none */
	int64_t started_ms;
	int64_t said_ms;  /* when a line of it was last written, for who writes lines */
	int64_t heard_ms; /* its last progress */
	bool loose;       /* nobody said that it started, and nobody will say that it ended */
	int64_t done, total;
	char unit[8];         /* "B", or a word */
	int64_t counted_ms;   /* when the first progress of this unit was told ... */
	int64_t counted_done; /* ... and how far it was: others brought that, or an earlier run */
	int64_t rate_ms, rate_done;
	double rate; /* units a second, of late */
};

struct lives {
	struct live items[LIVE_MAX];
	int count;
};

/** live_take() - an event of any kind; the step that it is of, NULL when that is not followed (or no longer) */
struct live *live_take(struct lives *l, const struct event *e, int64_t now_ms);

/** live_shown() - whether it still runs, as far as is known */
bool live_shown(const struct live *l, int64_t now_ms);

/** live_add_progress() - "812/1817 steps, 4 min left", "12 MiB of 141 MiB, 9.8 MiB/s, 14 s left"; nothing when nothing
 *  is known. @separator comes first */
void live_add_progress(struct str *s, const struct live *l, const char *separator, int64_t now_ms);

/** live_add_line() - the line of a terminal @width columns wide, with its line break */
void live_add_line(struct str *s, const struct live *l, int width, int64_t now_ms);

#endif

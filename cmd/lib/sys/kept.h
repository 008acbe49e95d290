/*
 * kept.h - a child that is started again when it ends, after a pause that doubles from 1 s to 30 s
 *
 *	if (kept_due(&k, tick_ms())) { kept_begin(&k, tick_ms()); err_free(child_start(&spec, &k.pid)); }
 *	if (kept_ended(&k, tick_ms())) ... clean up after it ...
 *	kept_stop(&k);
 *
 * One that ran for a minute did not fail at once: then the pause is short again.
 */
#ifndef COOPER_SYS_KEPT_H
#define COOPER_SYS_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kept {
	pid_t pid; /* 0 = none runs */
	int64_t started_ms;
	int64_t again_ms; /* not before */
	int64_t pause_ms; /* before the next one, should this one end; 0 = the first */
};

/** kept_ended() - whether it ended since; never blocks */
bool kept_ended(struct kept *k, int64_t now_ms);
/** kept_due() - none runs, and its pause is over; kept_begin() - one is being started */
bool kept_due(const struct kept *k, int64_t now_ms);
void kept_begin(struct kept *k, int64_t now_ms);
/** kept_stop() - end it; the next is due at once */
void kept_stop(struct kept *k);

#endif

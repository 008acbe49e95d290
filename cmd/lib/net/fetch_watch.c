#include "net/fetch_watch.h"

enum { LOOK_MAX_MS = 1000 };

struct watch_limits watch_limits_of(int64_t stall_s, int64_t extra_s)
{
	return (struct watch_limits){.silence_ms = (stall_s + extra_s) * 1000,
				     .window_ms = stall_s * 1000 * WATCH_WINDOWS,
				     .floor_bytes = stall_s * WATCH_WINDOWS * WATCH_FLOOR_BYTES};
}

void watch_start(struct watch *w, int64_t now_ms)
{
	*w = (struct watch){.looked_ms = now_ms};
}

void watch_hear(struct watch *w, int64_t bytes)
{
	w->silent_ms = 0;
	w->window_bytes += bytes;
}

void watch_hear_enough(struct watch *w)
{
	w->window_ms = 0;
	w->window_bytes = 0;
}

enum watch_state watch_look(struct watch *w, const struct watch_limits *limits, int64_t now_ms)
{
	int64_t passed = now_ms - w->looked_ms;

	w->looked_ms = now_ms;
	passed = passed > LOOK_MAX_MS ? LOOK_MAX_MS : passed;
	w->silent_ms += passed;
	w->window_ms += passed;
	if (w->silent_ms > limits->silence_ms)
		return WATCH_SILENT;
	if (w->window_ms < limits->window_ms)
		return WATCH_ALIVE;
	if (w->window_bytes < limits->floor_bytes)
		return WATCH_SLOW;
	watch_hear_enough(w);
	return WATCH_ALIVE;
}

#include "sys/kept.h"

#include <stddef.h>

#include "sys/child.h"

enum {
	PAUSE_MIN_MS = 1000,
	PAUSE_MAX_MS = 30 * 1000,
	LONG_LIVED_MS = 60 * 1000,
	TERM_MS = 2000,
};

bool kept_ended(struct kept *k, int64_t now_ms)
{
	if (k->pid <= 0 || !child_poll(k->pid, NULL))
		return false;
	k->pid = 0;
	k->pause_ms = now_ms - k->started_ms >= LONG_LIVED_MS ? PAUSE_MIN_MS : k->pause_ms * 2;
	k->pause_ms = k->pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : k->pause_ms;
	return true;
}

bool kept_due(const struct kept *k, int64_t now_ms)
{
	return k->pid == 0 && now_ms >= k->again_ms;
}

void kept_begin(struct kept *k, int64_t now_ms)
{
	if (k->pause_ms == 0)
		k->pause_ms = PAUSE_MIN_MS;
	k->started_ms = now_ms;
	k->again_ms = now_ms + k->pause_ms;
}

void kept_stop(struct kept *k)
{
	if (k->pid > 0)
		child_stop(k->pid, TERM_MS);
	*k = (struct kept){.pid = 0};
}

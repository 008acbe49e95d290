#include "ui_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"

enum {
	RATE_MS = 500,      /* between two looks at how fast it is */
	COUNTED_MS = 10000, /* before this, nobody knows how long it takes */
	LOOSE_MS = 5000,    /* a loose one that says nothing for so long has ended */
	COUNTED_PARTS = 50, /* nor before a fiftieth is done */
};

static struct live *find(struct lives *l, const char *step)
{
	for (int i = 0; step && i < l->count; i++)
		if (streq(l->items[i].step, step))
			return &l->items[i];
	return NULL;
}

static struct live *start(struct lives *l, const char *step, int64_t now_ms)
{
	if (l->count == LIVE_MAX || !step)
		return NULL;
	struct live *live = &l->items[l->count++];
	*live = (struct live){.step = mem_strdup(step), .started_ms = now_ms, .said_ms = now_ms};
	return live;
}

static void end(struct lives *l, struct live *live)
{
	free(live->step);
	free(live->text);
	memmove(live, live + 1, (size_t)(&l->items[--l->count] - live) * sizeof(*live));
}

static void count(struct live *l, const struct event *e, int64_t now_ms)
{
	const char *unit = e->text ? e->text : "";
	if (!l->counted_ms || e->done < l->done || !streq(l->unit, unit)) { /* something else is counted */
		l->counted_ms = l->rate_ms = now_ms;
		l->counted_done = l->rate_done = e->done;
		l->rate = 0;
	} else if (now_ms - l->rate_ms >= RATE_MS) {
		double fresh = (double)(e->done - l->rate_done) * 1000 / (double)(now_ms - l->rate_ms);
		l->rate = l->rate > 0 ? l->rate * 0.7 + fresh * 0.3 : fresh;
		l->rate_ms = now_ms;
		l->rate_done = e->done;
	}
	l->heard_ms = now_ms;
	l->done = e->done;
	l->total = e->total;
	snprintf(l->unit, sizeof(l->unit), "%s", unit);
}

struct live *live_take(struct lives *l, const struct event *e, int64_t now_ms)
{
	struct live *live = find(l, e->step);
	switch (e->kind) {
	case EVENT_STEP_START:
		return live ? live : start(l, e->step, now_ms);
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAIL:
		if (live)
			end(l, live);
		return NULL;
	case EVENT_PROGRESS:
		if (!live && (live = start(l, e->step, now_ms)))
			live->loose = true;
		if (live)
			count(live, e, now_ms);
		return live;
	case EVENT_OUTPUT:
	case EVENT_PHASE:
		if (live) {
			free(live->text);
			live->text = str_escape_short(e->text);
		}
		return live;
	case EVENT_NOTE:
	case EVENT_WARN:
		return live;
	}
	return NULL;
}

bool live_shown(const struct live *l, int64_t now_ms)
{
	return !l->loose || now_ms - l->heard_ms <= LOOSE_MS;
}

/* From what was done since it is counted: of late it may be fast (a cache) or slow. -1: nobody knows. */
static int64_t left_ms(const struct live *l, int64_t now_ms)
{
	int64_t done = l->done - l->counted_done;
	int64_t took_ms = now_ms - l->counted_ms;

	if (l->total <= 0 || l->done >= l->total || took_ms < COUNTED_MS || done < l->total / COUNTED_PARTS ||
	    done <= 0)
		return -1;
	return (int64_t)((double)took_ms * (double)(l->total - l->done) / (double)done);
}

/* In steps that do not promise more than is known. */
static void add_left(struct str *s, int64_t ms)
{
	int64_t seconds = ms / 1000;

	if (ms < 0)
		return;
	if (seconds >= 90)
		str_addf(s, ", %lld min left", (long long)((seconds + 30) / 60));
	else
		str_addf(s, ", %lld s left", (long long)((seconds / 5 + 1) * 5));
}

void live_add_progress(struct str *s, const struct live *l, const char *separator, int64_t now_ms)
{
	if (l->done == 0 && l->total == 0)
		return;
	str_add(s, separator);
	if (streq(l->unit, "B")) {
		str_add_size(s, l->done);
		if (l->total) {
			str_add(s, " of ");
			str_add_size(s, l->total);
		}
		if (l->rate > 0) {
			str_add(s, ", ");
			str_add_size(s, (int64_t)l->rate);
			str_add(s, "/s");
		}
	} else {
		str_addf(s, "%lld/%lld %s", (long long)l->done, (long long)l->total, l->unit);
	}
	add_left(s, left_ms(l, now_ms));
}

void live_add_line(struct str *s, const struct live *l, int width, int64_t now_ms)
{
	AUTO(str) line = STR_INIT;

	str_addf(&line, "  %s  ", l->step);
	str_add_duration(&line, (now_ms - l->started_ms) / 1000 * 1000);
	live_add_progress(&line, l, "  ", now_ms);
	if (l->text)
		str_addf(&line, "  %s", l->text);
	str_add_mem(s, str_text(&line), utf8_fit(str_text(&line), (size_t)width - 1));
	str_add_char(s, '\n');
}

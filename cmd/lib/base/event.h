/*
 * event.h - what the library tells: it never prints, it emits events
 *
 * Terminal, plain and JSON are sinks (cmd/cooper/ui_*.c). A sink may be called from any worker thread; the
 * sink does its own locking. Strings are borrowed for the call.
 */
#ifndef COOPER_BASE_EVENT_H
#define COOPER_BASE_EVENT_H

#include <stdint.h>

#include "base/auto.h"

enum event_kind {
	EVENT_STEP_START, /* step, text = what it does */
	EVENT_STEP_DONE,  /* step, text = outcome, ms */
	EVENT_STEP_FAIL,  /* step, text = error, ms */
	EVENT_PROGRESS,   /* step, done, total (0 = unknown), text = unit: "B" or a word */
	EVENT_NOTE,       /* step or NULL, text: worth knowing */
	EVENT_WARN,       /* step or NULL, text: worth acting on */
	EVENT_OUTPUT,     /* step, text: one line of a child's output, foreign bytes */
	EVENT_PHASE,      /* step, text = phase name, ms since the boot began */
};

struct event {
	enum event_kind kind;
	const char *step; /* step id, or NULL */
	const char *text;
	int64_t done;
	int64_t total;
	int64_t ms;
};

struct sink {
	void (*emit)(struct sink *sink, const struct event *event);
};

/** event_emit() - send @event; a NULL @sink drops it */
void event_emit(struct sink *sink, const struct event *event);
/** event_note(), event_warn() - formatted text for @step (may be NULL) */
void event_note(struct sink *sink, const char *step, const char *fmt, ...) PRINTF_LIKE(3, 4);
void event_warn(struct sink *sink, const char *step, const char *fmt, ...) PRINTF_LIKE(3, 4);
/** event_progress() - @done of @total @unit */
void event_progress(struct sink *sink, const char *step, int64_t done, int64_t total, const char *unit);
/** event_kind_name() - "step.start", "step.done", ... as in the JSON lines */
const char *event_kind_name(enum event_kind kind);

#endif

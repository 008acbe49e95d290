/*
 * In place of base/event.c: the same, and a place to be killed at. With COOPER_KILL_AT="step.start NAME" (or step.done) the
 * program kills itself there, as `kill -9` would: exactly between two steps, which no signal from outside hits.
 */
#include <signal.h>
#include <stdlib.h>

#include "base/event.h"
#include "base/str.h"

void event_emit_on(struct sink *sink, const struct event *event);
#define event_emit event_emit_on
#include "base/event.c"
#undef event_emit

void event_emit(struct sink *sink, const struct event *event)
{
	const char *place = getenv("COOPER_KILL_AT");

	event_emit_on(sink, event);
	if (!place || !event->step)
		return;
	AUTO_FREE char *here = mem_printf("%s %s", event_kind_name(event->kind), event->step);
	if (streq(here, place))
		raise(SIGKILL);
}

#include "base/event.h"

#include "base/mem.h"

void event_emit(struct sink *sink, const struct event *event)
{
	if (sink)
		sink->emit(sink, event);
}

PRINTF_LIKE(4, 0)
static void emit_text(struct sink *sink, enum event_kind kind, const char *step, const char *fmt, va_list ap)
{
	if (!sink)
		return;
	AUTO_FREE char *text = mem_vprintf(fmt, ap);
	event_emit(sink, &(struct event){.kind = kind, .step = step, .text = text});
}

void event_note(struct sink *sink, const char *step, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	emit_text(sink, EVENT_NOTE, step, fmt, ap);
	va_end(ap);
}

void event_warn(struct sink *sink, const char *step, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	emit_text(sink, EVENT_WARN, step, fmt, ap);
	va_end(ap);
}

void event_progress(struct sink *sink, const char *step, int64_t done, int64_t total, const char *unit)
{
	event_emit(sink, &(struct event){EVENT_PROGRESS, step, unit, done, total, 0});
}

const char *event_kind_name(enum event_kind kind)
{
	switch (kind) {
	case EVENT_STEP_START:
		return "step.start";
	case EVENT_STEP_DONE:
		return "step.done";
	case EVENT_STEP_FAIL:
		return "step.fail";
	case EVENT_PROGRESS:
		return "progress";
	case EVENT_NOTE:
		return "note";
	case EVENT_WARN:
		return "warn";
	case EVENT_OUTPUT:
		return "output";
	case EVENT_PHASE:
		return "phase";
	}
	bug("unknown event kind %d", (int)kind);
}

#include <pthread.h>
#include <stdio.h>

#include "base/str.h"
#include "base/units.h"
#include "ui.h"

struct plain {
	struct sink sink;
	struct ui_options options;
	pthread_mutex_t mutex;
};

static void add_line(struct str *s, const struct event *e, bool verbose)
{
	const char *step = e->step ? e->step : "cooper";
	switch (e->kind) {
	case EVENT_STEP_START:
		str_addf(s, "%s: started (%s)\n", step, e->text);
		return;
	case EVENT_STEP_DONE:
		str_addf(s, "%s: done in ", step);
		str_add_duration(s, e->ms);
		str_addf(s, "%s%s\n", *e->text ? ": " : "", e->text);
		return;
	case EVENT_STEP_SKIP:
		if (verbose)
			str_addf(s, "%s: %s\n", step, e->text);
		return;
	case EVENT_STEP_FAIL:
		str_addf(s, "%s: failed after ", step);
		str_add_duration(s, e->ms);
		str_add_char(s, '\n');
		return;
	case EVENT_NOTE:
		str_addf(s, "%s: %s\n", step, e->text);
		return;
	case EVENT_WARN:
		str_addf(s, "%s: warning: %s\n", step, e->text);
		return;
	case EVENT_OUTPUT:
		if (verbose) {
			str_addf(s, "%s| ", step);
			str_add_escaped(s, e->text, __builtin_strlen(e->text));
			str_add_char(s, '\n');
		}
		return;
	case EVENT_PHASE:
		str_addf(s, "%s: %s after ", step, e->text);
		str_add_duration(s, e->ms);
		str_add_char(s, '\n');
		return;
	case EVENT_PROGRESS:
		return;
	}
}

static void plain_emit(struct sink *sink, const struct event *event)
{
	struct plain *p = (struct plain *)sink;
	if (p->options.quiet)
		return;
	AUTO(str) line = STR_INIT;
	add_line(&line, event, p->options.verbose);
	if (!line.len)
		return;
	pthread_mutex_lock(&p->mutex);
	fputs(line.data, stderr);
	pthread_mutex_unlock(&p->mutex);
}

struct sink *ui_plain_new(const struct ui_options *options)
{
	struct plain *p = mem_alloc(sizeof(*p));
	p->sink.emit = plain_emit;
	p->options = *options;
	pthread_mutex_init(&p->mutex, NULL);
	return &p->sink;
}

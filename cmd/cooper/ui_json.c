#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/str.h"
#include "fmt/json.h"
#include "ui.h"

struct json_sink {
	struct sink sink;
	struct sink *next;
	FILE *file;
	const char *path;
	int errnum; /* of the first event that could not be written */
	pthread_mutex_t mutex;
};

static void json_emit(struct sink *sink, const struct event *e)
{
	struct json_sink *s = (struct json_sink *)sink;
	event_emit(s->next, e);
	AUTO_JSON *line = js_object();
	js_set_int(line, "v", 1);
	js_set_now(line, "ts");
	js_set_text(line, "type", event_kind_name(e->kind));
	if (e->step)
		js_set_text(line, "step", e->step);
	if (e->text) {
		AUTO_FREE char *text = str_escape(e->text);
		js_set_text(line, "text", text);
	}
	if (e->kind == EVENT_PROGRESS) {
		js_set_int(line, "done", e->done);
		js_set_int(line, "total", e->total);
	}
	if (e->ms)
		js_set_int(line, "ms", e->ms);
	AUTO_FREE char *text = js_line(line);
	pthread_mutex_lock(&s->mutex);
	errno = 0;
	if ((fprintf(s->file, "%s\n", text) < 0 || fflush(s->file) != 0) && !s->errnum)
		s->errnum = errno ? errno : EIO;
	pthread_mutex_unlock(&s->mutex);
}

struct err *ui_json_new(const char *path, struct sink *next, struct sink **ret_sink)
{
	FILE *file = fopen(path, "ae");
	if (!file)
		return err_os(errno, "cannot open the events file '%s'", path);
	struct json_sink *s = mem_alloc(sizeof(*s));
	s->sink.emit = json_emit;
	s->next = next;
	s->file = file;
	s->path = path;
	pthread_mutex_init(&s->mutex, NULL);
	*ret_sink = &s->sink;
	return NULL;
}

struct err *ui_json_check(const struct sink *sink)
{
	const struct json_sink *s = (const struct json_sink *)sink;
	return s->errnum ? err_os(s->errnum, "cannot write all events to '%s'", s->path) : NULL;
}

#include "timeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "sys/file.h"
#include "sys/tick.h"

enum { FILE_MAX_BYTES = 16 << 20 };

struct timeline {
	struct sink sink;
	struct sink *next;
	struct json *run;
	struct json *steps;
	int64_t started_ms;
	pthread_mutex_t mutex;
};

static struct json *find(const struct json *steps, const char *id)
{
	for (size_t i = js_count(steps); i > 0; i--) {
		struct json *step = js_at(steps, i - 1);
		if (streq(js_get_text(step, "id"), id))
			return step;
	}
	return NULL;
}

static void set_escaped(struct json *object, const char *key, const char *text)
{
	AUTO_FREE char *escaped = str_escape(text ? text : "");
	js_set_text(object, key, escaped);
}

static void note(struct timeline *t, const struct event *e)
{
	struct json *step = e->step ? find(t->steps, e->step) : NULL;

	if (e->kind == EVENT_STEP_START && e->step) {
		step = js_object();
		js_set_text(step, "id", e->step);
		js_set_int(step, "start_ms", tick_ms() - t->started_ms);
		set_escaped(step, "why", e->text);
		js_add(t->steps, step);
	}
	if (!step)
		return;
	if (e->kind == EVENT_STEP_DONE || e->kind == EVENT_STEP_FAIL) {
		js_set_int(step, "ms", e->ms);
		js_set_bool(step, "ok", e->kind == EVENT_STEP_DONE);
		set_escaped(step, "outcome", e->text);
	}
	if (e->kind == EVENT_PHASE) {
		struct json *phase = js_object();
		if (!js_get(step, "phases"))
			js_set(step, "phases", js_array());
		set_escaped(phase, "name", e->text);
		js_set_int(phase, "ms", e->ms);
		js_add(js_get(step, "phases"), phase);
	}
}

static void emit(struct sink *sink, const struct event *e)
{
	struct timeline *t = (struct timeline *)sink;

	event_emit(t->next, e);
	if (e->kind == EVENT_PROGRESS || e->kind == EVENT_OUTPUT)
		return;
	pthread_mutex_lock(&t->mutex);
	note(t, e);
	pthread_mutex_unlock(&t->mutex);
}

struct timeline *timeline_begin(struct call *call)
{
	struct timeline *t = mem_alloc(sizeof(*t));

	*t = (struct timeline){.sink = {emit}, .next = call->sink, .run = js_object(), .started_ms = tick_ms()};
	js_set_now(t->run, "at");
	js_set_text(t->run, "command", call->command->name);
	t->steps = js_array();
	pthread_mutex_init(&t->mutex, NULL);
	call->sink = &t->sink;
	return t;
}

static char *path_of(const struct home *home)
{
	return path_join(home->log, "timeline.jsonl");
}

struct err *timeline_read(const struct home *home, struct json **ret_runs)
{
	AUTO_FREE char *path = path_of(home);
	AUTO_FREE char *text = NULL;
	AUTO(strs) lines = STRS_INIT;
	bool there = false;

	*ret_runs = js_array();
	TRY(file_exists(path, &there));
	if (there)
		TRY(file_read(path, FILE_MAX_BYTES, &text, NULL));
	strs_split(&lines, text ? text : "", "\n");
	for (size_t i = 0; i < lines.count; i++) {
		struct json *run = NULL;
		struct err *e = js_parse(lines.items[i], strlen(lines.items[i]), path, &run);
		if (!e && js_is_array(js_get(run, "steps")))
			js_add(*ret_runs, run);
		else
			js_free(run);
		err_free(e); /* a line that says nothing is passed over */
	}
	return NULL;
}

static struct err *keep(const struct home *home, struct json *take_run)
{
	AUTO_FREE char *path = path_of(home);
	AUTO_JSON *runs = NULL;
	AUTO(str) text = STR_INIT;

	struct err *e = timeline_read(home, &runs);
	if (e) { /* those that are there are not written over */
		js_free(take_run);
		return e;
	}
	js_add(runs, take_run);
	size_t count = js_count(runs);
	for (size_t i = count > TIMELINE_RUNS ? count - TIMELINE_RUNS : 0; i < count; i++) {
		AUTO_FREE char *line = js_line(js_at(runs, i));
		str_addf(&text, "%s\n", line);
	}
	return file_write(path, str_text(&text), text.len, 0600);
}

void timeline_end(struct timeline *take_timeline, struct call *call, const struct home *home, const char *stack, bool ok)
{
	struct timeline *t = take_timeline;

	call->sink = t->next;
	bool is_empty = js_count(t->steps) == 0;
	set_escaped(t->run, "stack", stack);
	js_set_int(t->run, "ms", tick_ms() - t->started_ms);
	js_set_bool(t->run, "ok", ok);
	js_set(t->run, "steps", t->steps);
	if (is_empty)
		js_free(t->run);
	else
		err_free(keep(home, t->run));
	pthread_mutex_destroy(&t->mutex);
	free(t);
}

int64_t timeline_before(const struct json *runs, size_t index, const char *id)
{
	while (index-- > 0) {
		const struct json *step = find(js_get(js_at(runs, index), "steps"), id);
		if (step && js_get_bool(step, "ok", false))
			return js_get_int(step, "ms", -1);
	}
	return -1;
}

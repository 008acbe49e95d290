/*
 * One line per event, and for each step that runs one every half minute; on a terminal also a live region of a few
 * lines below normal scrollback: one line per running step, redrawn at most every 80 ms, wrapped in synchronized
 * updates (CSI ? 2026) so that terminals that know them do not flicker.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "base/utf8.h"
#include "sys/tick.h"
#include "ui.h"

enum { STEPS_MAX = 8, REDRAW_MS = 80, REPORT_MS = 30000, LOOK_MS = 1000, LOOSE_MS = 5000 };

struct live {
	char step[64];
	char *text; /* as it is shown; NULL = none */
	int64_t started;
	int64_t said;  /* when its last line was written */
	int64_t heard; /* its last progress */
	bool loose;    /* nobody said that it started, and nobody will say that it ended */
	int64_t done, total;
	char unit[8];
	int64_t rate_from_ms, rate_from_done; /* for the rate */
	double rate;
};

struct text_sink {
	struct sink sink;
	struct ui_options options;
	pthread_mutex_t mutex;
	struct live steps[STEPS_MAX];
	int count;
	int drawn; /* lines of the region now on the screen */
	int64_t drawn_at;
	bool reporting; /* a thread writes lines of what runs */
	bool finished;  /* results are being printed */
};

static struct text_sink *current; /* the one of this process, for ui_finish() */

static int screen_width(void)
{
	struct winsize w;
	if (ioctl(2, TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
		return w.ws_col;
	return 80;
}

static void erase(struct text_sink *t, struct str *out)
{
	if (t->drawn)
		str_addf(out, "\033[%dA\r\033[J", t->drawn);
	t->drawn = 0;
}

static void add_progress(struct str *s, const struct live *l, const char *separator)
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
}

static void draw(struct text_sink *t, struct str *out)
{
	int width = screen_width();
	for (int i = 0; i < t->count; i++) {
		const struct live *l = &t->steps[i];
		AUTO(str) line = STR_INIT;
		str_addf(&line, "  %s  ", l->step);
		str_add_duration(&line, (tick_ms() - l->started) / 1000 * 1000);
		add_progress(&line, l, "  ");
		if (l->text)
			str_addf(&line, "  %s", l->text);
		str_add_mem(out, str_text(&line), utf8_fit(str_text(&line), (size_t)width - 1));
		str_add_char(out, '\n');
	}
	t->drawn = t->count;
	t->drawn_at = tick_ms();
}

static struct live *find_live(struct text_sink *t, const char *step)
{
	for (int i = 0; step && i < t->count; i++)
		if (streq(t->steps[i].step, step))
			return &t->steps[i];
	return NULL;
}

static struct live *start_live(struct text_sink *t, const struct event *e)
{
	if (t->count == STEPS_MAX || !e->step)
		return NULL;
	struct live *l = &t->steps[t->count++];
	*l = (struct live){.started = tick_ms(), .said = tick_ms()};
	snprintf(l->step, sizeof(l->step), "%s", e->step);
	return l;
}

static void end_live(struct text_sink *t, const char *step)
{
	struct live *l = find_live(t, step);
	if (!l)
		return;
	int i = (int)(l - t->steps);
	free(l->text);
	memmove(l, l + 1, (size_t)(t->count - i - 1) * sizeof(*l));
	t->count--;
}

static void update_progress(struct live *l, const struct event *e)
{
	int64_t now = tick_ms();
	if (!l->rate_from_ms || e->done < l->rate_from_done) {
		l->rate_from_ms = now;
		l->rate_from_done = e->done;
	} else if (now - l->rate_from_ms >= 500) {
		double fresh = (double)(e->done - l->rate_from_done) * 1000 / (double)(now - l->rate_from_ms);
		l->rate = l->rate > 0 ? l->rate * 0.7 + fresh * 0.3 : fresh;
		l->rate_from_ms = now;
		l->rate_from_done = e->done;
	}
	l->heard = now;
	l->done = e->done;
	l->total = e->total;
	snprintf(l->unit, sizeof(l->unit), "%s", e->text ? e->text : "");
}

/* In front of a line above the live region. */
static void add_mark(struct str *s, const struct ui_options *o, const char *color, const char *mark)
{
	if (o->live)
		str_addf(s, "%s%s%s ", o->color ? color : "", mark, o->color && *color ? "\033[0m" : "");
}

static void add_line(struct str *s, const struct ui_options *o, const struct event *e)
{
	const char *step = e->step ? e->step : "cooper";
	switch (e->kind) {
	case EVENT_STEP_START:
		if (!o->live)
			str_addf(s, "%s: started (%s)\n", step, e->text);
		return;
	case EVENT_STEP_DONE:
		add_mark(s, o, "\033[32m", "\xe2\x9c\x93");
		str_addf(s, o->live ? "%s  " : "%s: done in ", step);
		str_add_duration(s, e->ms);
		str_addf(s, "%s%s\n", *e->text ? o->live ? "  " : ": " : "", e->text);
		return;
	case EVENT_STEP_FAIL:
		add_mark(s, o, "\033[31m", "\xe2\x9c\x97");
		str_addf(s, o->live ? "%s" : "%s: failed after ", step);
		if (!o->live)
			str_add_duration(s, e->ms);
		str_add_char(s, '\n');
		return;
	case EVENT_NOTE:
		add_mark(s, o, "", " ");
		str_addf(s, "%s: %s\n", step, e->text);
		return;
	case EVENT_WARN:
		add_mark(s, o, "\033[33m", "!");
		str_addf(s, o->live ? "%s: %s\n" : "%s: warning: %s\n", step, e->text);
		return;
	case EVENT_PHASE:
		add_mark(s, o, "", " ");
		str_addf(s, o->live ? "%s: %s  " : "%s: %s after ", step, e->text);
		str_add_duration(s, e->ms);
		str_add_char(s, '\n');
		return;
	case EVENT_OUTPUT:
		if (!o->verbose)
			return;
		add_mark(s, o, "", " ");
		str_addf(s, "%s| ", step);
		str_add_escaped(s, e->text, strlen(e->text));
		str_add_char(s, '\n');
		return;
	case EVENT_PROGRESS:
		return;
	}
}

/* @line goes above the region. */
static void update_region(struct text_sink *t, const struct event *e, const struct str *line)
{
	AUTO(str) out = STR_INIT;
	struct live *l = find_live(t, e->step);
	if (e->kind == EVENT_STEP_START)
		start_live(t, e);
	if (e->kind == EVENT_STEP_DONE || e->kind == EVENT_STEP_FAIL)
		end_live(t, e->step);
	if (l && e->kind == EVENT_PROGRESS)
		update_progress(l, e);
	if (l && (e->kind == EVENT_OUTPUT || e->kind == EVENT_PHASE)) {
		free(l->text);
		l->text = str_escape_short(e->text);
	}
	if (line->len == 0 && tick_ms() - t->drawn_at < REDRAW_MS)
		return;
	str_add(&out, "\033[?2026h");
	erase(t, &out);
	str_add(&out, str_text(line));
	draw(t, &out);
	str_add(&out, "\033[?2026l");
	fputs(str_text(&out), stderr);
}

/* What runs and has not been heard of for long: whoever reads a pipe or a log sees that it goes on, and how far it is.
 */
static void add_reports(struct text_sink *t, struct str *out)
{
	int64_t now = tick_ms();
	for (int i = 0; i < t->count; i++) {
		struct live *l = &t->steps[i];
		if (now - l->said < REPORT_MS || (l->loose && now - l->heard > LOOSE_MS))
			continue;
		l->said = now;
		str_addf(out, "%s: running for ", l->step);
		str_add_duration(out, (now - l->started) / 1000 * 1000);
		add_progress(out, l, ": ");
		str_add_char(out, '\n');
	}
}

static void *report(void *data)
{
	struct text_sink *t = data;
	for (;; tick_sleep_ms(LOOK_MS)) {
		AUTO(str) out = STR_INIT;
		pthread_mutex_lock(&t->mutex);
		if (!t->finished)
			add_reports(t, &out);
		fputs(str_text(&out), stderr);
		pthread_mutex_unlock(&t->mutex);
	}
	return NULL;
}

static void start_reporting(struct text_sink *t)
{
	pthread_t thread;
	if (t->reporting)
		return;
	t->reporting = pthread_create(&thread, NULL, report, t) == 0;
	if (t->reporting)
		pthread_detach(thread);
}

/* Without a live region: what runs, for the reports. */
static void follow(struct text_sink *t, const struct event *e, bool said)
{
	struct live *l = find_live(t, e->step);
	if (e->kind == EVENT_STEP_START) {
		l = start_live(t, e);
		t->finished = false;
	}
	if (e->kind == EVENT_PROGRESS && !l && (l = start_live(t, e)))
		l->loose = true;
	if (l && e->kind == EVENT_PROGRESS)
		update_progress(l, e);
	if (l && said)
		l->said = tick_ms();
	if (e->kind == EVENT_STEP_DONE || e->kind == EVENT_STEP_FAIL)
		end_live(t, e->step);
	if (t->count)
		start_reporting(t);
}

static void text_emit(struct sink *sink, const struct event *e)
{
	struct text_sink *t = (struct text_sink *)sink;
	AUTO(str) line = STR_INIT;
	if (t->options.quiet)
		return;
	add_line(&line, &t->options, e);
	pthread_mutex_lock(&t->mutex);
	if (t->options.live) {
		update_region(t, e, &line);
	} else {
		follow(t, e, line.len > 0);
		fputs(str_text(&line), stderr);
	}
	pthread_mutex_unlock(&t->mutex);
}

struct sink *ui_text_new(const struct ui_options *options)
{
	struct text_sink *t = mem_alloc(sizeof(*t));
	t->sink.emit = text_emit;
	t->options = *options;
	pthread_mutex_init(&t->mutex, NULL);
	current = t;
	return &t->sink;
}

void ui_finish(void)
{
	if (!current)
		return;
	AUTO(str) out = STR_INIT;
	pthread_mutex_lock(&current->mutex);
	current->finished = true;
	erase(current, &out);
	fputs(str_text(&out), stderr);
	pthread_mutex_unlock(&current->mutex);
}

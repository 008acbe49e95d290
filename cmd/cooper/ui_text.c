/*
 * One line per event, and for each step that runs one every half minute; on a terminal also a live region of a few
 * lines below normal scrollback: one line per running step, redrawn at most every 80 ms and at least every second,
 * wrapped in synchronized updates (CSI ? 2026) so that terminals that know them do not flicker.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "sys/tick.h"
#include "ui.h"
#include "ui_live.h"

enum { REDRAW_MS = 80, REPORT_MS = 30000, LOOK_MS = 1000, WIDTH_LEAST = 10, WIDTH_USUAL = 80 };

struct text_sink {
	struct sink sink;
	struct ui_options options;
	pthread_mutex_t mutex;
	struct lives lives;
	int drawn; /* lines of the region now on the screen */
	int64_t drawn_at;
	bool looking;  /* a thread looks each second at what runs */
	bool finished; /* results are being printed */
};

static struct text_sink *current; /* the one of this process, for ui_finish() */

static int screen_width(void)
{
	struct winsize w;
	if (ioctl(2, TIOCGWINSZ, &w) == 0 && w.ws_col >= WIDTH_LEAST)
		return w.ws_col;
	return WIDTH_USUAL;
}

static void erase(struct text_sink *t, struct str *out)
{
	if (t->drawn)
		str_addf(out, "\033[%dA\r\033[J", t->drawn);
	t->drawn = 0;
}

static void draw(struct text_sink *t, struct str *out)
{
	int width = screen_width();
	int64_t now = tick_ms();
	for (int i = 0; i < t->lives.count; i++) {
		if (!live_shown(&t->lives.items[i], now))
			continue;
		live_add_line(out, &t->lives.items[i], width, now);
		t->drawn++;
	}
	t->drawn_at = now;
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
static void redraw(struct text_sink *t, const char *line)
{
	AUTO(str) out = STR_INIT;
	str_add(&out, "\033[?2026h");
	erase(t, &out);
	str_add(&out, line);
	draw(t, &out);
	str_add(&out, "\033[?2026l");
	fputs(str_text(&out), stderr);
}

/* What runs and has not been heard of for long: whoever reads a pipe or a log sees that it goes on, and how far it is.
 */
static void report(struct text_sink *t)
{
	AUTO(str) out = STR_INIT;
	int64_t now = tick_ms();
	for (int i = 0; i < t->lives.count; i++) {
		struct live *l = &t->lives.items[i];
		if (now - l->said_ms < REPORT_MS || !live_shown(l, now))
			continue;
		l->said_ms = now;
		str_addf(&out, "%s: running for ", l->step);
		str_add_duration(&out, (now - l->started_ms) / 1000 * 1000);
		live_add_progress(&out, l, ": ", now);
		str_add_char(&out, '\n');
	}
	fputs(str_text(&out), stderr);
}

/* The clock of a step that says nothing moves all the same; one that began just after a redraw is not shown yet. */
static void *look(void *data)
{
	struct text_sink *t = data;
	for (;; tick_sleep_ms(LOOK_MS)) {
		pthread_mutex_lock(&t->mutex);
		if (!t->finished && !t->options.live)
			report(t);
		else if (!t->finished && (t->drawn || t->lives.count) && tick_ms() - t->drawn_at >= LOOK_MS / 2)
			redraw(t, "");
		pthread_mutex_unlock(&t->mutex);
	}
	return NULL;
}

static void start_looking(struct text_sink *t)
{
	pthread_t thread;
	if (t->looking)
		return;
	t->looking = pthread_create(&thread, NULL, look, t) == 0;
	if (t->looking)
		pthread_detach(thread);
}

static void show(struct text_sink *t, const struct event *e, const struct str *line)
{
	int64_t now = tick_ms();
	struct live *l = live_take(&t->lives, e, now);
	if (l && line->len > 0)
		l->said_ms = now;
	if (e->kind == EVENT_STEP_START)
		t->finished = false;
	if (!t->options.live)
		fputs(str_text(line), stderr);
	else if (line->len > 0 || now - t->drawn_at >= REDRAW_MS)
		redraw(t, str_text(line));
	if (t->lives.count)
		start_looking(t);
}

static void text_emit(struct sink *sink, const struct event *e)
{
	struct text_sink *t = (struct text_sink *)sink;
	AUTO(str) line = STR_INIT;
	if (t->options.quiet)
		return;
	add_line(&line, &t->options, e);
	pthread_mutex_lock(&t->mutex);
	show(t, e, &line);
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

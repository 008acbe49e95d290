/* The runs of timeline.h for people: lines for a terminal, and a page. */
#include <string.h>

#include "base/units.h"
#include "timeline.h"

enum { BAR = 30, NAME = 22, LEAST_MS = 200 };

/* Where a part of the run begins and how long it is, of @all ms, in @width cells; at least one cell. */
static void scale(int64_t start, int64_t ms, int64_t all, int width, int *ret_from, int *ret_cells)
{
	all = all > 0 ? all : 1;
	start = start < 0 ? 0 : start > all ? all : start;
	ms = ms < 0 ? 0 : ms > all - start ? all - start : ms;
	int from = (int)(start * width / all), to = (int)((start + ms) * width / all);
	*ret_from = from < width ? from : width - 1;
	*ret_cells = to > *ret_from ? to - *ret_from : 1;
}

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = js_get_text(object, key);
	return text ? text : "";
}

/* One that was killed meanwhile has no time of its own: it went on to the end. */
static int64_t time_of(const struct json *run, const struct json *step)
{
	return js_get_int(step, "ms", js_get_int(run, "ms", 0) - js_get_int(step, "start_ms", 0));
}

/* A phase lasts until the next one begins: it is told when it is reached. */
static int64_t phase_begin(const struct json *phases, size_t i)
{
	return i ? js_get_int(js_at(phases, i - 1), "ms", 0) : 0;
}

static void add_bar(struct str *out, int64_t start, int64_t ms, int64_t all)
{
	int from = 0, cells = 0;

	scale(start, ms, all, BAR, &from, &cells);
	for (int i = 0; i < BAR; i++)
		str_add_char(out, i >= from && i < from + cells ? '#' : '.');
}

/* Of the longest name, and at least that of what most runs have. */
static int name_width(const struct json *steps)
{
	int width = NAME;

	for (size_t i = 0; i < js_count(steps); i++) {
		int length = (int)strlen(text_of(js_at(steps, i), "id"));
		width = length > width ? length : width;
	}
	return width;
}

static void add_line(struct str *out, int width, const char *name, int64_t start, int64_t ms, int64_t all, const char *rest)
{
	AUTO(str) time = STR_INIT;

	str_add_duration(&time, ms);
	str_addf(out, "  %-*s ", width, name);
	add_bar(out, start, ms, all);
	str_addf(out, " %12s%s%s\n", str_text(&time), *rest ? "  " : "", rest);
}

/* What it took before, where that is worth a look. */
static void add_before(struct str *out, int64_t ms, int64_t before)
{
	int64_t difference = ms > before ? ms - before : before - ms;

	if (before >= 0 && difference >= LEAST_MS && difference * 10 > before)
		str_add_duration(out, before);
}

void timeline_text(const struct json *runs, size_t index, struct str *out)
{
	const struct json *run = js_at(runs, index);
	const struct json *steps = js_get(run, "steps");
	int64_t all = js_get_int(run, "ms", 0);
	int width = name_width(steps);
	AUTO(str) total = STR_INIT;

	str_add_duration(&total, all);
	str_addf(out, "cooper %s %s, %s: %s%s\n", text_of(run, "command"), text_of(run, "stack"), text_of(run, "at"),
		 str_text(&total), js_get_bool(run, "ok", false) ? "" : ", failed");
	for (size_t i = 0; i < js_count(steps); i++) {
		const struct json *step = js_at(steps, i);
		const struct json *phases = js_get(step, "phases");
		int64_t start = js_get_int(step, "start_ms", 0), ms = time_of(run, step);
		AUTO(str) rest = STR_INIT;
		AUTO(str) before = STR_INIT;
		if (!js_get_bool(step, "ok", false))
			str_add(&rest, js_get(step, "ok") ? "failed" : "cut short");
		else
			add_before(&before, ms, timeline_before(runs, index, text_of(step, "id")));
		if (before.len)
			str_addf(&rest, "(was %s)", str_text(&before));
		add_line(out, width, text_of(step, "id"), start, ms, all, str_text(&rest));
		for (size_t p = 0; p < js_count(phases); p++) {
			AUTO_FREE char *name = mem_printf("  %s", text_of(js_at(phases, p), "name"));
			int64_t from = phase_begin(phases, p), to = js_get_int(js_at(phases, p), "ms", from);
			add_line(out, width, name, start + from, to - from, all, "");
		}
	}
}

/* --- the page --- */

static const char style[] =
	"body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24;background:#fff}"
	"h1{font-size:1.4rem}h2{font-size:1.05rem;margin:2rem 0 .3rem}"
	"table{border-collapse:collapse;width:100%}td,th{padding:.15rem .5rem;text-align:left;vertical-align:middle}"
	"th{font-weight:600;border-bottom:1px solid #ccd}td.t{text-align:right;white-space:nowrap}"
	"td.n,td:last-child{white-space:nowrap;width:1%}td.b{width:55%}.bar{position:relative;height:.9rem;background:#eef1f4;border-radius:3px}"
	".bar i{position:absolute;top:0;bottom:0;min-width:2px;border-radius:3px;background:#2f6fde}"
	".phase td.n{padding-left:2rem;color:#57606a}.phase i{background:#9db8ee}.failed i{background:#c93c37}"
	".failed td.n,.bad{color:#c93c37}small{color:#57606a}"
	"@media (prefers-color-scheme:dark){body{color:#e6e8eb;background:#15181c}.bar{background:#262b31}"
	"th{border-color:#333a42}small,.phase td.n{color:#9aa4ae}}";

static void add_html(struct str *out, const char *text)
{
	for (; *text; text++) {
		const char *entity = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : NULL;
		entity = *text == '"' ? "&quot;" : *text == '\'' ? "&#39;" : entity;
		if (entity)
			str_add(out, entity);
		else
			str_add_char(out, *text);
	}
}

static void add_row(struct str *out, const char *class, const char *name, const char *title, int64_t start, int64_t ms,
		    int64_t all, const char *rest)
{
	enum { PERMILLE = 1000 };
	int from = 0, cells = 0;
	AUTO(str) time = STR_INIT;

	scale(start, ms, all, PERMILLE, &from, &cells);
	str_add_duration(&time, ms);
	str_addf(out, "<tr class=\"%s\" title=\"", class);
	add_html(out, title);
	str_add(out, "\"><td class=n>");
	add_html(out, name);
	str_addf(out, "</td><td class=b><div class=bar><i style=\"left:%d.%d%%;width:%d.%d%%\"></i></div></td><td class=t>%s</td>",
		 from / 10, from % 10, cells / 10, cells % 10, str_text(&time));
	str_add(out, "<td><small>");
	add_html(out, rest);
	str_add(out, "</small></td></tr>\n");
}

static void add_step(struct str *out, const struct json *runs, size_t index, const struct json *step)
{
	const struct json *run = js_at(runs, index), *phases = js_get(step, "phases");
	int64_t all = js_get_int(run, "ms", 0), start = js_get_int(step, "start_ms", 0), ms = time_of(run, step);
	bool ok = js_get_bool(step, "ok", false);
	AUTO(str) rest = STR_INIT;

	if (!ok)
		str_add(&rest, js_get(step, "ok") ? "failed" : "cut short");
	else
		add_before(&rest, ms, timeline_before(runs, index, text_of(step, "id")));
	AUTO_FREE char *title = mem_printf("%s: %s", text_of(step, "why"), text_of(step, "outcome"));
	add_row(out, ok ? "step" : "step failed", text_of(step, "id"), title, start, ms, all, str_text(&rest));
	for (size_t p = 0; p < js_count(phases); p++) {
		int64_t from = phase_begin(phases, p), to = js_get_int(js_at(phases, p), "ms", from);
		add_row(out, "phase", text_of(js_at(phases, p), "name"), "", start + from, to - from, all, "");
	}
}

static void add_run(struct str *out, const struct json *runs, size_t index)
{
	const struct json *run = js_at(runs, index), *steps = js_get(run, "steps");
	AUTO(str) total = STR_INIT;

	str_add_duration(&total, js_get_int(run, "ms", 0));
	str_add(out, "<section><h2>cooper ");
	add_html(out, text_of(run, "command"));
	str_addf(out, ": %s%s</h2><small>", str_text(&total),
		 js_get_bool(run, "ok", false) ? "" : " <span class=bad>failed</span>");
	add_html(out, text_of(run, "at"));
	str_add(out, " ");
	add_html(out, text_of(run, "stack"));
	str_add(out, "</small>\n<table><tr><th>step</th><th></th><th>time</th><th>before</th></tr>\n");
	for (size_t i = 0; i < js_count(steps); i++)
		add_step(out, runs, index, js_at(steps, i));
	str_add(out, "</table></section>\n");
}

void timeline_html(const struct json *runs, struct str *out)
{
	str_addf(out,
		 "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport "
		 "content=\"width=device-width\"><title>cooper timeline</title><style>%s</style></head><body>\n"
		 "<h1>Where the minutes went</h1>\n",
		 style);
	for (size_t i = js_count(runs); i > 0; i--)
		add_run(out, runs, i - 1);
	str_add(out, "</body></html>\n");
}

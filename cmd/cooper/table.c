#include "table.h"

#include <stdio.h>

#include "base/units.h"

void table_times(const struct graph *g, int64_t total_ms)
{
	size_t present = 0;
	for (size_t i = 0; i < g->count; i++) {
		const struct step *s = g->steps[i];
		present += s->state == STEP_PRESENT;
		if (s->state != STEP_DONE)
			continue;
		AUTO(str) time = STR_INIT;
		str_add_duration(&time, s->ms);
		printf("  %-22s %12s  %s\n", s->id, str_text(&time), s->note ? s->note : "");
	}
	AUTO(str) total = STR_INIT;
	str_add_duration(&total, total_ms);
	printf("  %-22s %12s  %zu step%s up to date\n", "total", str_text(&total), present, present == 1 ? "" : "s");
}

void table_plan(const struct graph *g)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct step *s = g->steps[i];
		/* What follows a boot by itself is no change that somebody asked for. */
		if (s->state != STEP_PENDING || s->only_follows)
			continue;
		printf("  %-9s %s\n", s->verb, s->title);
		for (size_t k = 0; k < s->why.count; k++)
			printf("            because %s\n", s->why.items[k]);
	}
}

void print_json(const struct json *value)
{
	AUTO_FREE char *text = js_pretty(value);
	fputs(text, stdout);
}

struct json *table_plan_json(const struct graph *g)
{
	struct json *list = js_array();
	for (size_t i = 0; i < g->count; i++) {
		const struct step *s = g->steps[i];
		if (s->state != STEP_PENDING && s->state != STEP_PRESENT)
			continue;
		struct json *item = js_object();
		js_set_text(item, "id", s->id);
		js_set_text(item, "title", s->title);
		js_set_text(item, "action", s->state == STEP_PENDING ? s->verb : "none");
		js_set_text(item, "key", s->key);
		js_set(item, "why", js_texts(&s->why));
		js_add(list, item);
	}
	return list;
}

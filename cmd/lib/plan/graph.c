#include "plan/graph.h"

#include <stdlib.h>
#include <string.h>

#include "fmt/digest.h"

static void step_free(struct step *s)
{
	free(s->id);
	free(s->title);
	free(s->verb);
	js_free(s->inputs);
	free(s->needs);
	strs_done(&s->why);
	free(s->note);
	err_free(s->failure);
	free(s);
}

void graph_done(struct graph *g)
{
	for (size_t i = 0; i < g->count; i++)
		step_free(g->steps[i]);
	free(g->steps);
	*g = (struct graph)GRAPH_INIT;
}

struct step *graph_add(struct graph *g, const char *id, const char *title, enum step_weight weight)
{
	struct step *s = mem_alloc(sizeof(*s));
	s->id = mem_strdup(id);
	s->title = mem_strdup(title);
	s->verb = mem_strdup("run");
	s->weight = weight;
	s->inputs = js_object();
	g->steps = mem_grow(g->steps, &g->cap, g->count + 1, sizeof(*g->steps));
	g->steps[g->count++] = s;
	return s;
}

void step_needs(struct step *step, struct step *need)
{
	if (!need)
		return;
	step->needs = mem_grow(step->needs, &step->need_cap, step->need_count + 1, sizeof(struct step *));
	step->needs[step->need_count++] = need;
}

void step_seal(struct step *step)
{
	for (size_t i = 0; i < step->need_count; i++) {
		if (!*step->needs[i]->key)
			bug("step '%s' sealed before '%s'", step->id, step->needs[i]->id);
		js_set_text(step->inputs, step->needs[i]->id, step->needs[i]->key);
	}
	AUTO_FREE char *text = js_canonical(step->inputs);
	digest_bytes(text, strlen(text), step->key);
}

struct step *graph_find(const struct graph *g, const char *id)
{
	for (size_t i = 0; i < g->count; i++)
		if (streq(g->steps[i]->id, id))
			return g->steps[i];
	return NULL;
}

void step_set_outcome(struct step *step, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	free(step->note);
	step->note = mem_vprintf(fmt, ap);
	va_end(ap);
}

/* "memory 2 GiB -> 4 GiB"; a changed key of a needed step says only its name: its own reasons are listed there. */
static void add_reason(struct step *s, const char *name, const char *was, const char *is)
{
	for (size_t i = 0; i < s->need_count; i++) {
		if (streq(s->needs[i]->id, name)) {
			strs_addf(&s->why, "%s changed", s->needs[i]->title);
			return;
		}
	}
	bool is_digest = digest_is(is);
	if (!was)
		strs_addf(&s->why, is_digest ? "%s is new" : "%s is new: %s", name, is);
	else if (!is)
		strs_addf(&s->why, "%s is gone", name);
	else if (is_digest)
		strs_addf(&s->why, "%s changed", name);
	else
		strs_addf(&s->why, "%s %s -> %s", name, was, is);
}

static void compare_inputs(struct step *s, const struct json *old)
{
	for (size_t i = 0; i < js_count(s->inputs); i++) {
		const char *name = js_key_at(s->inputs, i);
		const char *is = js_get_text(s->inputs, name);
		const char *was = js_get_text(old, name);
		if (!streq(is, was))
			add_reason(s, name, was, is);
	}
	for (size_t i = 0; i < js_count(old); i++) {
		const char *name = js_key_at(old, i);
		if (!js_get(s->inputs, name))
			add_reason(s, name, js_get_text(old, name), NULL);
	}
}

static void explain(struct step *s, const struct json *record, const char *note)
{
	const struct json *old = js_get(record, s->id);
	if (old)
		compare_inputs(s, old);
	if (s->why.count == 0)
		strs_add(&s->why, note ? note : old ? "its result is gone" : "not done yet");
}

static struct err *demand(struct step *s, const struct json *record)
{
	if (s->state != STEP_UNKNOWN)
		return NULL;
	struct observed seen = {.present = false};
	TRY(s->observe(s, &seen));
	AUTO_FREE char *note = seen.note;
	s->state = seen.present ? STEP_PRESENT : STEP_PENDING;
	if (!seen.present) {
		explain(s, record, note);
	} else if (note) {
		free(s->note);
		s->note = TAKE(note);
	}
	for (size_t i = 0; i < s->need_count && (!seen.present || s->always_follows); i++) {
		TRY(demand(s->needs[i], record));
		if (s->state == STEP_PRESENT && s->needs[i]->state == STEP_PENDING) {
			s->state = STEP_PENDING;
			s->only_follows = true;
			strs_addf(&s->why, "follows: %s", s->needs[i]->title);
		}
	}
	return NULL;
}

struct err *graph_observe(struct graph *g, struct step *goal, const struct json *record)
{
	(void)g;
	return demand(goal, record);
}

size_t graph_pending(const struct graph *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->count; i++)
		n += g->steps[i]->state == STEP_PENDING;
	return n;
}

void graph_record(const struct graph *g, struct json *record)
{
	for (size_t i = 0; i < g->count; i++) {
		const struct step *s = g->steps[i];
		if (s->state == STEP_PRESENT || s->state == STEP_DONE)
			js_set(record, s->id, js_copy(s->inputs));
	}
}

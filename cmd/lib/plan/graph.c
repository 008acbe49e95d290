#include "plan/graph.h"

#include <stdlib.h>
#include <string.h>

#include "plan/reasons.h"
#include "store/store.h"

static void step_free(struct step *s)
{
	if (s->kind->free_job)
		s->kind->free_job(s->job);
	free(s->id);
	free(s->title);
	js_free(s->inputs);
	free(s->links);
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
	*g = GRAPH_INIT;
}

struct step *graph_add(struct graph *g, const struct step_kind *kind, const char *subject, void *job)
{
	struct step *s = mem_alloc(sizeof(*s));
	AUTO(str) title = STR_INIT;
	if (g->sealed)
		bug("step '%s' added to a sealed graph", kind->name);
	s->kind = kind;
	s->context = g->context;
	s->id = subject ? mem_printf("%s:%s", kind->name, subject) : mem_strdup(kind->name);
	s->subject = subject ? s->id + strlen(kind->name) + 1 : "";
	s->job = job;
	s->verb = "run";
	s->inputs = js_object();
	if (kind->title)
		str_add(&title, kind->title);
	else
		kind->describe(s, &title);
	s->title = str_take(&title);
	g->steps = mem_grow(g->steps, &g->cap, g->count + 1, sizeof(*g->steps));
	g->steps[g->count++] = s;
	return s;
}

static void link_steps(struct step *step, struct step *other, bool in_key)
{
	if (!other)
		return;
	if (*step->key)
		bug("step '%s' linked after it was sealed", step->id);
	step->links = mem_grow(step->links, &step->link_cap, step->link_count + 1, sizeof(*step->links));
	step->links[step->link_count++] = (struct step_link){other, in_key};
}

void step_needs(struct step *step, struct step *need)
{
	link_steps(step, need, /* in_key= */ true);
}

void step_after(struct step *step, struct step *other)
{
	link_steps(step, other, /* in_key= */ false);
}

struct step *graph_find(const struct graph *g, const char *id)
{
	for (size_t i = 0; i < g->count; i++)
		if (streq(g->steps[i]->id, id))
			return g->steps[i];
	return NULL;
}

struct step *graph_kind(const struct graph *g, const char *kind)
{
	for (size_t i = 0; i < g->count; i++)
		if (step_is(g->steps[i], kind))
			return g->steps[i];
	return NULL;
}

/* @depth: more than the graph has steps means that they go in a circle. */
static struct err *seal(struct step *s, size_t depth)
{
	if (*s->key)
		return NULL;
	if (depth == 0)
		bug("step '%s' comes after itself", s->id);
	for (size_t i = 0; i < s->link_count; i++)
		TRY(seal(s->links[i].step, depth - 1));
	if (s->kind->inputs)
		TRY(s->kind->inputs(s, s->inputs));
	for (size_t i = 0; i < s->link_count; i++)
		if (s->links[i].in_key)
			js_set_text(s->inputs, s->links[i].step->id, s->links[i].step->key);
	key_of(s->inputs, s->key);
	return NULL;
}

struct err *graph_seal(struct graph *g)
{
	for (size_t i = 0; i < g->count && !g->sealed; i++)
		TRY(seal(g->steps[i], g->count));
	g->sealed = true;
	return NULL;
}

static void explain(struct step *s, const struct json *record, const char *note)
{
	const struct json *old = js_get(record, s->id);
	if (old)
		reasons_add(s, old);
	if (s->why.count == 0)
		strs_add(&s->why, note ? note : old ? "its result is missing" : "it has no result yet");
}

static struct err *demand(struct step *s, const struct json *record)
{
	if (s->state != STEP_UNKNOWN)
		return NULL;
	struct observed seen = {.present = false};
	TRY(s->kind->observe(s, &seen));
	AUTO_FREE char *note = seen.note;
	s->state = seen.present ? STEP_PRESENT : STEP_PENDING;
	if (seen.verb)
		s->verb = seen.verb;
	if (!seen.present) {
		explain(s, record, note);
	} else if (note) {
		free(s->note);
		s->note = TAKE(note);
	}
	for (size_t i = 0; i < s->link_count && (!seen.present || s->kind->follows); i++) {
		struct step *before = s->links[i].step;
		TRY(demand(before, record));
		if (s->state == STEP_PRESENT && before->state == STEP_PENDING) {
			s->state = STEP_PENDING;
			s->only_follows = true;
			strs_addf(&s->why, "follows: %s", before->title);
		}
	}
	return NULL;
}

struct err *graph_observe(struct graph *g, struct step *goal, const struct json *record)
{
	TRY(graph_seal(g));
	return demand(goal, record);
}

size_t graph_pending(const struct graph *g)
{
	size_t n = 0;
	for (size_t i = 0; i < g->count; i++)
		n += g->steps[i]->state == STEP_PENDING;
	return n;
}

/* What a step that is present was made of is as it was then, though nobody had to look at it. */
static void record_step(const struct step *s, struct json *record)
{
	js_set(record, s->id, js_copy(s->inputs));
	for (size_t i = 0; i < s->link_count; i++)
		if (s->links[i].in_key && s->links[i].step->state == STEP_UNKNOWN)
			record_step(s->links[i].step, record);
}

void graph_record(const struct graph *g, struct json *record)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->steps[i]->state == STEP_PRESENT || g->steps[i]->state == STEP_DONE)
			record_step(g->steps[i], record);
}

/*
 * graph.h - steps, what they depend on, and why one has to run
 *
 * What a step is and does is its kind's matter (step/kind.h). Steps are demanded from the goals backwards: what only a
 * finished step needs is not looked at (a keg that exists needs no sources).
 *
 *	struct step *fetch = graph_add(g, &kind_fetch, "qemu", job);
 *	struct step *build = graph_add(g, &kind_build, "qemu", recipe);
 *	step_needs(build, fetch);
 *	TRY(graph_observe(g, build, record)); // decides, pure but for observe()
 *	TRY(graph_perform(g, sink));          // perform.c
 */
#ifndef COOPER_PLAN_GRAPH_H
#define COOPER_PLAN_GRAPH_H

#include "step/kind.h"

struct graph {
	const struct step_context *context; /* borrowed; NULL is fine where no kind asks for it */
	struct step **steps;
	size_t count;
	size_t cap;
	bool sealed;
};

#define GRAPH_INIT ((struct graph){0})

void graph_done(struct graph *g);
/**
 * graph_add() - a new step of @kind, owned by the graph
 * @subject:  the rest of its id, borrowed; NULL = the only one of its kind
 * @job:      what the kind works on; freed with the step where the kind says so
 */
struct step *graph_add(struct graph *g, const struct step_kind *kind, const char *subject, void *job);
/** step_needs() - @step comes after @need, and the key of @need is part of its own; NULL is ignored */
void step_needs(struct step *step, struct step *need);
/** step_after() - @step comes after @other and wants it done, and is not made anew when @other changes; NULL is ignored
 */
void step_after(struct step *step, struct step *other);
/** graph_find() - by id, NULL when absent */
struct step *graph_find(const struct graph *g, const char *id);
/** graph_kind() - the first step of the kind called @kind, NULL when there is none */
struct step *graph_kind(const struct graph *g, const char *kind);

/**
 * graph_seal() - ask every step for its inputs and make the keys, each after those that are part of it
 *
 * Done once: later calls do nothing, and what is added or linked later is a bug. graph_observe() does it by itself.
 */
MUST_CHECK struct err *graph_seal(struct graph *g);
/**
 * graph_observe() - decide for each step demanded by @goal whether it has to run, and why
 * @record: inputs of each step as of the last success (object of objects by step id), or NULL: what the
 *          reasons are compared with
 */
MUST_CHECK struct err *graph_observe(struct graph *g, struct step *goal, const struct json *record);
/** graph_pending() - number of steps that have to run */
size_t graph_pending(const struct graph *g);
/** graph_record() - merge the inputs of all steps that are present or done, and of what those were made of, into @record */
void graph_record(const struct graph *g, struct json *record);

/**
 * graph_perform() - run all pending steps, in parallel where weights allow
 *
 * First failure starts no new steps, lets running ones end, and is returned (further ones are notes).
 */
MUST_CHECK struct err *graph_perform(struct graph *g, struct sink *sink);

#endif

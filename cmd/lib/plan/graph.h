/*
 * graph.h - steps, what they depend on, and why one has to run
 *
 * A step is three functions and a key. `inputs` is a flat JSON object of everything that can change its
 * result (its fields and its inputs' keys); its digest is the key. observe() is cheap: stat and receipts, no
 * network, no child. Steps are demanded from the goals backwards: what only a finished step needs is not
 * looked at (a keg that exists needs no sources).
 *
 *	struct step *fetch = graph_add(g, "fetch:qemu", "fetch qemu", STEP_NET);
 *	struct step *build = graph_add(g, "build:qemu", "build qemu", STEP_CPU);
 *	step_needs(build, fetch);
 *	TRY(graph_observe(g, record));       // decides, pure but for observe()
 *	TRY(graph_perform(g, sink));         // graph/run.c
 */
#ifndef COOPER_PLAN_GRAPH_H
#define COOPER_PLAN_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "fmt/json.h"

enum step_weight { STEP_NET, STEP_CPU, STEP_MACHINE, STEP_WEIGHTS };

enum step_state {
	STEP_UNKNOWN, /* not demanded */
	STEP_PRESENT, /* its result is there */
	STEP_PENDING, /* has to run */
	STEP_RUNNING,
	STEP_DONE,
	STEP_FAILED,
	STEP_DROPPED, /* not run since another failed */
};

struct step;

/* What a step's observe() says. */
struct observed {
	bool present;
	char *note; /* heap, or NULL: "running, pid 7", "keg 12ab" or what is missing */
};

typedef struct err *step_observe_fn(struct step *step, struct observed *ret_seen);
typedef struct err *step_perform_fn(struct step *step, struct sink *sink);

struct step {
	char *id;    /* "build:qemu" */
	char *title; /* "build qemu 7.2" */
	char *verb;  /* "run" unless set: "restart", "rebuild" */
	enum step_weight weight;
	struct json *inputs; /* flat object; owned */
	char key[65];
	bool always_follows; /* pending whenever one of its needs is */
	struct step **needs;
	size_t need_count;
	size_t need_cap;
	step_observe_fn *observe;
	step_perform_fn *perform;
	void *data; /* borrowed */
	/* decided */
	enum step_state state;
	bool only_follows; /* pending for no reason of its own */
	struct strs why;   /* reasons it is pending, for people */
	char *note;        /* what observe() saw, or the outcome after it ran */
	int64_t ms;        /* time taken */
	struct err *failure;
};

struct graph {
	struct step **steps;
	size_t count;
	size_t cap;
};

#define GRAPH_INIT                                                                                                     \
	{                                                                                                              \
		NULL, 0, 0                                                                                             \
	}

void graph_done(struct graph *g);
/** graph_add() - a new step, owned by the graph */
struct step *graph_add(struct graph *g, const char *id, const char *title, enum step_weight weight);
/** step_needs() - @step runs after @need (NULL is ignored); add needs before step_seal() */
void step_needs(struct step *step, struct step *need);
/** step_seal() - fold the needs' keys into inputs and compute the key; needs must be sealed before */
void step_seal(struct step *step);
/** graph_find() - by id, NULL when absent */
struct step *graph_find(const struct graph *g, const char *id);
/** step_set_outcome() - the note shown when the step is done; formatted */
void step_set_outcome(struct step *step, const char *fmt, ...) PRINTF_LIKE(2, 3);

/**
 * graph_observe() - decide for each step demanded by @goal whether it has to run, and why
 * @record: inputs of each step as of the last success (object of objects by step id), or NULL: what the
 *          reasons are compared with
 */
MUST_CHECK struct err *graph_observe(struct graph *g, struct step *goal, const struct json *record);
/** graph_pending() - number of steps that have to run */
size_t graph_pending(const struct graph *g);
/** graph_record() - merge inputs of all steps that are present or done into @record */
void graph_record(const struct graph *g, struct json *record);

/**
 * graph_perform() - run all pending steps, in parallel where weights allow
 *
 * First failure starts no new steps, lets running ones end, and is returned (further ones are notes).
 */
MUST_CHECK struct err *graph_perform(struct graph *g, struct sink *sink);

#endif

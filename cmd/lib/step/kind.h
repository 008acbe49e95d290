/*
 * kind.h - a step, and what all steps of one kind have in common, as data
 *
 * A kind is one const struct in a file of its own: how its steps are described, what their key is made of, how to see
 * whether the result is there, how to make it. The graph (plan/graph.h) knows nothing else of a step. Its key is the
 * digest of `inputs`: an ordered structure of everything that can change the result, and of nothing else; a list of
 * things is an array with every field of every one of them at its place, never a map by name.
 *
 *	const struct step_kind kind_build = {.name = "build", .weight = STEP_CPU, .inputs = ...};
 *
 * Kinds are listed and wired in plan/stack.c. What a step produced is asked of the kind that produces it (outputs.h).
 */
#ifndef COOPER_STEP_KIND_H
#define COOPER_STEP_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "fmt/json.h"

struct step;
struct step_context;

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

/* What a step's observe() says. */
struct observed {
	bool present;
	const char *verb; /* instead of "run"; static, or NULL */
	char *note;       /* heap, or NULL: "running, pid 7", "keg 12ab" or what is missing */
};

struct step_kind {
	const char *name;  /* "build": the step's id is name:subject, or the name alone */
	const char *title; /* "boot the machine"; NULL = describe() tells */
	enum step_weight weight;
	bool follows; /* runs whenever a step runs that it comes after */
	bool kept;    /* what it makes stays in COOPER_HOME, to be used again: worth a cache in CI */
	void (*describe)(const struct step *step, struct str *title);
	/* The name of what it makes in the store; heap. NULL = it makes nothing there. */
	char *(*result)(const struct step *step);
	/* All that makes the key beside the keys of what it needs; reads files at most. NULL = nothing. */
	struct err *(*inputs)(const struct step *step, struct json *inputs);
	/* Stat and receipts: no network, no child. Keys are sealed. */
	struct err *(*observe)(const struct step *step, struct observed *seen);
	struct err *(*perform)(struct step *step, struct sink *sink);
	/* Append a line for each thing that COOPER_OFFLINE keeps away. NULL = needs nothing from outside. */
	struct err *(*reach)(const struct step *step, struct strs *lines);
	/* Append the packages of the host that perform() needs. NULL = none. */
	void (*host_packages)(const struct step *step, struct strs *names);
	/* Free the step's job. NULL = it is borrowed. */
	void (*free_job)(void *job);
};

/* One step comes after another; `in_key`: and what it made is part of what this one makes. */
struct step_link {
	struct step *step;
	bool in_key;
};

struct step {
	const struct step_kind *kind;
	const struct step_context *context;
	char *id;            /* "build:qemu" */
	const char *subject; /* "qemu", or "" */
	char *title;         /* "build qemu 7.2" */
	void *job;           /* what the kind works on */
	struct step_link *links;
	size_t link_count;
	size_t link_cap;
	/* sealed */
	struct json *inputs; /* with the keys of what it needs, by their ids */
	char key[65];
	/* decided */
	enum step_state state;
	const char *verb;
	bool only_follows; /* pending for no reason of its own */
	struct strs why;   /* reasons it is pending, for people */
	char *note;        /* what observe() saw, or the outcome after it ran */
	int64_t ms;        /* time taken */
	struct err *failure;
};

/** step_set_outcome() - the note shown when the step is done; formatted */
void step_set_outcome(struct step *step, const char *fmt, ...) PRINTF_LIKE(2, 3);
/** step_is() - whether @step is of the kind called @kind */
bool step_is(const struct step *step, const char *kind);
/** step_need() - the step of that kind whose key is part of @step's, itself or through others; NULL when there is none
 */
const struct step *step_need(const struct step *step, const char *kind);

#endif

/*
 * stack.h - the graph of a whole stack: from sources to a canary that ran in a container
 *
 *	host packages, fetch, source, build    the emulator's keg
 *	fetch, image                           the guest image
 *	fetch, emulators                       the read-only device with user-mode emulators
 *	generation, boot, network, handlers, steps, canary, switch, connect   the machine
 *
 * Deciding (stack_open, stack_observe) reads files only. Only the steps themselves, and stack_lock.h, use the
 * network or run programs.
 */
#ifndef COOPER_PLAN_STACK_H
#define COOPER_PLAN_STACK_H

#include "guest/network.h"
#include "plan/graph.h"
#include "plan/project.h"
#include "step/context.h"

/* Empty until it is opened; steps refer to it, so it stays where it is. */
struct stack {
	const struct project *p;
	struct step_context context;
	struct machine_spec machine; /* what the machine is made of */
	struct strs foreign;
	struct guest_network network; /* that of the host, for its guest */
	struct strs warnings;
	struct source emulator_package;
	struct graph graph;
	struct json *record; /* inputs as of the last success */
	char *record_path;
	struct step *goal; /* what has to be done for the machine to be as wanted */
};

#define STACK_INIT ((struct stack){0})
void stack_done(struct stack *s);

/**
 * stack_open() - build the graph
 * @p:          borrowed, must outlive the stack
 * @unresolved: receives what the lock lacks; when it lacks something @s stays empty. NULL: that is an error, ABSENT
 */
MUST_CHECK struct err *stack_open(struct project *p, struct strs *unresolved, struct stack *s);
/** stack_observe() - decide what has to run to reach every step of the kind called @kind (NULL = everything) */
MUST_CHECK struct err *stack_observe(struct stack *s, const char *kind);
/** stack_packages() - append the host packages that pending steps need, installed or not; after stack_observe() */
void stack_packages(const struct stack *s, struct strs *names);
/** stack_settled() - nothing is pending, and all that is there is remembered; after stack_observe() */
bool stack_settled(const struct stack *s);
/** stack_exposed() - append the entries of exposure_list() as of the last time that nothing was left to do */
void stack_exposed(const struct stack *s, struct strs *lines);
/** stack_perform() - run what is pending, then remember the inputs: later reasons and gc come from them */
MUST_CHECK struct err *stack_perform(struct stack *s, struct sink *sink);

#endif

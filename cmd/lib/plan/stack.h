/*
 * stack.h - the graph of a whole stack: from sources to a canary that ran in a container
 *
 *	host packages, fetch, source, build    the emulator's keg
 *	fetch, image                           the guest image
 *	fetch, emulators                       the read-only device with user-mode emulators
 *	generation, boot, handlers, steps, connect, canary, switch   the machine
 *
 * Deciding (stack_open, stack_observe) reads files only. Only the steps themselves, and stack_lock.h, use the
 * network or run programs.
 */
#ifndef COOPER_PLAN_STACK_H
#define COOPER_PLAN_STACK_H

#include "machine/spec.h"
#include "plan/graph.h"
#include "plan/project.h"

struct stack;

/** stack_open() - build the graph; @p is borrowed and must outlive it. ABSENT when the lock lacks something */
MUST_CHECK struct err *stack_open(struct project *p, struct stack **ret_stack);
struct stack *stack_free(struct stack *s);
struct graph *stack_graph(struct stack *s);

/** stack_observe() - decide what has to run to reach every step of the kind called @kind (NULL = everything) */
MUST_CHECK struct err *stack_observe(struct stack *s, const char *kind);
/** stack_packages() - append the host packages that pending steps need, installed or not; after stack_observe() */
void stack_packages(const struct stack *s, struct strs *names);
/** stack_host_packages() - append host packages that pending steps need and that are not installed (runs dpkg/brew) */
MUST_CHECK struct err *stack_host_packages(struct stack *s, struct strs *missing);
/** stack_perform() - run what is pending, then remember the inputs for later reasons */
MUST_CHECK struct err *stack_perform(struct stack *s, struct sink *sink);
/** stack_machine() - what the machine is made of; valid while the stack is */
const struct machine_spec *stack_machine(const struct stack *s);
#endif

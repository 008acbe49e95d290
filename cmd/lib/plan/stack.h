/*
 * stack.h - the graph of a whole stack: from sources to a canary that ran in a container
 *
 *	host packages, fetch, source, build    the emulator's keg
 *	fetch, image                           the guest image
 *	fetch, emulators                       the read-only device with user-mode emulators
 *	generation, boot, steps, connect, canary   the machine
 *
 * Deciding (stack_open, stack_observe) reads files only. Only stack_resolve(), and the steps themselves, use
 * the network or run programs.
 */
#ifndef COOPER_PLAN_STACK_H
#define COOPER_PLAN_STACK_H

#include "machine/spec.h"
#include "plan/graph.h"
#include "plan/project.h"

struct stack;

/** stack_unresolved() - append the references that the lock lacks; none = stack_open() will work */
MUST_CHECK struct err *stack_unresolved(const struct project *p, struct strs *references);
/** stack_resolve() - ask apt for what the lock lacks and write the lock */
MUST_CHECK struct err *stack_resolve(struct project *p, struct sink *sink);

/**
 * stack_update() - resolve every floating reference anew: the image's channel, Debian sources, packages and sets, git's
 * names
 * @dry_run:     leave the lock as it is
 * @ret_changes: an array of {reference, old, new, changed, files, files_changed}; old is null where nothing was pinned
 *
 * The lock is written when all of them could be resolved. Errors: those of channel_resolve() and of debian.h
 */
MUST_CHECK struct err *stack_update(const struct project *p, bool dry_run, struct sink *sink,
				    struct json **ret_changes);

/** stack_open() - build the graph; @p is borrowed and must outlive it. ABSENT when the lock lacks something */
MUST_CHECK struct err *stack_open(struct project *p, struct stack **ret_stack);
struct stack *stack_free(struct stack *s);
struct graph *stack_graph(struct stack *s);

/** stack_observe() - decide what has to run to reach step @goal (NULL = everything) */
MUST_CHECK struct err *stack_observe(struct stack *s, const char *goal);
/** stack_packages() - append the host packages that pending steps need, installed or not; after stack_observe() */
void stack_packages(const struct stack *s, struct strs *names);
/** stack_host_packages() - append host packages that pending steps need and that are not installed (runs dpkg/brew) */
MUST_CHECK struct err *stack_host_packages(struct stack *s, struct strs *missing);
/** stack_perform() - run what is pending, then remember the inputs for later reasons */
MUST_CHECK struct err *stack_perform(struct stack *s, struct sink *sink);
/** stack_machine() - what the machine is made of; valid while the stack is */
const struct machine_spec *stack_machine(const struct stack *s);
/**
 * stack_start() - what a start on the project's host would choose: the first accelerator to try
 *
 * Errors: USAGE (the stack insists on an accelerator that the host does not have)
 */
MUST_CHECK struct err *stack_start(const struct stack *s, struct machine_start *ret_start);
/**
 * stack_check_host() - whether the machine may run on the project's host; before anything is built for it
 * @warnings: receives sentences for people; may be NULL
 *
 * Errors: USAGE (a compatibility rule refuses; the hint says what to do)
 */
MUST_CHECK struct err *stack_check_host(const struct stack *s, struct strs *warnings);
/** stack_keg() - where the emulator's keg is or will be; heap */
char *stack_keg(const struct stack *s);
/** stack_summary() - "QEMU 7.2.22 (cooper 12ab...)" and the canaries' lines, for the end of `up` */
MUST_CHECK struct err *stack_summary(const struct stack *s, struct strs *lines);

#endif

/*
 * stack_spec.h - the machine that a stack describes, as values
 *
 *	TRY(stack_spec_copy(context, &spec));                  what the recipes say
 *	TRY(stack_spec_ignition(context, emulators, &spec));   the user's own Ignition configuration
 *	stack_spec_paths(generation, &spec);                   where results are, once keys are sealed
 */
#ifndef COOPER_PLAN_STACK_SPEC_H
#define COOPER_PLAN_STACK_SPEC_H

#include "step/context.h"
#include "step/kind.h"

/** stack_shares_check() - USAGE when the stack shares a folder that no guest is given (machine/shares.h) */
MUST_CHECK struct err *stack_shares_check(const struct recipe *stack, const char *cooper_home);

/** stack_spec_copy() - what the recipes say. Errors: USAGE, OS */
MUST_CHECK struct err *stack_spec_copy(const struct step_context *context, struct machine_spec *spec);
/**
 * stack_spec_ignition() - read the file beside the stack that its `ignition:` names; nothing when it names none
 * @emulators:  a device with emulators is part of the machine
 *
 * Errors: ABSENT, and those of ignition_read(): what the file cannot hold is said before anything is done
 */
MUST_CHECK struct err *stack_spec_ignition(const struct step_context *context, bool emulators,
					   struct machine_spec *spec);
/** stack_spec_paths() - files of the keg, the image and the emulators that @generation needs */
void stack_spec_paths(const struct step *generation, struct machine_spec *spec);

#endif

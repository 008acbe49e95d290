/*
 * context.h - what every kind of step is given: the parts of a project, and the machine that they describe
 *
 * Borrowed, and the same for all steps of a graph; nothing in it changes while steps run.
 */
#ifndef COOPER_STEP_CONTEXT_H
#define COOPER_STEP_CONTEXT_H

#include "machine/spec.h"
#include "machine/vmm.h"
#include "recipe/recipe.h"
#include "store/home.h"
#include "sys/os.h"

struct step_context {
	const struct home *home;
	const struct host_facts *facts;
	enum arch guest_arch;
	const struct recipe *stack;
	const struct recipe *emulator;
	const struct recipe *image;
	const struct strs *foreign;         /* architectures to run that the guest's processor is not */
	const struct machine_spec *machine; /* paths of results are in it once keys are sealed */
	const struct vmm *vmm;              /* what runs the machine */
};

#endif

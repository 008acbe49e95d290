/* The generation that proved itself becomes the current one; the one before is kept for a rollback. */
#include "machine/disk.h"

#include "step/context.h"
#include "step/outputs.h"

/* While there is none yet nothing is amiss: it follows the canary. */
static struct err *observe(const struct step *step, struct observed *seen)
{
	AUTO(generation) g = {.number = 0};
	TRY(step_generation_find(step_need(step, "generation"), &g, NULL));
	seen->present = g.number == 0 || g.current;
	if (!seen->present)
		seen->note = mem_strdup("another one is");
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink UNUSED)
{
	const char *dir = step->context->machine->dir;
	AUTO(generation) g = {.number = 0};
	TRY(step_generation(step_need(step, "generation"), &g));
	TRY(generation_switch(dir, g.number));
	TRY(generation_prune(dir));
	step_set_outcome(step, "generation %d", g.number);
	return NULL;
}

const struct step_kind kind_switch = {
	.name = "switch",
	.title = "switch to the new OS disk",
	.weight = STEP_MACHINE,
	.follows = true, /* what is current was proved by its last boot */
	.observe = observe,
	.perform = perform,
};

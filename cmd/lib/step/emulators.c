/* The read-only device with user-mode emulators. */
#include "guest/emulators.h"

#include "step/context.h"
#include "step/outputs.h"

static char *result(const struct step *step)
{
	return emulators_name(step->context->guest_arch);
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	AUTO_FREE char *archs = strs_join(step->context->foreign, " ");
	js_set_text(inputs, "run", archs);
	js_set_text(inputs, "guest_arch", arch_name(step->context->guest_arch));
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct emulators_job job = {.home = step->context->home,
					  .files = step_files(step_need(step, "fetch")),
					  .archs = step->context->foreign,
					  .guest_arch = step->context->guest_arch,
					  .key = step->key,
					  .step = step->id};
	TRY(emulators_make(&job, sink));
	AUTO_FREE char *archs = strs_join(job.archs, ", ");
	step_set_outcome(step, "for %s", archs);
	return NULL;
}

const struct step_kind kind_emulators = {
	.name = "emulators",
	.title = "build the emulator disk",
	.weight = STEP_CPU,
	.kept = true,
	.inputs = inputs,
	.result = result,
	.observe = step_result_observe,
	.perform = perform,
};

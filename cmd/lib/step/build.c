/* The keg of a build recipe, the step's job: configured, built, installed, signed and tested. */
#include "build/build.h"

#include "recipe/load.h"
#include "step/context.h"
#include "step/outputs.h"
#include "store/store.h"

struct build_job build_job_of(const struct step *step)
{
	const struct step *source = step_is(step, "source") ? step : step_need(step, "source");
	return (struct build_job){.home = step->context->home,
				  .recipe = step->job,
				  .guest_arch = step->context->guest_arch,
				  .facts = step->context->facts,
				  .files = step_files(step_need(step, "fetch")),
				  .source_key = source->key,
				  .source_inputs = source->inputs,
				  .key = step->key,
				  .source_step = source->id,
				  .step = step->id};
}

static char *result(const struct step *step)
{
	return build_name(step->job, step->context->guest_arch);
}

static void describe(const struct step *step, struct str *title)
{
	const struct recipe *r = step->job;
	str_addf(title, "build %s %s for %s", r->name, r->version, arch_name(step->context->guest_arch));
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	const struct recipe *r = step->job;
	TRY(recipe_input(r, inputs));
	js_set_text(inputs, "guest_arch", arch_name(step->context->guest_arch));
	js_set_text(inputs, "host", os_name(step->context->facts->os));
	js_set_text(inputs, "host_arch", arch_name(step->context->facts->arch));
	build_inputs(r, step->context->facts, inputs);
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct build_job job = build_job_of(step);
	TRY(build_run(&job, sink));
	step_set_outcome(step, "keg %.*s-%s", STORE_KEY_SHOWN, step->key, job.recipe->name);
	return NULL;
}

static void host_packages(const struct step *step, struct strs *names)
{
	const struct recipe *r = step->job;
	bool mac = step->context->facts->os == OS_MACOS;
	strs_copy(names, mac ? &r->build.host_brew : &r->build.host_apt);
}

const struct step_kind kind_build = {
	.name = "build",
	.weight = STEP_CPU,
	.kept = true,
	.describe = describe,
	.inputs = inputs,
	.result = result,
	.observe = step_result_observe,
	.perform = perform,
	.host_packages = host_packages,
};

/* The guest image of an image recipe, the step's job: made of packages, or unpacked. */
#include "image/image.h"

#include "recipe/load.h"
#include "step/context.h"
#include "step/outputs.h"

static char *result(const struct step *step)
{
	return image_name(step->job, step->context->guest_arch);
}

static void describe(const struct step *step, struct str *title)
{
	const struct recipe *r = step->job;
	str_addf(title, "build image %s %s for %s", r->name, r->version, arch_name(step->context->guest_arch));
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	const struct recipe *r = step->job;
	TRY(recipe_input(r, inputs));
	js_set_text(inputs, "guest_arch", arch_name(step->context->guest_arch));
	return image_inputs(r, step->context->facts, inputs);
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct step_context *c = step->context;
	const struct image_job job = {.home = c->home,
				      .recipe = step->job,
				      .guest_arch = c->guest_arch,
				      .facts = c->facts,
				      .files = step_files(step_need(step, "fetch")),
				      .files_digest = js_get_text(js_get(step->inputs, "files"), "digest"),
				      .key = step->key,
				      .step = step->id};
	TRY(image_make(&job, sink));
	step_set_outcome(step, "%s %s for %s", job.recipe->name, job.recipe->version, arch_name(job.guest_arch));
	return NULL;
}

static void host_packages(const struct step *step, struct strs *names)
{
	const struct recipe *r = step->job;
	if (step->context->facts->os != OS_MACOS)
		strs_copy(names, &r->image.host_apt);
}

const struct step_kind kind_image = {
	.name = "image",
	.weight = STEP_CPU,
	.kept = true,
	.describe = describe,
	.inputs = inputs,
	.result = result,
	.observe = step_result_observe,
	.perform = perform,
	.host_packages = host_packages,
};

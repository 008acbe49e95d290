/* The patched source tree of a build recipe, the step's job. */
#include "source/source.h"

#include "build/build.h"
#include "step/outputs.h"

static void describe(const struct step *step, struct str *title)
{
	const struct recipe *r = step->job;
	str_addf(title, "unpack and patch %s %s", r->name, r->version);
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	return build_source_inputs(step->job, inputs);
}

static struct err *observe(const struct step *step, struct observed *seen)
{
	const struct build_job job = build_job_of(step);
	bool doubt = false;
	TRY(build_source_present(&job, &seen->present));
	TRY(source_in_doubt(job.home, job.files, &doubt));
	seen->present = seen->present && !doubt;
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct build_job job = build_job_of(step);
	return build_source(&job, sink);
}

const struct step_kind kind_source = {
	.name = "source",
	.weight = STEP_CPU,
	.describe = describe,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
};

/* The read-only device with user-mode emulators. */
#include "guest/emulators.h"

#include "base/path.h"
#include "step/context.h"
#include "step/outputs.h"
#include "store/store.h"

char *step_emulators_iso(const struct step *emulators)
{
	AUTO_FREE char *name = emulators_name(emulators->context->guest_arch);
	AUTO_FREE char *dir = store_path(emulators->context->home, emulators->key, name);
	return path_join(dir, "emulators.iso");
}

static void describe(const struct step *step UNUSED, struct str *title)
{
	str_add(title, "build the emulator disk");
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	AUTO_FREE char *archs = strs_join(step->context->foreign, " ");
	js_set_text(inputs, "architectures", archs);
	js_set_text(inputs, "guest_arch", arch_name(step->context->guest_arch));
	return NULL;
}

static struct err *observe(const struct step *step, struct observed *seen)
{
	AUTO_FREE char *name = emulators_name(step->context->guest_arch);
	seen->present = store_has(step->context->home, step->key, name);
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

static void gc_roots(const struct step *step, struct strs *roots)
{
	strs_add(roots, step->key);
}

const struct step_kind kind_emulators = {
	.name = "emulators",
	.verb = "run",
	.weight = STEP_CPU,
	.describe = describe,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
	.gc_roots = gc_roots,
};

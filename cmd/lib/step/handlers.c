/* Handlers for foreign programs that the guest itself has, registered with every flag. */
#include "guest/handlers.h"

#include "step/context.h"
#include "step/outputs.h"

static struct err *inputs(const struct step *step, struct json *inputs)
{
	AUTO_FREE char *archs = strs_join(step->context->foreign, " ");
	js_set_text(inputs, "run", archs);
	js_set_text(inputs, "provider", provider_words[step->context->machine->provider]);
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO(guest) guest = {.step = NULL};
	bool changed = false;
	TRY(step_guest_open(step, sink, &ssh, &guest));
	TRY(handlers_ensure(&guest, step->context->machine->provider, step->context->foreign, &changed));
	step_set_outcome(step, "%s", changed ? "corrected" : "as wanted");
	return step_mark(step);
}

const struct step_kind kind_handlers = {
	.name = "handlers",
	.title = "register binfmt handlers",
	.weight = STEP_MACHINE,
	.inputs = inputs,
	.observe = step_mark_observe,
	.perform = perform,
};

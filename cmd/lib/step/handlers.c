/* Handlers for foreign programs that the guest itself has, registered with every flag. */
#include "guest/handlers.h"

#include "machine/machine.h"
#include "step/context.h"
#include "step/outputs.h"

enum { HANDLERS_MS = 30 * 60 * 1000 };

static struct err *inputs(const struct step *step, struct json *inputs)
{
	AUTO_FREE char *archs = strs_join(step->context->foreign, " ");
	js_set_text(inputs, "architectures", archs);
	js_set_text(inputs, "provider", provider_words[step->context->machine->provider]);
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct machine_spec *m = step->context->machine;
	AUTO(machine_ssh) ssh = {.config = NULL};
	bool changed = false;
	machine_ssh_open(m->dir, m->name, &ssh);
	AUTO(guest)
	guest = {
		.ssh = ssh.ssh, .os = guest_os_find(m->os), .deadline_ms = HANDLERS_MS, .sink = sink, .step = step->id};
	TRY(guest_open(&guest));
	TRY(handlers_ensure(&guest, m->provider, step->context->foreign, &changed));
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

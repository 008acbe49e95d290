/* One entry of the stack's `steps:`, the step's job, done in the running guest. */
#include "step/context.h"
#include "step/outputs.h"

static void describe(const struct step *step, struct str *title)
{
	str_addf(title, "guest step %s", step->subject);
}

/* A file that is copied into the guest is part of what the step is. */
static struct err *inputs(const struct step *step, struct json *inputs)
{
	const struct guest_step *g = step->job;
	char file[SHA256_HEX];
	if (g->write_from) {
		AUTO_CLOSE int fd = -1;
		TRY(guest_step_content(g, &fd, file));
	}
	guest_step_inputs(g, g->write_from ? file : NULL, inputs);
	AUTO_FREE char *mode = mem_printf("%04o", (unsigned)g->write_mode); /* as people write it */
	js_set_text(inputs, "mode", mode);
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO(guest) guest = {.step = NULL};
	enum guest_outcome outcome = GUEST_SAME;
	TRY(step_guest_open(step, sink, &ssh, &guest));
	TRY(guest_step_run(&guest, step->job, &outcome));
	step_set_outcome(step, "%s", guest_outcome_text(outcome));
	return step_mark(step);
}

const struct step_kind kind_guest_step = {
	.name = "step",
	.weight = STEP_MACHINE,
	.describe = describe,
	.inputs = inputs,
	.observe = step_mark_observe,
	.perform = perform,
};

/* The proof that foreign programs run, in this boot. */
#include "machine/machine.h"
#include "step/context.h"
#include "step/kind.h"

static struct err *observe(const struct step *step, struct observed *seen)
{
	const char *dir = step->context->machine->dir;
	AUTO_JSON *boot = NULL;
	AUTO_JSON *proofs = NULL;
	TRY(machine_boot_read(dir, &boot));
	TRY(machine_proofs_read(dir, &proofs));
	const char *instance = js_get_text(boot, "instance");
	seen->present = instance && streq(js_get_text(proofs, "instance"), instance);
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	AUTO(str) outcome = STR_INIT;
	TRY(machine_prove(step->context->machine, step->id, sink, &outcome));
	step_set_outcome(step, "%s", str_text(&outcome));
	return NULL;
}

const struct step_kind kind_canary = {
	.name = "canary",
	.title = "run the checks (canaries)",
	.weight = STEP_MACHINE,
	.follows = true, /* every boot is proved */
	.observe = observe,
	.perform = perform,
};

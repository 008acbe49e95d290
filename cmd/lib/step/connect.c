/* podman on the host, told where the machine is. */
#include "machine/machine.h"
#include "step/context.h"
#include "step/kind.h"

static struct err *observe(const struct step *step, struct observed *seen)
{
	return machine_connected(step->context->machine->dir, &seen->present);
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct machine_spec *m = step->context->machine;
	AUTO_FREE char *name = NULL;
	TRY(machine_connect(m, sink, &name));
	if (name)
		step_set_outcome(step, "podman --connection %s", name);
	else
		step_set_outcome(step, "podman is not installed on this host; machine %s", m->name);
	return NULL;
}

const struct step_kind kind_connect = {
	.name = "connect",
	.title = "connect podman",
	.weight = STEP_MACHINE,
	.follows = true, /* the ssh port may be another after a boot */
	.observe = observe,
	.perform = perform,
};

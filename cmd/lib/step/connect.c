/* The clients on the host, told where the machine is: by sockets in its folder, which are the same after every boot. */
#include "machine/clients.h"
#include "step/context.h"
#include "step/kind.h"

static struct err *observe(const struct step *step, struct observed *seen)
{
	return clients_told(step->context->machine->dir, &seen->present);
}

static struct err *perform(struct step *step, struct sink *sink)
{
	AUTO(str) outcome = STR_INIT;
	TRY(clients_tell(step->context->machine, sink, &outcome));
	step_set_outcome(step, "%s", str_text(&outcome));
	return NULL;
}

const struct step_kind kind_connect = {
	.name = "connect",
	.title = "connect podman",
	.weight = STEP_MACHINE,
	.observe = observe,
	.perform = perform,
};

/* The guest is told of the proxies of this host's network, and of the authorities that this host trusts. */
#include "machine/network.h"

#include "step/context.h"
#include "step/outputs.h"

static struct err *inputs(const struct step *step, struct json *inputs)
{
	const struct guest_network *network = step->job;
	char hex[SHA256_HEX];
	guest_network_digest(&network->proxy, hex);
	js_set_text(inputs, "proxy", hex);
	guest_network_digest(&network->certificates, hex);
	js_set_text(inputs, "certificates", hex);
	return NULL;
}

/* A new OS disk knows of nothing. */
static struct err *observe(const struct step *step, struct observed *seen)
{
	AUTO(generation) g = {.number = 0};
	TRY(step_generation_find(step_need(step, "generation"), &g, NULL));
	return network_told(g.number ? g.dir : "/nonexistent", step->job, &seen->present);
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct guest_network *network = step->job;
	AUTO(generation) g = {.number = 0};
	TRY(step_generation(step_need(step, "generation"), &g));
	TRY(network_tell(step->context->machine, g.dir, network, sink, step->id));
	step_set_outcome(step, "%zu settings, %zu authorities", network->proxy.count, network->certificates.count);
	return NULL;
}

const struct step_kind kind_network = {
	.name = "network",
	.title = "carry over proxies and authorities",
	.weight = STEP_MACHINE,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
};

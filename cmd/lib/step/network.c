/* The guest is told of the proxies of this host's network, and of the authorities that this host trusts. */
#include "machine/network.h"

#include <string.h>

#include "step/context.h"
#include "step/outputs.h"

/* Nothing of this host's network: keys are shown, and a proxy's URL may hold a password. A new OS disk knows of nothing. */
static struct err *observe(const struct step *step, struct observed *seen)
{
	AUTO(generation) g = {.number = 0};
	TRY(step_generation_find(step_need(step, "generation"), &g, NULL));
	TRY(network_told(g.number ? g.dir : "/nonexistent", step->job, &seen->present));
	if (!seen->present)
		seen->note = mem_strdup("this host's proxies or authorities are others than the guest was told");
	return NULL;
}

/* Names alone: a proxy's URL may hold a password. */
static void set_outcome(struct step *step, const struct guest_network *network)
{
	AUTO(str) names = STR_INIT;
	for (size_t i = 0; i < network->proxy.count; i += 2) /* each is there in capitals, too */
		str_addf(&names, "%s%.*s", i ? ", " : "", (int)strcspn(network->proxy.items[i], "="), network->proxy.items[i]);
	step_set_outcome(step, "%s; %zu %s", names.len ? str_text(&names) : "no proxy", network->certificates.count,
			 network->certificates.count == 1 ? "authority" : "authorities");
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct guest_network *network = step->job;
	AUTO(generation) g = {.number = 0};
	TRY(step_generation(step_need(step, "generation"), &g));
	TRY(network_tell(step->context->machine, g.dir, network, sink, step->id));
	set_outcome(step, network);
	return NULL;
}

const struct step_kind kind_network = {
	.name = "network",
	.title = "carry over proxies and authorities",
	.weight = STEP_MACHINE,
	.observe = observe,
	.perform = perform,
};

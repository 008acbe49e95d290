/* The stack's ports of a machine that runs already: they need no restart. One that starts has them from its record. */
#include "machine/machine.h"
#include "machine/record.h"
#include "step/context.h"
#include "step/outputs.h"

static struct err *inputs(const struct step *step, struct json *inputs)
{
	machine_spec_inputs(step->context->machine, SPEC_LIVE, inputs);
	return NULL;
}

static bool same_ports(const struct machine_spec *a, const struct machine_spec *b)
{
	AUTO_JSON *of_a = machine_spec_ports(a);
	AUTO_JSON *of_b = machine_spec_ports(b);
	AUTO_FREE char *line_a = js_line(of_a);
	AUTO_FREE char *line_b = js_line(of_b);
	return streq(line_a, line_b);
}

/* The record of a machine that runs is what its supervisor has: it writes it when it is told of others. */
static struct err *observe(const struct step *step, struct observed *seen)
{
	const struct machine_spec *m = step->context->machine;
	AUTO(machine_spec) now = {.name = NULL};
	AUTO(generation) g = {.number = 0};
	AUTO_JSON *boot = NULL;
	bool running = false;
	TRY(step_generation_find(step_need(step, "generation"), &g, NULL));
	TRY(machine_boot_read(m->dir, &boot));
	TRY(machine_running(m->dir, &running, NULL));
	seen->verb = "forward";
	seen->present = true;
	if (!running || !g.number || !streq(js_get_text(boot, "key"), step_need(step, "boot")->key))
		return NULL; /* a start has them */
	struct err *e = machine_record_read(g.dir, &now);
	if (err_is(e, ERR_CANCELED))
		return e;
	seen->present = !e && same_ports(m, &now);
	if (!seen->present) /* what cannot be read is written anew */
		seen->note = e ? mem_printf("what the machine has cannot be read: %s", e->message)
			       : mem_strdup("the machine has other ports");
	err_free(e);
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink UNUSED)
{
	const struct machine_spec *m = step->context->machine;
	TRY(machine_forward(m->dir, m));
	step_set_outcome(step, m->port_count == 1 ? "1 port" : "%zu ports", m->port_count);
	return NULL;
}

const struct step_kind kind_ports = {
	.name = "ports",
	.title = "forward the stack's ports",
	.weight = STEP_MACHINE,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
};

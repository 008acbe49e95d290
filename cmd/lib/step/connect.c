/* The clients on the host, told where the machine is: by sockets in its folder, which are the same after every boot. */
#include "machine/clients.h"
#include "step/context.h"
#include "step/kind.h"

static void describe(const struct step *step, struct str *title)
{
	struct clients wanted = clients_of(step->context->stack);
	const char *const names[] = {wanted.podman ? "podman" : NULL, wanted.docker ? "docker" : NULL, wanted.socket};
	const char *between = "connect ";
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!names[i])
			continue;
		str_addf(title, "%s%s", between, names[i]);
		between = " and ";
	}
	if (!title->len)
		str_add(title, "connect no client");
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	struct clients wanted = clients_of(step->context->stack);
	js_set_bool(inputs, "podman", wanted.podman);
	js_set_bool(inputs, "docker", wanted.docker);
	if (wanted.socket)
		js_set_text(inputs, "socket", wanted.socket);
	return NULL;
}

static struct err *observe(const struct step *step, struct observed *seen)
{
	return clients_told(step->context->machine, clients_of(step->context->stack), &seen->present);
}

static struct err *perform(struct step *step, struct sink *sink)
{
	AUTO(str) outcome = STR_INIT;
	TRY(clients_tell(step->context->machine, clients_of(step->context->stack), sink, &outcome));
	step_set_outcome(step, "%s", str_text(&outcome));
	return NULL;
}

const struct step_kind kind_connect = {
	.name = "connect",
	.weight = STEP_MACHINE,
	.describe = describe,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
};

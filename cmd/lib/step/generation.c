/* A generation: the OS disk and what its first boot is told. */
#include <unistd.h>

#include "base/path.h"
#include "machine/fit.h"
#include "machine/ignition.h"
#include "machine/keys.h"
#include "machine/machine.h"
#include "step/context.h"
#include "step/outputs.h"
#include "sys/file.h"

struct err *step_generation(const struct step *generation, struct generation *ret_generation)
{
	const struct machine_spec *m = generation->context->machine;
	TRY(generation_made(m->dir, generation->key, ret_generation));
	if (ret_generation->number)
		return NULL;
	return err_new(ERR_ABSENT, "the machine '%s' has no generation of this stack", m->name);
}

static struct err *inputs(const struct step *step, struct json *inputs)
{
	machine_spec_inputs(step->context->machine, SPEC_GENERATION, inputs);
	return NULL;
}

/* One that never came up is not to be trusted, unless it is coming up just now. */
static struct err *find(const struct step *step, struct generation *g)
{
	const char *dir = step->context->machine->dir;
	AUTO(generation) made = {.number = 0};
	struct machine_status status;
	TRY(generation_find(dir, step->key, g));
	bool running = false;
	TRY(machine_running(dir, &running, NULL));
	if (g->number || !running)
		return NULL;
	TRY(generation_made(dir, step->key, &made));
	struct err *e = machine_status(dir, &status);
	if (err_is(e, ERR_CANCELED))
		return e;
	if (!e && made.number && status.generation == made.number) {
		*g = made;
		made = (struct generation){.number = 0};
	}
	err_free(e);
	return NULL;
}

static struct err *observe(const struct step *step, struct observed *seen)
{
	AUTO(generation) g = {.number = 0};
	TRY(find(step, &g));
	seen->present = g.number > 0;
	return NULL;
}

static struct err *make_ignition(const struct step_context *c, char **ret_text)
{
	const struct machine_spec *m = c->machine;
	AUTO_FREE char *client = NULL;
	AUTO_FREE char *host = NULL;
	AUTO_FREE char *host_public = NULL;
	TRY(keys_make(m->dir, m->name));
	TRY(keys_read(m->dir, KEY_CLIENT, /* public_half= */ true, &client));
	TRY(keys_read(m->dir, KEY_HOST, /* public_half= */ false, &host));
	TRY(keys_read(m->dir, KEY_HOST, /* public_half= */ true, &host_public));
	struct ignition_input input = ignition_input_of(m);
	input.uid = (int)getuid();
	input.authorized_key = client;
	input.host_key = host;
	input.host_key_public = host_public;
	return machine_ignition(&input, ret_text);
}

static struct err *check_firmware(const struct step_context *c)
{
	const struct machine_spec *m = c->machine;
	bool there = false;
	if (m->boot == BOOT_UEFI)
		TRY(file_exists(m->firmware_code, &there));
	if (m->boot != BOOT_UEFI || there)
		return NULL;
	return err_hint(err_new(ERR_ABSENT, "the emulator '%s' comes without UEFI firmware for %s guests",
				c->emulator->name, arch_name(m->guest_arch)),
			"use another emulator, or add `share/qemu/%s` to what its recipe installs",
			path_base(m->firmware_code));
}

static struct err *perform(struct step *step, struct sink *sink)
{
	const struct machine_spec *m = step->context->machine;
	AUTO_FREE char *log = path_join(m->dir, "log");
	AUTO_FREE char *ignition = NULL;
	AUTO(generation) g = {.number = 0};
	TRY(check_firmware(step->context));
	TRY(dir_make(m->dir, 0700));
	TRY(dir_make(log, 0700));
	TRY(machine_fit(m, step->context->vmm));
	TRY(machine_stop_noted(m->dir, step->id, sink));
	TRY(make_ignition(step->context, &ignition));
	struct generation_input input = {.spec = m, .vmm = step->context->vmm, .key = step->key, .ignition = ignition};
	TRY(generation_make(&input, &g));
	step_set_outcome(step, "generation %d", g.number);
	return NULL;
}

const struct step_kind kind_generation = {
	.name = "generation",
	.title = "create a new OS disk",
	.weight = STEP_MACHINE,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
};

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

/* Whether it has to be made anew, and why; what could not be looked at is an error, not damage. */
static struct err *is_damaged(const struct step *generation, const struct generation *g, char **ret_why)
{
	struct err *e = generation_check(g, generation->context->machine, generation->context->vmm);
	if (!err_is(e, ERR_CORRUPT) && !err_is(e, ERR_ABSENT))
		return e;
	*ret_why = mem_strdup(e->message);
	return err_free(e);
}

struct err *step_generation(const struct step *generation, struct generation *ret_generation)
{
	const struct machine_spec *m = generation->context->machine;
	AUTO(generation) g = {.number = 0};
	AUTO_FREE char *why = NULL;
	TRY(generation_made(m->dir, generation->key, &g));
	if (!g.number)
		return err_new(ERR_ABSENT, "the machine '%s' has no generation of this stack", m->name);
	TRY(is_damaged(generation, &g, &why));
	if (why)
		return err_new(ERR_ABSENT, "%s", why);
	*ret_generation = g;
	g = (struct generation){.number = 0};
	return NULL;
}

/* Another number where a machine whose first boot was the one before cannot be brought there by a restart. */
#define FIRST_BOOT "2"

static struct err *inputs(const struct step *step, struct json *inputs)
{
	js_set_text(inputs, "first boot", FIRST_BOOT);
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

struct err *step_generation_find(const struct step *generation, struct generation *ret_generation, char **ret_why)
{
	AUTO(generation) g = {.number = 0};
	AUTO_FREE char *why = NULL;
	TRY(find(generation, &g));
	if (g.number)
		TRY(is_damaged(generation, &g, &why));
	*ret_generation = why ? (struct generation){.number = 0} : g;
	if (!why)
		g = (struct generation){.number = 0};
	if (ret_why)
		*ret_why = TAKE(why);
	return NULL;
}

static struct err *observe(const struct step *step, struct observed *seen)
{
	AUTO(generation) g = {.number = 0};
	TRY(step_generation_find(step, &g, &seen->note));
	seen->present = g.number > 0;
	return NULL;
}

/* What is damaged must not be found again. */
static struct err *drop_damaged(const struct step *step)
{
	for (;;) {
		AUTO(generation) g = {.number = 0};
		AUTO_FREE char *why = NULL;
		TRY(generation_made(step->context->machine->dir, step->key, &g));
		if (g.number)
			TRY(is_damaged(step, &g, &why));
		if (!why)
			return NULL;
		TRY(tree_retract(g.dir));
	}
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
	*ret_text = machine_ignition(&input);
	return NULL;
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
	TRY(fit_programs(m->name));
	TRY(machine_fit(m, step->context->vmm));
	TRY(machine_stop_noted(m->dir, step->id, sink));
	TRY(drop_damaged(step));
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

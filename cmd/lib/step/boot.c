/* The machine, running the stack's generation with the stack's settings. */
#include "machine/machine.h"
#include "machine/pause.h"
#include "machine/record.h"
#include "step/context.h"
#include "step/outputs.h"

static struct err *inputs(const struct step *step, struct json *inputs)
{
	machine_spec_inputs(step->context->machine, SPEC_BOOT, inputs);
	return NULL;
}

/* It is the stack's own boot that stands still: it goes on, and is not started anew. */
static bool stands_still(const struct step *step, enum vmm_pause *ret_pause)
{
	const struct machine_spec *m = step->context->machine;
	AUTO_JSON *boot = machine_boot_read(m->dir);
	struct machine_status status;
	struct err *e = machine_status(m->dir, &status);
	*ret_pause = status.pause;
	bool known = !e;
	err_free(e);
	return known && status.pause != VMM_GOES_ON && streq(js_get_text(boot, "key"), step->key);
}

/* One whose supervisor says nothing has to be started anew. */
static bool is_mute(const char *machine_dir)
{
	struct machine_status status;
	struct err *e = machine_status(machine_dir, &status);
	bool mute = e && !err_is(e, ERR_CANCELED);
	err_free(e);
	return mute;
}

static struct err *observe(const struct step *step, struct observed *seen)
{
	const struct machine_spec *m = step->context->machine;
	AUTO_JSON *boot = machine_boot_read(m->dir);
	AUTO(generation) g = {.number = 0};
	enum vmm_pause pause;
	TRY(generation_find(m->dir, step_need(step, "generation")->key, &g));
	bool running = machine_running(m->dir, NULL);
	bool same = running && streq(js_get_text(boot, "key"), step->key);
	bool still = same && g.number && stands_still(step, &pause);
	bool mute = same && g.number && is_mute(m->dir);
	seen->present = same && g.number && !still && !mute;
	seen->verb = still ? "resume" : running ? "restart" : "start";
	if (!running)
		seen->note = mem_strdup("the machine is not running");
	else if (still)
		seen->note = mem_printf("it is paused: %s", pause_words(pause));
	else if (mute)
		seen->note = mem_strdup("its supervisor does not answer");
	else /* a new OS disk stops the machine; whose settings differ is told where this stack's last ones are known */
		seen->note = mem_strdup(same ? "its OS disk is to be made again" : "it runs with other settings");
	return NULL;
}

static struct err *perform(struct step *step, struct sink *sink)
{
	struct machine_spec m = *step->context->machine; /* borrows all but the generation's folder */
	AUTO(generation) g = {.number = 0};
	enum vmm_pause pause;
	struct machine_status status;
	TRY(step_generation(step_need(step, "generation"), &g));
	if (stands_still(step, &pause)) {
		TRY(machine_resume(m.dir));
		step_set_outcome(step, "it goes on");
		return NULL;
	}
	TRY(machine_stop_noted(m.dir, step->id, sink));
	TRY(disk_make_data(&m, step->context->vmm, sink));
	m.gen_dir = g.dir;
	TRY(machine_record_write(&m));
	TRY(machine_boot(&m, g.number, step->key, step->id, sink, &status));
	step_set_outcome(step, "generation %d under %s, ssh on 127.0.0.1:%d", g.number, status.accel, status.ssh_port);
	return NULL;
}

static void host_packages(const struct step *step, struct strs *names)
{
	if (step->context->facts->os != OS_MACOS)
		strs_add(names, "openssh-client");
}

const struct step_kind kind_boot = {
	.name = "boot",
	.title = "boot the machine",
	.weight = STEP_MACHINE,
	.inputs = inputs,
	.observe = observe,
	.perform = perform,
	.host_packages = host_packages,
};

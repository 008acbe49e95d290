/* The machine, running the stack's generation with the stack's settings. */
#include "machine/data_disk.h"
#include "machine/fit.h"
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

/* What the machine does, for this stack. */
enum boot_state {
	STATE_OFF,
	STATE_OTHER, /* it runs, but not as the stack wants it */
	STATE_LOST,  /* so does it, but its disk is to be made again */
	STATE_MUTE,  /* its supervisor does not answer */
	STATE_STILL, /* it is the stack's own boot, and stands still */
	STATE_UNDER_WAY,
	STATE_FILES, /* it runs, and the files by which it is reached are damaged */
	STATE_DONE,
};

static struct err *look(const struct step *step, const struct generation *g, struct machine_status *status,
			enum boot_state *ret_state)
{
	const struct machine_spec *m = step->context->machine;
	AUTO_JSON *boot = NULL;
	TRY(machine_boot_read(m->dir, &boot));
	*status = (struct machine_status){.running = false};
	TRY(machine_running(m->dir, &status->running, NULL));
	if (!status->running || !streq(js_get_text(boot, "key"), step->key) || !g->number) {
		bool same = streq(js_get_text(boot, "key"), step->key);
		*ret_state = !status->running ? STATE_OFF : same ? STATE_LOST : STATE_OTHER;
		return NULL;
	}
	struct err *e = machine_status(m->dir, status);
	if (e && !err_is(e, ERR_CANCELED)) {
		*ret_state = STATE_MUTE;
		return err_free(e);
	}
	TRY(e);
	if (!status->running)
		*ret_state = STATE_OFF;
	else if (status->generation && status->generation != g->number)
		*ret_state = STATE_OTHER;
	else if (status->pause != VMM_GOES_ON)
		*ret_state = STATE_STILL;
	else if (!status->ready || !js_get(boot, "instance"))
		*ret_state = STATE_UNDER_WAY;
	else
		*ret_state = ssh_files_whole(m, status->ssh_port) ? STATE_DONE : STATE_FILES;
	return NULL;
}

/* The settings that differ are told where this stack's last ones are known. */
static const struct {
	const char *verb, *note;
} words[] = {
	[STATE_OFF] = {"start", "the machine is not running"},
	[STATE_OTHER] = {"restart", "it runs with other settings"},
	[STATE_LOST] = {"restart", "its OS disk is to be made again"},
	[STATE_MUTE] = {"restart", "its supervisor does not answer"},
	[STATE_STILL] = {"resume", "it is paused: "},
	[STATE_UNDER_WAY] = {"await", "it is booting"},
	[STATE_FILES] = {"repair", "its ssh files are damaged"},
	[STATE_DONE] = {"start", NULL},
};

static struct err *observe(const struct step *step, struct observed *seen)
{
	AUTO(generation) g = {.number = 0};
	struct machine_status status;
	enum boot_state state;
	TRY(step_generation_find(step_need(step, "generation"), &g, NULL));
	TRY(look(step, &g, &status, &state));
	seen->present = state == STATE_DONE;
	seen->verb = words[state].verb;
	if (words[state].note)
		seen->note =
			mem_printf("%s%s", words[state].note, state == STATE_STILL ? pause_words(status.pause) : "");
	return NULL;
}

/* Record and boot @m, whose generation is @g; what it is stopped for was judged before. */
static struct err *boot_anew(struct step *step, struct machine_spec *m, const struct generation *g, struct sink *sink,
			     struct machine_status *status)
{
	const struct vmm *vmm = step->context->vmm;
	TRY(fit_programs(m->name));
	TRY(machine_fit(m, vmm));
	TRY(machine_stop_noted(m->dir, step->id, sink));
	TRY(data_disk_prepare(m, vmm));
	m->gen_dir = g->dir;
	m->boot_key = step->key;
	TRY(machine_record_write(m));
	return machine_boot(m, g->number, step->id, sink, status);
}

static struct err *perform(struct step *step, struct sink *sink)
{
	struct machine_spec m = *step->context->machine; /* borrows all but what this boot is */
	AUTO(generation) g = {.number = 0};
	struct machine_status status;
	enum boot_state state;
	TRY(step_generation(step_need(step, "generation"), &g));
	TRY(look(step, &g, &status, &state));
	if (state == STATE_STILL) {
		TRY(machine_resume(m.dir));
		step_set_outcome(step, "it goes on");
		return NULL;
	}
	if (state == STATE_FILES)
		TRY(ssh_files_write(&m, status.ssh_port));
	else if (state == STATE_UNDER_WAY)
		TRY(machine_boot(&m, g.number, step->id, sink, &status));
	else if (state != STATE_DONE)
		TRY(boot_anew(step, &m, &g, sink, &status));
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

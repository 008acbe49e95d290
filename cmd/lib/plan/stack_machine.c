/* The machine's steps: generation, boot, guest steps, connection, canaries. */
#include "plan/stack_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "fmt/digest.h"
#include "guest/guest.h"
#include "guest/handlers.h"
#include "guest/prove.h"
#include "machine/control.h"
#include "machine/disk.h"
#include "machine/ignition.h"
#include "machine/ignition_merge.h"
#include "machine/keys.h"
#include "machine/record.h"
#include "plan/machine.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/lock.h"

enum { GUEST_STEP_MS = 30 * 60 * 1000 };

/* A step for each entry of the stack's `steps:`; the graph's data pointer. */
struct guest_job {
	struct stack *stack;
	const struct guest_step *step;
	char digest[SHA256_HEX];
};

/* --- what the machine is made of --- */

static char *in_store(const struct stack *s, const char *key, char *take_name, const char *file)
{
	AUTO_FREE char *name = take_name;
	AUTO_FREE char *dir = store_path(&s->p->home, key, name);
	return path_join(dir, file);
}

static char *in_image(const struct stack *s, const char *file)
{
	return in_store(s, s->image_step->key, image_name(s->p->image, s->p->guest_arch), file);
}

static void fill_image_parts(struct stack *s, struct machine_spec *m)
{
	const struct recipe *image = s->p->image;
	m->image = mem_printf("%s-%s", image->name, image->version);
	m->base_disk = in_image(s, image_disk_file(image));
	if (image->image.debian_suite) {
		m->kernel = in_image(s, "vmlinuz");
		m->initrd = in_image(s, "initrd.img");
	}
}

/* A folder as recipes name it: below the user's home, below the stack's folder, or absolute. */
static char *host_folder(const struct stack *s, const char *text)
{
	const char *home = getenv("HOME");
	if (text[0] == '~' && home)
		return text[1] ? path_join(home, text + 2) : mem_strdup(home);
	if (text[0] != '.')
		return mem_strdup(text);
	AUTO_FREE char *dir = path_dir(s->p->stack->path);
	AUTO_FREE char *from = file_absolute(dir);
	return text[1] ? path_join(from, text + 2) : TAKE(from);
}

static struct err *fill_spec(struct stack *s)
{
	struct machine_spec *m = &s->spec;
	AUTO_FREE char *keg = stack_keg(s);
	machine_spec_copy(m, s->p->stack, s->p->image);
	for (size_t i = 0; i < m->mount_count; i++) {
		AUTO_FREE char *given = m->mounts[i].host;
		m->mounts[i].host = host_folder(s, given);
	}
	m->guest_arch = mem_strdup(s->p->guest_arch);
	TRY(vmm_choose(m, &s->p->facts, &s->vmm));
	s->vmm->parts(keg, m);
	m->qemu_version = mem_strdup(s->p->emulator->version);
	for (size_t i = 0; i < s->p->emulator->patch_count; i++)
		strs_copy(&m->qemu_provides, &s->p->emulator->patches[i].provides);
	m->dir = path_join(s->p->home.machines, m->name);
	m->gen_dir = path_join(m->dir, "gen-1"); /* until a boot finds the real one */
	fill_image_parts(s, m);
	if (s->emulators_step)
		m->emulator_iso =
			in_store(s, s->emulators_step->key, emulators_name(s->p->guest_arch), "emulators.iso");
	return NULL;
}

/* The user's own Ignition configuration lies beside the stack; what it cannot hold is said before anything is done. */
static struct err *read_ignition(struct stack *s)
{
	const struct recipe *image = s->p->image;
	const char *file = s->p->stack->stack.ignition;
	AUTO_FREE char *dir = path_dir(s->p->stack->path);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *ours = NULL;
	if (!file)
		return NULL;
	path = path_join(dir, file);
	struct ignition_input input = {.spec = &s->spec,
				       .os = guest_os_of_image(image->name),
				       .uid = 1000,
				       .authorized_key = "",
				       .host_key = "",
				       .host_key_public = "",
				       .emulators = s->spec.emulator_iso != NULL};
	struct ignition_limits limits = ignition_limits(input.os, image->version);
	TRY(machine_ignition(&input, &ours));
	struct err *e = ignition_read(path, &limits, ours, &s->spec.ignition);
	return err_is(e, ERR_ABSENT) ? err_hint(e, "'ignition' in '%s' names it", s->p->stack->path) : e;
}

/* --- generation --- */

static struct err *observe_generation(struct step *step, struct observed *seen)
{
	struct stack *s = step->data;
	AUTO(generation) g = GENERATION_INIT;
	TRY(generation_find(s->spec.dir, step->key, &g));
	seen->present = g.number > 0;
	return NULL;
}

static struct err *stop_machine(const struct machine_spec *m, const char *step, struct sink *sink)
{
	bool was_running = false;
	TRY(machine_stop(m->dir, MACHINE_STOP_MS, &was_running));
	if (was_running)
		event_note(sink, step, "the machine was stopped");
	return NULL;
}

static struct err *make_ignition(const struct stack *s, char **ret_text)
{
	const struct machine_spec *m = &s->spec;
	AUTO_FREE char *client = NULL;
	AUTO_FREE char *host = NULL;
	AUTO_FREE char *host_public = NULL;
	TRY(keys_make(m->dir, m->name));
	TRY(keys_read(m->dir, KEY_CLIENT, /* public_half= */ true, &client));
	TRY(keys_read(m->dir, KEY_HOST, /* public_half= */ false, &host));
	TRY(keys_read(m->dir, KEY_HOST, /* public_half= */ true, &host_public));
	struct ignition_input input = {.spec = m,
				       .os = guest_os_of_image(s->p->image->name),
				       .uid = (int)getuid(),
				       .authorized_key = client,
				       .host_key = host,
				       .host_key_public = host_public,
				       .emulators = m->emulator_iso != NULL};
	return machine_ignition(&input, ret_text);
}

static struct err *check_firmware(const struct stack *s)
{
	if (s->spec.boot == BOOT_UEFI && !file_exists(s->spec.firmware_code))
		return err_hint(err_new(ERR_ABSENT, "the emulator '%s' comes without UEFI firmware for %s guests",
					s->p->emulator->name, s->spec.guest_arch),
				"take another emulator, or add `share/qemu/%s` to what its recipe installs",
				path_base(s->spec.firmware_code));
	return NULL;
}

static struct err *perform_generation(struct step *step, struct sink *sink)
{
	struct stack *s = step->data;
	struct machine_spec *m = &s->spec;
	AUTO_FREE char *log = path_join(m->dir, "log");
	AUTO_FREE char *ignition = NULL;
	AUTO(generation) g = GENERATION_INIT;
	TRY(check_firmware(s));
	TRY(dir_make(m->dir, 0700));
	TRY(dir_make(log, 0700));
	TRY(stop_machine(m, step->id, sink));
	TRY(make_ignition(s, &ignition));
	struct generation_input input = {.spec = m, .vmm = s->vmm, .key = step->key, .ignition = ignition};
	TRY(generation_make(&input, &g));
	step_set_outcome(step, "generation %d", g.number);
	return NULL;
}

/* The generation that this stack boots: the booted one with its key, else the one just made. */
static struct err *find_generation(const struct stack *s, struct generation *g)
{
	TRY(generation_find(s->spec.dir, s->generation_step->key, g));
	if (g->number)
		return NULL;
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(s->spec.dir, &names));
	for (size_t i = names.count; i > 0; i--) {
		int64_t number = 0;
		if (!str_starts(names.items[i - 1], "gen-") || !num_parse(names.items[i - 1] + 4, 1, 1 << 30, &number))
			continue;
		generation_done(g);
		*g = (struct generation)GENERATION_INIT;
		TRY(generation_load(s->spec.dir, (int)number, g));
		if (streq(g->key, s->generation_step->key))
			return NULL;
	}
	return err_new(ERR_ABSENT, "the machine '%s' has no generation of this stack", s->spec.name);
}

static struct step *add_generation(struct stack *s)
{
	struct step *step = graph_add(&s->graph, "generation", "make a new OS disk", STEP_MACHINE);
	step->observe = observe_generation;
	step->perform = perform_generation;
	step->data = s;
	machine_spec_inputs(&s->spec, SPEC_GENERATION, step->inputs);
	step_needs(step, s->build_step);
	step_needs(step, s->image_step);
	step_needs(step, s->emulators_step);
	step_seal(step);
	return step;
}

/* --- boot --- */

static struct err *observe_boot(struct step *step, struct observed *seen)
{
	struct stack *s = step->data;
	AUTO_JSON *boot = machine_boot_read(s->spec.dir);
	AUTO_FREE char *lock = path_join(s->spec.dir, "lock");
	bool running = lock_held(lock, NULL);
	seen->present = running && streq(js_get_text(boot, "key"), step->key);
	free(step->verb);
	step->verb = mem_strdup(running ? "restart" : "start");
	if (!running)
		seen->note = mem_strdup("the machine is not running");
	return NULL;
}

static struct err *perform_boot(struct step *step, struct sink *sink)
{
	struct stack *s = step->data;
	AUTO(generation) g = GENERATION_INIT;
	AUTO(str) outcome = STR_INIT;
	struct machine_status status;
	TRY(find_generation(s, &g));
	TRY(stop_machine(&s->spec, step->id, sink));
	TRY(disk_make_data(&s->spec, s->vmm, sink));
	free(s->spec.gen_dir);
	s->spec.gen_dir = mem_strdup(g.dir);
	TRY(machine_record_write(&s->spec));
	TRY(machine_boot(&s->spec, g.number, step->key, step->id, sink, &status));
	str_addf(&outcome, "generation %d under %s, ssh on 127.0.0.1:%d", g.number, status.accel, status.ssh_port);
	step_set_outcome(step, "%s", str_text(&outcome));
	return NULL;
}

static struct step *add_boot(struct stack *s)
{
	struct step *step = graph_add(&s->graph, "boot", "boot the machine", STEP_MACHINE);
	step->observe = observe_boot;
	step->perform = perform_boot;
	step->data = s;
	machine_spec_inputs(&s->spec, SPEC_BOOT, step->inputs);
	step_needs(step, s->generation_step);
	step_seal(step);
	return step;
}

/* --- guest steps --- */

static char *mark_path(const struct stack *s, const char *kind, const char *name)
{
	return mem_printf("%s/%s-%s.done", s->spec.dir, kind, name);
}

/* A mark holds the boot's or generation's identity and the step's digest: either changing makes it void. */
static struct err *write_mark(const struct stack *s, const char *kind, const char *name, const char *text)
{
	AUTO_FREE char *path = mark_path(s, kind, name);
	return file_write(path, text, strlen(text), 0600);
}

static bool mark_holds(const struct stack *s, const char *kind, const char *name, const char *text)
{
	AUTO_FREE char *path = mark_path(s, kind, name);
	AUTO_FREE char *found = NULL;
	struct err *e = file_read(path, 4096, &found, NULL);
	bool holds = !e && streq(found, text);
	err_free(e);
	return holds;
}

static struct err *observe_guest_step(struct step *step, struct observed *seen)
{
	struct guest_job *job = step->data;
	seen->present = mark_holds(job->stack, "step", job->step->name, step->key);
	return NULL;
}

static struct err *perform_guest_step(struct step *step, struct sink *sink)
{
	struct guest_job *job = step->data;
	struct stack *s = job->stack;
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO_FREE char *files = path_dir(s->p->stack->path);
	enum guest_outcome outcome = GUEST_SAME;
	machine_ssh_open(s->spec.dir, s->spec.name, &ssh);
	AUTO(guest)
	guest = {.ssh = ssh.ssh, .files_dir = files, .deadline_ms = GUEST_STEP_MS, .sink = sink, .step = step->id};
	TRY(guest_open(&guest));
	TRY(guest_step_run(&guest, job->step, &outcome));
	step_set_outcome(step, "%s", guest_outcome_text(outcome));
	return write_mark(s, "step", job->step->name, step->key);
}

/* A file that is copied into the guest is part of what the step is. */
static struct err *digest_guest_step(const struct stack *s, const struct guest_step *g, char ret_hex[SHA256_HEX])
{
	char file[SHA256_HEX];
	if (g->write_from) {
		AUTO_FREE char *dir = path_dir(s->p->stack->path);
		AUTO_FREE char *path = path_join(dir, g->write_from);
		TRY(digest_file(path, file, NULL));
	}
	guest_step_digest(g, g->write_from ? file : NULL, ret_hex);
	return NULL;
}

static struct err *add_guest_step(struct stack *s, const struct guest_step *g, struct guest_job *job,
				  struct step **last)
{
	AUTO_FREE char *id = mem_printf("step:%s", g->name);
	AUTO_FREE char *title = mem_printf("guest step %s", g->name);
	struct step *step = graph_add(&s->graph, id, title, STEP_MACHINE);
	*job = (struct guest_job){.stack = s, .step = g};
	TRY(digest_guest_step(s, g, job->digest));
	step->observe = observe_guest_step;
	step->perform = perform_guest_step;
	step->data = job;
	js_set_text(step->inputs, "content", job->digest);
	js_set_text(step->inputs, "generation", s->generation_step->key);
	step_seal(step);
	/* It runs after the boot and the step before it, but is not done again because of them. */
	step_needs(step, s->boot_step);
	if (*last != s->boot_step)
		step_needs(step, *last);
	*last = step;
	return NULL;
}

/* --- handlers that the guest itself has --- */

static struct err *observe_handlers(struct step *step, struct observed *seen)
{
	seen->present = mark_holds(step->data, "handlers", "guest", step->key);
	return NULL;
}

static struct err *perform_handlers(struct step *step, struct sink *sink)
{
	struct stack *s = step->data;
	AUTO(machine_ssh) ssh = {.config = NULL};
	bool changed = false;
	machine_ssh_open(s->spec.dir, s->spec.name, &ssh);
	AUTO(guest) guest = {.ssh = ssh.ssh, .deadline_ms = GUEST_STEP_MS, .sink = sink, .step = step->id};
	TRY(guest_open(&guest));
	TRY(handlers_ensure(&guest, s->spec.provider, &s->foreign, &changed));
	step_set_outcome(step, "%s", changed ? "corrected" : "as wanted");
	return write_mark(s, "handlers", "guest", step->key);
}

/* NULL when none is needed, or when Ignition registers those of our own device. */
static struct step *add_handlers(struct stack *s)
{
	if (!s->foreign.count || s->emulators_step)
		return NULL;
	struct step *step = graph_add(&s->graph, "handlers", "see to handlers for foreign programs", STEP_MACHINE);
	AUTO_FREE char *archs = strs_join(&s->foreign, " ");
	step->observe = observe_handlers;
	step->perform = perform_handlers;
	step->data = s;
	js_set_text(step->inputs, "architectures", archs);
	js_set_text(step->inputs, "provider", s->spec.provider ? s->spec.provider : "auto");
	js_set_text(step->inputs, "generation", s->generation_step->key);
	step_seal(step);
	step_needs(step, s->boot_step);
	return step;
}

/* --- connection and canaries --- */

static struct err *observe_connect(struct step *step, struct observed *seen)
{
	struct stack *s = step->data;
	seen->present = machine_connected(s->spec.dir);
	return NULL;
}

static struct err *perform_connect(struct step *step, struct sink *sink)
{
	struct stack *s = step->data;
	bool connected = false;
	TRY(machine_connect(&s->spec, sink, &connected));
	step_set_outcome(step, connected ? "podman --connection %s" : "no podman on this host, machine %s",
			 s->spec.name);
	return NULL;
}

static struct err *observe_canary(struct step *step, struct observed *seen)
{
	struct stack *s = step->data;
	AUTO_JSON *boot = machine_boot_read(s->spec.dir);
	const char *instance = js_get_text(boot, "instance");
	AUTO_JSON *proofs = machine_proofs_read(s->spec.dir);
	seen->present = instance && streq(js_get_text(proofs, "instance"), instance);
	return NULL;
}

/* The generation that proved itself becomes the current one; the one before is kept for a rollback. */
static struct err *perform_canary(struct step *step, struct sink *sink)
{
	struct stack *s = step->data;
	AUTO(generation) g = GENERATION_INIT;
	AUTO(str) outcome = STR_INIT;
	TRY(machine_prove(&s->spec, step->id, sink, &outcome));
	TRY(find_generation(s, &g));
	TRY(generation_switch(s->spec.dir, g.number));
	TRY(generation_prune(s->spec.dir));
	step_set_outcome(step, "%s", str_text(&outcome));
	return NULL;
}

static struct step *add_connect(struct stack *s)
{
	struct step *step = graph_add(&s->graph, "connect", "connect podman", STEP_MACHINE);
	step->observe = observe_connect;
	step->perform = perform_connect;
	step->data = s;
	step->always_follows = true; /* the ssh port may be another after a boot */
	step_seal(step);
	step_needs(step, s->boot_step);
	return step;
}

struct err *stack_add_machine(struct stack *s)
{
	const struct stack_recipe *r = &s->p->stack->stack;
	TRY(fill_spec(s));
	TRY(read_ignition(s));
	s->generation_step = add_generation(s);
	s->boot_step = add_boot(s);
	struct step *handlers = add_handlers(s);
	struct step *canary = graph_add(&s->graph, "canary", "run the canaries", STEP_MACHINE);
	canary->observe = observe_canary;
	canary->perform = perform_canary;
	canary->data = s;
	canary->always_follows = true; /* every boot is proved */
	step_seal(canary);
	step_needs(canary, s->boot_step);
	step_needs(canary, handlers);
	struct step *last = handlers ? handlers : s->boot_step;
	s->guest_jobs = mem_array(r->step_count, sizeof(*s->guest_jobs));
	for (size_t i = 0; i < r->step_count; i++) {
		TRY(add_guest_step(s, &r->steps[i], &s->guest_jobs[i], &last));
		step_needs(canary, last);
	}
	if (r->connect_podman)
		step_needs(canary, add_connect(s));
	s->goal = canary;
	return NULL;
}

void stack_machine_done(struct stack *s)
{
	machine_spec_done(&s->spec);
	free(s->guest_jobs);
}

char *stack_keg(const struct stack *s)
{
	AUTO_FREE char *name = build_name(s->p->emulator, s->p->guest_arch);
	return store_path(&s->p->home, s->build_step->key, name);
}

struct err *stack_summary(const struct stack *s, struct strs *lines)
{
	AUTO_JSON *receipt = NULL;
	AUTO_JSON *proofs = machine_proofs_read(s->spec.dir);
	AUTO_FREE char *name = build_name(s->p->emulator, s->p->guest_arch);
	AUTO_FREE char *keg = stack_keg(s);
	TRY(store_receipt(&s->p->home, s->build_step->key, name, &receipt));
	const char *version = js_as_text(js_at(js_get(receipt, "tests"), 0));
	strs_addf(lines, "machine '%s': %s guest under %s", s->spec.name, s->spec.guest_arch,
		  version ? version : s->p->emulator->version);
	strs_addf(lines, "emulator: %s", keg);
	const struct json *list = js_get(proofs, "proofs");
	for (size_t i = 0; i < js_count(list); i++) {
		const struct json *p = js_at(list, i);
		const char *level = js_get_text(p, "level");
		strs_addf(lines, "canary in a container: %s (asked for %s)%s%s", js_get_text(p, "container"),
			  js_get_text(p, "arch"), level && *level ? ", instructions of " : "", level ? level : "");
	}
	return NULL;
}

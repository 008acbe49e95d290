#include "machine/machine.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "guest/prove.h"
#include "sys/file.h"
#include "sys/os.h"

#define PROOFS_FILE "proofs.json"

enum { START_DEADLINE_MS = 30 * 60 * 1000 };

static struct err *read_note(const char *machine_dir, const char *name, struct json **ret_note)
{
	AUTO_FREE char *path = path_join(machine_dir, name);
	struct json *note = NULL;
	struct err *e = js_read(path, &note);
	if (err_is(e, ERR_OS))
		return e;
	err_free(e); /* gone or damaged: the step that writes it runs again */
	*ret_note = note ? note : js_object();
	return NULL;
}

static struct err *write_note(const char *machine_dir, const char *name, const struct json *note)
{
	AUTO_FREE char *path = path_join(machine_dir, name);
	return js_write(path, note, 0600);
}

struct err *machine_proofs_read(const char *machine_dir, struct json **ret_note)
{
	AUTO_JSON *boot = NULL;
	AUTO_JSON *proofs = NULL;

	TRY(machine_boot_read(machine_dir, &boot));
	TRY(read_note(machine_dir, PROOFS_FILE, &proofs));
	const char *instance = js_get_text(boot, "instance");
	*ret_note = instance && streq(instance, js_get_text(proofs, "instance")) ? TAKE(proofs) : NULL;
	return NULL;
}

struct err *machine_boot(const struct machine_spec *spec, int generation, const char *step, struct sink *sink,
			 struct machine_status *ret_status)
{
	AUTO_FREE char *exe = NULL;
	AUTO_FREE char *number = mem_printf("--generation=%d", generation);
	TRY(os_exe_path(&exe));
	struct machine_launch launch = {
		.name = spec->name,
		.machine_dir = spec->dir,
		.argv = (const char *const[]){exe, "machine", "run", number, spec->name, NULL},
		.deadline_ms = START_DEADLINE_MS,
		.sink = sink,
		.step = step,
	};
	return machine_start(&launch, ret_status);
}

struct err *machine_stop_noted(const char *machine_dir, const char *step, struct sink *sink)
{
	bool was_running = false;
	TRY(machine_stop(machine_dir, MACHINE_STOP_MS, &was_running));
	if (was_running)
		event_note(sink, step, "the machine was stopped");
	return NULL;
}

static struct json *proofs_to_json(const struct proofs *proofs, const char *instance)
{
	struct json *out = js_object();
	struct json *list = js_array();
	for (size_t i = 0; i < proofs->count; i++) {
		const struct proof *p = &proofs->items[i];
		struct json *item = js_object();
		js_set_text(item, "arch", p->arch);
		js_set_text(item, "bare", p->bare);
		js_set_text(item, "container", p->container);
		js_set_text(item, "level", p->level);
		js_set_int(item, "ms", p->ms);
		js_add(list, item);
	}
	js_set_text(out, "instance", instance);
	js_set(out, "proofs", list);
	return out;
}

static struct err *check_runs(const struct machine_spec *spec)
{
	bool running = false;
	TRY(machine_running(spec->dir, &running, NULL));
	return running ? NULL
		       : err_hint(err_new(ERR_GUEST, "the machine '%s' ended while it was checked", spec->name),
				  "`cooper logs %s` may say why; `cooper start %s` starts it again", spec->name,
				  spec->name);
}

struct err *machine_prove(const struct machine_spec *spec, const char *step, struct sink *sink, struct str *outcome)
{
	AUTO_JSON *boot = NULL;
	TRY(machine_boot_read(spec->dir, &boot));
	AUTO(machine_ssh) ssh = {.config = NULL};
	AUTO(proofs) proofs = {.items = NULL};
	AUTO_FREE char *path = path_join(spec->dir, PROOFS_FILE);
	/* a check that fails leaves nothing proved, whatever was before */
	TRY(file_remove(path));
	machine_ssh_open(spec->dir, spec->name, &ssh);
	TRY(prove_run(&ssh.ssh, spec->guest_arch, &spec->run, spec->dir, step, sink, &proofs));
	AUTO_JSON *note = proofs_to_json(&proofs, js_get_text(boot, "instance"));
	for (size_t i = 0; i < proofs.count; i++)
		str_addf(outcome, "%s%s runs", i ? ", " : "", proofs.items[i].container);
	TRY(check_runs(spec)); /* an end meanwhile is not noticed by who asks the guest */
	return write_note(spec->dir, PROOFS_FILE, note);
}

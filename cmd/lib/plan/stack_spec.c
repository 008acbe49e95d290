/* The machine's specification: from the stack's recipes, and from what the steps before it produce. */
#include "plan/stack_spec.h"

#include <stdlib.h>

#include "base/path.h"
#include "image/image_download.h"
#include "machine/ignition.h"
#include "machine/ignition_merge.h"
#include "step/context.h"
#include "step/outputs.h"
#include "sys/file.h"

/* A folder as recipes name it: below the user's home, below the stack's folder, or absolute. */
static char *host_folder(const struct recipe *stack, const char *text)
{
	const char *home = getenv("HOME");
	if (text[0] == '~' && home)
		return text[1] ? path_join(home, text + 2) : mem_strdup(home);
	if (text[0] != '.')
		return mem_strdup(text);
	AUTO_FREE char *dir = path_dir(stack->path);
	AUTO_FREE char *from = file_absolute(dir);
	return text[1] ? path_join(from, text + 2) : TAKE(from);
}

void stack_spec_copy(const struct step_context *c, struct machine_spec *m)
{
	machine_spec_copy(m, c->stack, c->image);
	for (size_t i = 0; i < m->mount_count; i++) {
		AUTO_FREE char *given = m->mounts[i].host;
		m->mounts[i].host = host_folder(c->stack, given);
	}
	m->guest_arch = c->guest_arch;
	m->qemu_version = mem_strdup(c->emulator->version);
	for (size_t i = 0; i < c->emulator->patch_count; i++)
		strs_copy(&m->qemu_provides, &c->emulator->patches[i].provides);
	m->dir = path_join(c->home->machines, m->name);
	m->gen_dir = path_join(m->dir, "gen-1"); /* until a boot finds the real one */
}

struct err *stack_spec_ignition(const struct step_context *c, bool emulators, struct machine_spec *m)
{
	const char *file = c->stack->stack.ignition;
	AUTO_FREE char *dir = path_dir(c->stack->path);
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *ours = NULL;
	if (!file)
		return NULL;
	path = path_join(dir, file);
	struct ignition_input input = ignition_input_of(m);
	input.emulators = emulators; /* their device has no path yet */
	struct ignition_limits limits = input.os->ignition(c->image->version);
	TRY(machine_ignition(&input, &ours));
	struct err *e = ignition_read(path, &limits, ours, &m->ignition);
	return err_is(e, ERR_ABSENT) ? err_hint(e, "'ignition' in '%s' names it", c->stack->path) : e;
}

void stack_spec_paths(const struct step *generation, struct machine_spec *m)
{
	const struct step *image = step_need(generation, "image");
	const struct step *emulators = step_need(generation, "emulators");
	AUTO_FREE char *keg = step_result(step_need(generation, "build"), NULL);
	generation->context->vmm->parts(keg, m);
	m->base_disk = step_result(image, image_disk_file(image->job));
	if (((const struct recipe *)image->job)->image.debian_suite) {
		m->kernel = step_result(image, "vmlinuz");
		m->initrd = step_result(image, "initrd.img");
	}
	if (emulators)
		m->emulator_iso = step_result(emulators, "emulators.iso");
}

/* The machine's specification: from the stack's recipes, and from what the steps before it produce. */
#include "plan/stack_spec.h"

#include <stdlib.h>

#include "base/path.h"
#include "image/image_download.h"
#include "machine/ignition.h"
#include "machine/ignition_merge.h"
#include "machine/mounts.h"
#include "machine/shares.h"
#include "step/context.h"
#include "step/outputs.h"
#include "sys/beneath.h"
#include "sys/file.h"

/* A folder as recipes name it: below the user's home, below the stack's folder, or absolute. */
static struct err *host_folder(const struct recipe *stack, const char *text, char **ret_path)
{
	const char *home = getenv("HOME");
	if (text[0] == '~' && !(home && home[0] == '/'))
		return err_hint(err_new(ERR_USAGE, "HOME is not set to an absolute path"),
				"set it, or name the folder by its whole path");
	if (text[0] == '~') {
		*ret_path = text[1] ? path_join(home, text + 2) : mem_strdup(home);
		return NULL;
	}
	if (text[0] != '.') {
		*ret_path = mem_strdup(text);
		return NULL;
	}
	AUTO_FREE char *dir = path_dir(stack->path);
	AUTO_FREE char *from = file_absolute(dir);
	const char *below = text[1] ? text + 2 : "";
	struct err *e = beneath_path(from, below, ret_path);
	if (!err_is(e, ERR_ABSENT))
		return e;
	err_free(e);
	*ret_path = *below ? path_join(from, below) : TAKE(from);
	return NULL;
}

static struct err *in_mount(const struct recipe *stack, const struct mount *m, struct err *take_e)
{
	return take_e ? err_wrap(take_e, "%s: the mount '%s'", stack->path, m->host) : NULL;
}

struct err *stack_shares_check(const struct recipe *stack, const char *cooper_home)
{
	for (size_t i = 0; i < stack->stack.mount_count; i++) {
		const struct mount *m = &stack->stack.mounts[i];
		AUTO_FREE char *folder = NULL;
		TRY(in_mount(stack, m, host_folder(stack, m->host, &folder)));
		const struct mount found = {.host = folder, .writable = m->writable};
		TRY(in_mount(stack, m, share_check(&found, cooper_home)));
	}
	return NULL;
}

struct err *stack_spec_copy(const struct step_context *c, struct machine_spec *m)
{
	machine_spec_copy(m, c->stack, c->image);
	for (size_t i = 0; i < m->mount_count; i++) {
		char *folder = NULL;
		TRY(in_mount(c->stack, &m->mounts[i], host_folder(c->stack, m->mounts[i].host, &folder)));
		free(m->mounts[i].host);
		m->mounts[i].host = folder;
		if (!m->mounts[i].guest)
			m->mounts[i].guest = mem_strdup(folder);
	}
	struct err *e = mounts_check(m);
	if (e)
		return err_wrap(e, "%s", c->stack->path);
	m->guest_arch = c->guest_arch;
	m->qemu_version = mem_strdup(c->emulator->version);
	strs_copy(&m->qemu_provides, &c->emulator->build.provides);
	for (size_t i = 0; i < c->emulator->patch_count; i++)
		strs_copy(&m->qemu_provides, &c->emulator->patches[i].provides);
	m->dir = path_join(c->home->machines, m->name);
	m->gen_dir = path_join(m->dir, "gen-1"); /* until a boot finds the real one */
	return NULL;
}

struct err *stack_spec_ignition(const struct step_context *c, bool emulators, struct machine_spec *m)
{
	const char *file = c->stack->stack.ignition;
	if (!file)
		return NULL;
	struct ignition_input input = ignition_input_of(m);
	input.emulators = emulators; /* their device has no path yet */
	struct ignition_limits limits = input.os->ignition(c->image->version);
	AUTO_FREE char *ours = machine_ignition(&input);
	struct err *e = ignition_read(c->stack->stack.ignition_dir, file, &limits, ours, &m->ignition);
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

/* The machine's specification: from the stack's recipes, and from what the steps before it produce. */
#include "plan/stack_spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/utf8.h"
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
	while (str_ends(from, "/.")) /* of the current folder's own stack */
		from[strlen(from) - 2] = '\0';
	const char *below = text[1] ? text + 2 : "";
	if (!*below) {
		*ret_path = TAKE(from);
		return NULL;
	}
	struct err *e = beneath_path(from, below, ret_path);
	if (!err_is(e, ERR_ABSENT))
		return e;
	err_free(e);
	*ret_path = path_join(from, below);
	return NULL;
}

static struct err *in_mount(const struct recipe *stack, const struct mount *m, struct err *take_e)
{
	return take_e ? err_wrap(take_e, "%s: the mount '%s'", stack->path, m->host) : NULL;
}

static bool has_control(const char *path)
{
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return true;
	return false;
}

/* The folder as the recipe names it, @given, becomes the host's; @can_hide: the emulator can leave names out. */
static struct err *place(const struct recipe *stack, const struct mount *given, bool can_hide, const char *cooper_home,
			 struct mount *m)
{
	char *folder = NULL;

	TRY(in_mount(stack, given, host_folder(stack, given->host, &folder)));
	*m = (struct mount){.host = folder, .writable = given->writable};
	if (!utf8_is_valid(folder) ||
	    has_control(folder)) /* the record is JSON, what the guest mounts a list of lines */
		return in_mount(stack, given,
				err_new(ERR_USAGE, "the name '%s' is not UTF-8, or has control characters", folder));
	m->guest = mem_strdup(given->guest ? given->guest : folder);
	if (can_hide)
		TRY(share_hide(m, cooper_home));
	return in_mount(stack, given, share_check(m, cooper_home));
}

struct err *stack_shares_check(const struct recipe *stack, const char *cooper_home)
{
	for (size_t i = 0; i < stack->stack.mount_count; i++) {
		AUTO(mount) m = {.host = NULL};
		TRY(place(stack, &stack->stack.mounts[i], /* can_hide= */ true, cooper_home, &m));
	}
	return NULL;
}

static struct err *add_mounts(const struct step_context *c, struct machine_spec *m)
{
	const struct stack_recipe *s = &c->stack->stack;
	bool can_hide = strs_has(&m->qemu_provides, "share-hidden");

	for (size_t i = 0; i < m->mount_count; i++) {
		mount_done(&m->mounts[i]);
		m->mounts[i] = (struct mount){.host = NULL};
		TRY(place(c->stack, &s->mounts[i], can_hide, c->home->root, &m->mounts[i]));
	}
	struct err *e = mounts_check(m);
	return e ? err_wrap(e, "%s", c->stack->path) : NULL;
}

struct err *stack_spec_copy(const struct step_context *c, struct machine_spec *m)
{
	machine_spec_copy(m, c->stack, c->image);
	m->guest_arch = c->guest_arch;
	m->qemu_version = mem_strdup(c->emulator->version);
	strs_copy(&m->qemu_provides, &c->emulator->build.provides);
	for (size_t i = 0; i < c->emulator->patch_count; i++)
		strs_copy(&m->qemu_provides, &c->emulator->patches[i].provides);
	m->dir = path_join(c->home->machines, m->name);
	m->gen_dir = path_join(m->dir, "gen-1"); /* until a boot finds the real one */
	return add_mounts(c, m);
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

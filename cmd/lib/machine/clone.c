#include "machine/clone.h"

#include "base/path.h"
#include "fmt/json.h"
#include "machine/data_disk.h"
#include "machine/keys.h"
#include "machine/layers.h"
#include "machine/paths.h"
#include "machine/record.h"
#include "sys/file.h"

/* Of what is not there nothing is copied. */
static struct err *copy(const char *from_dir, const char *to_dir, const char *name)
{
	AUTO_FREE char *from = path_join(from_dir, name);
	AUTO_FREE char *to = path_join(to_dir, name);
	bool there = false;

	TRY(file_exists(from, &there));
	return there ? file_copy(from, to, 0600) : NULL;
}

static struct err *copy_keys(const char *from_dir, const char *to_dir)
{
	static const enum machine_key keys[] = {KEY_CLIENT, KEY_HOST};
	AUTO_FREE char *folder = path_join(to_dir, "ssh");

	TRY(dir_make(folder, 0700));
	for (size_t i = 0; i < ARRAY_LEN(keys) * 2; i++) {
		AUTO_FREE char *from = keys_path(from_dir, keys[i / 2], /* public_half= */ i % 2);
		AUTO_FREE char *to = keys_path(to_dir, keys[i / 2], /* public_half= */ i % 2);
		TRY(file_copy(from, to, i % 2 ? 0644 : 0600));
	}
	return NULL;
}

/* As generation 1, with its own name in the record. */
static struct err *copy_generation(const struct machine_spec *from, const struct generation *g, const struct vmm *vmm,
				   const struct machine_spec *to)
{
	AUTO_FREE char *os = machine_path(from, MACHINE_OS_DISK);
	AUTO_FREE char *to_os = machine_path(to, MACHINE_OS_DISK);

	TRY(dir_make(to->gen_dir, 0700));
	TRY(vmm->disk_copy(os, to_os));
	TRY(copy(g->dir, to->gen_dir, "config.ign"));
	TRY(copy(g->dir, to->gen_dir, "flash-vars.fd"));
	TRY(copy(g->dir, to->gen_dir, "generation.json"));
	TRY(machine_record_write(to));
	TRY(generation_set_booted(to->gen_dir));
	return generation_switch(to->dir, 1);
}

static struct err *fill(const struct machine_spec *from, const struct generation *g, const struct vmm *vmm,
			const struct machine_spec *to)
{
	AUTO_FREE char *id = NULL;

	TRY(tree_remove(to->dir));
	TRY(dir_make(to->dir, 0700));
	TRY(copy_keys(from->dir, to->dir));
	TRY(copy_generation(from, g, vmm, to));
	TRY(layer_freeze(from, vmm, &id));
	TRY(layer_put(to, vmm, id));
	return data_disk_note(to->dir);
}

struct err *machine_clone(const struct machine_spec *spec, const struct generation *g, const struct vmm *vmm,
			  const char *name)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO_FREE char *dir = path_join(machines, name);
	/* named as what is gone: no command takes it for a machine, and gc removes what a kill leaves of it */
	AUTO_FREE char *stage = mem_printf("%s/" TREE_GONE "clone-%s", machines, name);
	AUTO_FREE char *gen_dir = path_join(stage, "gen-1");
	AUTO_FREE char *cmdline =
		spec->cmdline ? mem_printf("%s systemd.hostname=%s", spec->cmdline, name) : NULL;
	struct machine_spec to = *spec; /* all that is not its own is borrowed */

	TRY(machine_check_new(machines, name));
	to.name = (char *)(uintptr_t)name;
	to.dir = stage;
	to.gen_dir = gen_dir;
	to.cmdline = cmdline;
	struct err *e = fill(spec, g, vmm, &to);
	if (e)
		return err_first(e, tree_remove(stage));
	return tree_publish(stage, dir);
}

#include "machine/mounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "guest/os.h"
#include "machine/vmm.h"
#include "recipe/check.h"

/*
 * mmap: nothing is cached but what is mapped, so that a change of the host's is seen by who opens the file after it;
 * without it shared maps, which SQLite's write-ahead log needs, are refused. msize: the most that virtio carries at
 * once, PAGE_SIZE * (VIRTQUEUE_NUM - 3) in net/9p/trans_virtio.c.
 */
#define OPTIONS "trans=virtio,version=9p2000.L,msize=512000,cache=mmap"

const char mounts_unit_text[] = "[Unit]\nDescription=Folders that the host shares\n"
				"Before=podman.service podman-restart.service\n\n"
				"[Service]\nType=oneshot\nRemainAfterExit=yes\n"
				"StandardOutput=journal+console\nStandardError=journal+console\n"
				"ExecStart=/bin/sh " MOUNTS_PROGRAM "\n\n"
				"[Install]\nWantedBy=multi-user.target\n";

/*
 * What is made above a mount point belongs to whom the folder around it does: a home's levels to the user. 9p's
 * transport takes mounts before its driver has found the devices, and then knows no such tag: p9_virtio_init() must be
 * through. The list is read at once: each read of the item begins at its first byte again.
 */
const char mounts_program_text[] =
	"# Written by cooper at the first boot. The host says at each start what it shares.\n"
	"list=/sys/firmware/qemu_fw_cfg/by_name/" MOUNTS_ITEM "/raw\n"
	"modprobe -qa qemu_fw_cfg 9pnet_virtio\n"
	"[ -e $list ] || exit 0\n"
	"make() {\n"
	"\t[ -z \"$1\" ] || [ -d \"$1\" ] && return\n"
	"\tmake \"${1%/*}\" && mkdir -m 755 \"$1\" && chown --reference=\"${1%/*}/\" \"$1\"\n"
	"}\n"
	"failed=0\n"
	"while read -r tag options folder; do\n"
	"\twhy=$({ make \"$folder\" && mount -t 9p -o \"$options\" \"$tag\" \"$folder\"; } 2>&1) && continue\n"
	"\techo \"cooper: cannot mount '$folder':\" $why && failed=1\n"
	"done <<LIST\n"
	"$(cat $list)\n"
	"LIST\n"
	"exit $failed\n";

static struct err *check_immutable(const struct guest_os *os, const char *user, const char *folder)
{
	if (str_starts(folder, "/var/") || str_starts(folder, "/etc/"))
		return NULL;
	for (const struct guest_place *p = os->places; p->from; p++)
		if (str_starts(folder, p->from))
			return NULL;
	return err_hint(
		err_new(ERR_USAGE, "the mount point '%s' cannot exist: %s's root is read-only", folder, os->title),
		"mount below /home/%s, /mnt or /var", user);
}

static struct err *check(const struct machine_spec *spec, const struct guest_os *os, const char *folder)
{
	if (*folder != '/' || !path_is_plain(folder + 1))
		return err_new(ERR_USAGE, "the mount point '%s' must be an absolute path without '.', '..' or '//'",
			       folder);
	if (check_is_guests_own(folder))
		return err_hint(
			err_new(ERR_USAGE, "'%s' is the guest's own, and a folder there would cover it", folder),
			"choose another folder in the guest (guest:), for example below /home or /mnt");
	AUTO_FREE char *home = path_join("/home", spec->user);
	AUTO_FREE char *real_home = path_join(os->home, spec->user);
	AUTO_FREE char *keys = path_join(home, ".ssh");
	AUTO_FREE char *real_keys = path_join(real_home, ".ssh");
	if (streq(folder, keys) || streq(folder, real_keys))
		return err_hint(err_new(ERR_USAGE, "a folder mounted at '%s' would cover the key by which the machine is "
						   "reached", folder),
				"choose another folder in the guest (guest:)");
	if (streq(folder, home) || streq(folder, real_home))
		return err_hint(err_new(ERR_USAGE,
					"'%s' is the login user's home: a folder mounted there would cover "
					"the key by which the machine is reached",
					folder),
				"choose a folder below it");
	return os->immutable ? check_immutable(os, spec->user, folder) : NULL;
}

struct err *mounts_check(const struct machine_spec *spec)
{
	const struct guest_os *os = guest_os_find(spec->os);

	for (size_t i = 0; os && i < spec->mount_count; i++) {
		const char *folder = spec->mounts[i].guest;
		TRY(check(spec, os, folder));
		for (size_t j = 0; j < i; j++)
			if (streq(folder, spec->mounts[j].guest))
				return err_hint(err_new(ERR_USAGE, "'%s' is mounted twice", folder),
						"give one of them another folder in the guest (guest:)");
	}
	return NULL;
}

static int by_folder(const void *a, const void *b)
{
	const struct mount *const *x = a, *const *y = b;
	return strcmp((*x)->guest, (*y)->guest);
}

char *mounts_list(const struct machine_spec *spec)
{
	AUTO(str) s = STR_INIT;
	AUTO_FREE const struct mount **sorted = mem_array(spec->mount_count, sizeof(*sorted));

	for (size_t i = 0; i < spec->mount_count; i++)
		sorted[i] = &spec->mounts[i];
	if (spec->mount_count)
		qsort(sorted, spec->mount_count, sizeof(*sorted), by_folder);
	for (size_t i = 0; i < spec->mount_count; i++)
		str_addf(&s, "%s" MACHINE_MOUNT_TAG "%td " OPTIONS "%s,nosuid,nodev %s", i ? "\n" : "",
			 sorted[i] - spec->mounts, sorted[i]->writable ? "" : ",ro", sorted[i]->guest);
	return spec->mount_count ? str_take(&s) : NULL;
}

#include "vmm_scripted.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "machine/mounts.h"
#include "machine/paths.h"
#include "sys/file.h"

enum { STATUS_REBOOT = 10, STATUS_PORT_TAKEN = 11, SIZE_MAX_BYTES = 64 };

static bool available(const struct host_facts *facts UNUSED, const char **ret_why UNUSED)
{
	return true;
}

static void parts(const char *keg, struct machine_spec *spec)
{
	spec->qemu = path_join(keg, "bin/machine");
	spec->firmware_code = path_join(keg, "share/firmware");
}

static struct err *argv_of(const struct machine_spec *spec, const struct machine_start *start,
			   const struct host_facts *facts UNUSED, struct strs *argv, struct strs *warnings UNUSED)
{
	AUTO_FREE char *serial = machine_path(spec, MACHINE_SERIAL_LOG);
	AUTO_FREE char *ready = path_join(spec->dir, "ready");
	AUTO_FREE char *disk = machine_path(spec, MACHINE_OS_DISK);

	strs_add_all(argv, (const char *[]){spec->qemu, serial, ready, disk, NULL});
	strs_addf(argv, "%lldM", (long long)(spec->memory_bytes >> 20));
	strs_add(argv, start->first_boot ? "first" : "again");
	AUTO_FREE char *mounts = mounts_list(spec);
	strs_add(argv, mounts ? mounts : "");
	return NULL;
}

static void forget(const struct machine_spec *spec)
{
	AUTO_FREE char *ready = path_join(spec->dir, "ready");
	err_free(file_remove(ready));
}

static struct err *prepare(const struct machine_spec *spec)
{
	forget(spec);
	return NULL;
}

/* The machine's file `pause` says why it stands still; while there is `stuck` beside it, it stays so. */
static enum vmm_pause pause_of(const struct vmm_run *run)
{
	static const char *const words[] = {[VMM_DISK_FULL] = "disk-full\n", [VMM_PAUSED] = "paused\n"};
	AUTO_FREE char *path = path_join(run->spec->dir, "pause");
	AUTO_FREE char *text = NULL;

	err_free(file_read(path, SIZE_MAX_BYTES, &text, NULL));
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i] && streq(text, words[i]))
			return (enum vmm_pause)i;
	return VMM_GOES_ON;
}

static bool go_on(const struct vmm_run *run)
{
	AUTO_FREE char *path = path_join(run->spec->dir, "pause");
	AUTO_FREE char *stuck = path_join(run->spec->dir, "stuck");

	bool there = false;
	err_free(file_exists(stuck, &there));
	if (there)
		return false;
	err_free(file_remove(path));
	return true;
}

static void look(struct vmm_run *run, bool ended UNUSED)
{
	run->pause = pause_of(run);
	AUTO_FREE char *ready = path_join(run->spec->dir, "ready");
	bool there = false;
	err_free(file_exists(ready, &there));
	run->ready = run->ready || there;
}

/* Who quits is killed: power.h does that to one that does not take the command. */
static bool command(struct vmm_run *run, enum vmm_command command)
{
	if (command == VMM_CONTINUE)
		return go_on(run);
	AUTO_FREE char *path = path_join(run->spec->dir, "buttons");
	AUTO_CLOSE int fd = command == VMM_QUIT ? -1 : open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && write(fd, "\n", 1) == 1;
}

/* What is open is a file `forwards/PROTOCOL-ADDRESS-PORT`. */
static bool forward(struct vmm_run *run, const struct published_port *p, bool on)
{
	AUTO_FREE char *dir = path_join(run->spec->dir, "forwards");
	AUTO_FREE char *path = mem_printf("%s/%s-%s-%d", dir, protocol_name(p->protocol), p->address, p->port);

	struct err *e = on ? dir_make(dir, 0700) : file_remove(path);
	if (on && !e)
		e = file_write(path, p->inside, strlen(p->inside), 0600);
	bool done = !e;
	err_free(e);
	return done;
}

static void disconnect(struct vmm_run *run UNUSED)
{
}

static enum vmm_end judge(const struct vmm_run *run, const char *words UNUSED, enum accel accel UNUSED, int *ret_port)
{
	int status = WIFEXITED(run->wait_status) ? WEXITSTATUS(run->wait_status) : -1;

	if (status == STATUS_PORT_TAKEN)
		*ret_port = run->spec->port_count ? run->spec->ports[0].host_port : 0;
	if (status == STATUS_PORT_TAKEN)
		return VMM_PORT_TAKEN;
	if (status == STATUS_REBOOT)
		return VMM_REBOOT;
	return status == 0 ? VMM_OFF : VMM_FAILED;
}

/* An OS disk is a folder: what the guest's files are, and what the image was. */
static struct err *make_os_disk(const char *path, const char *base)
{
	static const char *const folders[] = {
		"etc/binfmt.d", "var/lib", "proc/sys/fs/binfmt_misc", "proc/sys/kernel/random", "usr/lib/binfmt.d",
		"home",         "run"};
	AUTO_FREE char *os_release = path_join(path, "etc/os-release");

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		AUTO_FREE char *folder = path_join(path, folders[i]);
		TRY(dir_make(folder, 0700));
	}
	return file_copy(base, os_release, 0600);
}

static struct err *disk_create(const struct machine_spec *spec UNUSED, const char *path, int64_t bytes,
			       const char *base)
{
	AUTO_FREE char *size = mem_printf("%lld", (long long)bytes);
	return base ? make_os_disk(path, base) : file_write(path, size, strlen(size), 0600);
}

static struct err *disk_size(const struct machine_spec *spec UNUSED, const char *path, int64_t *ret_bytes)
{
	AUTO_FREE char *text = NULL;

	TRY(file_read(path, SIZE_MAX_BYTES, &text, NULL));
	return num_parse(text, 0, INT64_MAX, ret_bytes) ? NULL : err_new(ERR_CORRUPT, "'%s' holds no size", path);
}

static struct err *disk_check(const struct machine_spec *spec, const char *path, const char *base)
{
	AUTO_FREE char *inside = path_join(path, "etc/os-release");
	int64_t bytes = 0;

	if (!base)
		return disk_size(spec, path, &bytes);
	int64_t size = 0;
	TRY(file_size(inside, &size));
	return size > 0 ? NULL : err_new(ERR_CORRUPT, "'%s' is no disk", path);
}

static struct err *disk_grow(const struct machine_spec *spec, const char *path, int64_t bytes)
{
	return disk_create(spec, path, bytes, /* base= */ NULL);
}

static struct err *firmware_create(const struct machine_spec *spec UNUSED, const char *path)
{
	return file_write(path, "", 0, 0600);
}

const struct vmm vmm_scripted = {
	.name = "the scripted machine",
	.can_9p = true,
	.can_uefi = true,
	.available = available,
	.parts = parts,
	.argv = argv_of,
	.prepare = prepare,
	.look = look,
	.command = command,
	.forward = forward,
	.disconnect = disconnect,
	.forget = forget,
	.judge = judge,
	.disk_create = disk_create,
	.disk_size = disk_size,
	.disk_check = disk_check,
	.disk_grow = disk_grow,
	.firmware_create = firmware_create,
};

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
#include "sys/child.h"
#include "sys/file.h"

enum { STATUS_REBOOT = 10, STATUS_PORT_TAKEN = 11, SIZE_MAX_BYTES = 64, DISK_MAX_BYTES = 4096 };

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

/* What is open is a file `forwards/PROTOCOL-ADDRESS-PORT`, in which is where it leads. */
static bool forward(struct vmm_run *run, const struct published_port *p, bool on)
{
	AUTO_FREE char *dir = path_join(run->spec->dir, "forwards");
	AUTO_FREE char *path = mem_printf("%s/%s-%s-%d", dir, protocol_name(p->protocol), p->address, p->port);
	AUTO_FREE char *inside = mem_printf("%s:%d", p->inside, p->inside_port ? p->inside_port : p->port);

	struct err *e = on ? dir_make(dir, 0700) : file_remove(path);
	if (on && !e)
		e = file_write(path, inside, strlen(inside), 0600);
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

/* A data disk is a file with its size, then the name of the disk that it stands on, then what it holds itself. */
static struct err *read_disk(const char *path, struct strs *lines)
{
	AUTO_FREE char *text = NULL;

	TRY(file_read(path, DISK_MAX_BYTES, &text, NULL));
	strs_split(lines, text, "\n");
	return NULL;
}

static struct err *disk_size(const struct machine_spec *spec UNUSED, const char *path, int64_t *ret_bytes)
{
	AUTO(strs) lines = STRS_INIT;

	TRY(read_disk(path, &lines));
	return lines.count && num_parse(lines.items[0], 0, INT64_MAX, ret_bytes)
		       ? NULL
		       : err_new(ERR_CORRUPT, "'%s' holds no size", path);
}

static struct err *disk_below(const struct machine_spec *spec UNUSED, const char *path, char **ret_base)
{
	AUTO(strs) lines = STRS_INIT;

	*ret_base = NULL;
	TRY(read_disk(path, &lines));
	if (lines.count > 1 && str_starts(lines.items[1], "../"))
		*ret_base = mem_strdup(lines.items[1]);
	return NULL;
}

static struct err *write_disk(const char *path, int64_t bytes, const char *base, const char *inside)
{
	AUTO_FREE char *text = mem_printf("%lld\n%s\n%s", (long long)bytes, base ? base : "none", inside);
	return file_write(path, text, strlen(text), 0600);
}

static char *path_below(const char *path, const char *base)
{
	AUTO_FREE char *dir = path_dir(path);
	return path_join(dir, base);
}

static struct err *disk_create(const struct machine_spec *spec, const char *path, int64_t bytes, const char *base)
{
	if (base && *base == '/')
		return make_os_disk(path, base);
	AUTO_FREE char *below = base ? path_below(path, base) : NULL;
	if (below)
		TRY(disk_size(spec, below, &bytes));
	return write_disk(path, bytes, base, "");
}

/* What the disk holds goes to the end of what the one below holds; done again, it is there already. */
static struct err *disk_merge(const struct machine_spec *spec, const char *path)
{
	AUTO_FREE char *base = NULL;
	AUTO_FREE char *base_of_base = NULL;
	AUTO(strs) here = STRS_INIT;
	AUTO(strs) there = STRS_INIT;
	int64_t bytes = 0;

	TRY(disk_below(spec, path, &base));
	AUTO_FREE char *below = path_below(path, base);
	TRY(disk_below(spec, below, &base_of_base));
	TRY(disk_size(spec, path, &bytes));
	TRY(read_disk(path, &here));
	TRY(read_disk(below, &there));
	const char *ours = here.count > 2 ? here.items[2] : "", *theirs = there.count > 2 ? there.items[2] : "";
	AUTO_FREE char *inside = mem_printf("%s%s", theirs, str_ends(theirs, ours) ? "" : ours);
	return write_disk(below, bytes, base_of_base, inside);
}

static struct err *disk_is_empty(const char *path, bool *ret_empty)
{
	AUTO(strs) lines = STRS_INIT;

	TRY(read_disk(path, &lines));
	*ret_empty = lines.count == 2;
	return NULL;
}

/* An OS disk is a folder. */
static struct err *disk_copy(const char *from, const char *to)
{
	struct child_spec child = {.argv = (const char *[]){"cp", "-a", from, to, NULL}, .deadline_ms = 60 * 1000};
	return child_run(&child);
}

static struct err *disk_flatten(const struct machine_spec *spec, const char *from, const char *to, struct sink *sink,
				const char *step)
{
	AUTO(str) inside = STR_INIT;
	AUTO_FREE char *at = mem_strdup(from);
	int64_t bytes = 0;

	event_progress(sink, step, 50, 100, "percent");
	TRY(disk_size(spec, from, &bytes));
	for (;;) {
		AUTO(strs) lines = STRS_INIT;
		AUTO_FREE char *base = NULL;
		TRY(read_disk(at, &lines));
		AUTO_FREE char *above = str_take(&inside);
		str_add(&inside, lines.count > 2 ? lines.items[2] : "");
		str_add(&inside, above ? above : "");
		TRY(disk_below(spec, at, &base));
		if (!base)
			break;
		char *below = path_below(at, base);
		free(at);
		at = below;
	}
	return write_disk(to, bytes, NULL, str_text(&inside));
}

static struct err *disk_check(const struct machine_spec *spec, const char *path, const char *base)
{
	AUTO_FREE char *inside = path_join(path, "etc/os-release");
	int64_t bytes = 0;

	if (!base || *base != '/')
		return disk_size(spec, path, &bytes);
	int64_t size = 0;
	TRY(file_size(inside, &size));
	return size > 0 ? NULL : err_new(ERR_CORRUPT, "'%s' is no disk", path);
}

static struct err *disk_grow(const struct machine_spec *spec, const char *path, int64_t bytes)
{
	AUTO_FREE char *base = NULL;
	AUTO(strs) lines = STRS_INIT;

	TRY(disk_below(spec, path, &base));
	TRY(read_disk(path, &lines));
	return write_disk(path, bytes, base, lines.count > 2 ? lines.items[2] : "");
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
	.disk_below = disk_below,
	.disk_merge = disk_merge,
	.disk_is_empty = disk_is_empty,
	.disk_copy = disk_copy,
	.disk_check = disk_check,
	.disk_flatten = disk_flatten,
	.disk_grow = disk_grow,
	.firmware_create = firmware_create,
};

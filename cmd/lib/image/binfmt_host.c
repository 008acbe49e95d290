#include "image/binfmt_host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fmt/binfmt.h"
#include "sys/child.h"
#include "sys/file.h"

#define BINFMT_DIR "/proc/sys/fs/binfmt_misc"

static struct err *mount_binfmt(void)
{
	bool mounted = false;
	TRY(file_exists(BINFMT_DIR "/register", &mounted));
	if (mounted)
		return NULL;
	struct child_spec spec = {
		.argv = (const char *const[]){"mount", "-t", "binfmt_misc", "binfmt_misc", BINFMT_DIR, NULL},
		.deadline_ms = 10000};
	struct err *e = child_run(&spec);
	if (e)
		return err_hint(
			err_wrap(e, "cannot mount binfmt_misc"),
			"a guest of another architecture needs it; load the kernel module binfmt_misc, or choose "
			"a guest of the host's own architecture");
	return NULL;
}

/* Enabled, and with the interpreter held open (F), so that it works inside a chroot without the file. */
static bool is_registered(enum arch arch)
{
	AUTO_FREE char *path = mem_printf(BINFMT_DIR "/qemu-%s", arch_name(arch));
	AUTO_FREE char *text = NULL;
	struct err *e = file_read(path, 4096, &text, NULL);
	if (e) {
		err_free(e);
		return false;
	}
	const char *flags = strstr(text, "flags:");
	return str_starts(text, "enabled") && flags && strchr(flags, 'F');
}

struct err *binfmt_host_ensure(enum arch arch)
{
	TRY(mount_binfmt());
	if (is_registered(arch))
		return NULL;
	AUTO_FREE char *program = mem_printf("qemu-%s-static", arch_name(arch));
	AUTO_FREE char *path = child_find(program);
	if (!path)
		return err_hint(err_new(ERR_ABSENT, "program '%s' is not installed", program),
				"install the host package qemu-user-static");
	AUTO_FREE char *line = binfmt_line(arch, path);
	if (!line)
		return err_new(ERR_USAGE, "programs of '%s' cannot be emulated by '%s'", arch_name(arch), path);
	AUTO_CLOSE int fd = open(BINFMT_DIR "/register", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open '" BINFMT_DIR "/register'");
	if (write(fd, line, strlen(line)) < 0 && errno != EEXIST)
		return err_os(errno, "cannot register the emulator for %s", arch_name(arch));
	return NULL;
}

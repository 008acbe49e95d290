#include "machine/vmm_qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arch.h"
#include "base/path.h"
#include "machine/argv.h"
#include "machine/layers.h"
#include "machine/paths.h"
#include "machine/qemu_disk.h"
#include "machine/qemu_events.h"
#include "machine/qemu_words.h"
#include "net/qmp.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/sock.h"
#include "sys/tick.h"

enum { EVENTS_MAX = 16 /* at a look; the rest waits for the next */ };
enum {
	QMP_ANSWER_MS = 5000,
	ORPHAN_MS = 10 * 1000,
};

static bool available(const struct host_facts *facts UNUSED, const char **ret_why UNUSED)
{
	return true;
}

static void parts(const char *keg, struct machine_spec *spec)
{
	spec->qemu = mem_printf("%s/bin/qemu-system-%s", keg, arch_qemu_system(spec->guest_arch));
	spec->qemu_img = path_join(keg, "bin/qemu-img");
	spec->qemu_share = path_join(keg, "share/qemu");
	if (spec->boot == BOOT_UEFI)
		spec->firmware_code = mem_printf("%s/edk2-%s-code.fd", spec->qemu_share, arch_name(spec->guest_arch));
}

/* --- the process --- */

/*
 * Where processes do not die with their parent, a killed supervisor leaves QEMU behind. We hold the machine's lock:
 * whoever answers there is nobody's.
 */
static void end_orphan(const char *qmp_path)
{
	struct qmp *q = NULL;
	struct json *event = NULL;
	int64_t until = tick_ms() + ORPHAN_MS;
	struct err *e = qmp_open(qmp_path, tick_ms() + QMP_ANSWER_MS, &q);

	if (!e)
		e = qmp_run(q, "quit", NULL, tick_ms() + QMP_ANSWER_MS, NULL);
	while (!e && tick_ms() < until) {
		e = qmp_event(q, until, &event);
		event = js_free(event);
	}
	err_free(e);
	qmp_close(q);
}

static struct err *remove_sockets(const struct machine_spec *spec)
{
	AUTO_FREE char *qmp = machine_path(spec, MACHINE_MONITOR_SOCKET);
	AUTO_FREE char *ready = machine_path(spec, MACHINE_READY_SOCKET);

	return err_first(file_remove(qmp), file_remove(ready));
}

static struct err *check_disks(const struct machine_spec *spec)
{
	AUTO_FREE char *os = machine_path(spec, MACHINE_OS_DISK);
	AUTO_FREE char *data = machine_path(spec, MACHINE_DATA_DISK);

	TRY(qemu_disk_check(spec, os, spec->base_disk));
	return layers_check(spec, &vmm_qemu, data);
}

static struct err *prepare(const struct machine_spec *spec)
{
	AUTO_FREE char *qmp = machine_path(spec, MACHINE_MONITOR_SOCKET);

	end_orphan(qmp);
	TRY(remove_sockets(spec));
	return spec->base_disk ? check_disks(spec) : NULL;
}

static void forget(const struct machine_spec *spec)
{
	err_free(remove_sockets(spec));
}

static void close_qmp(struct vmm_run *run)
{
	run->state = qmp_close(run->state);
	run->control_fd = -1;
}

static void close_ready(struct vmm_run *run)
{
	if (run->ready_fd >= 0)
		close(run->ready_fd);
	run->ready_fd = -1;
}

static void disconnect(struct vmm_run *run)
{
	close_qmp(run);
	close_ready(run);
}

static bool open_qmp(struct vmm_run *run)
{
	AUTO_FREE char *path = machine_path(run->spec, MACHINE_MONITOR_SOCKET);
	struct qmp *q = NULL;

	err_free(qmp_open(path, tick_ms() + QMP_ANSWER_MS, &q));
	if (!q)
		return false;
	AUTO_JSON *status = NULL;
	err_free(qmp_run(q, "query-status", NULL, tick_ms() + QMP_ANSWER_MS, &status));
	qemu_status(status, run);
	run->state = q;
	run->control_fd = qmp_fd(q);
	run->monitor_pid = os_peer_pid(run->control_fd);
	/* QEMU makes it with our umask; the folder is 0700, this is the second fence */
	(void)chmod(path, 0600);
	return true;
}

static void read_events(struct vmm_run *run, bool ended)
{
	if (!run->state && !open_qmp(run))
		return;
	for (int i = 0; ended || i < EVENTS_MAX; i++) {
		AUTO_JSON *event = NULL;
		struct err *e = qmp_event(run->state, /* deadline_ms= */ 0, &event);
		if (e) {
			err_free(e);
			close_qmp(run);
			return;
		}
		if (!event)
			return;
		qemu_event(event, run);
	}
}

static bool open_ready(struct vmm_run *run)
{
	AUTO_FREE char *path = machine_path(run->spec, MACHINE_READY_SOCKET);

	err_free(sock_connect(path, &run->ready_fd));
	if (run->ready_fd < 0)
		return false;
	fcntl(run->ready_fd, F_SETFL, O_NONBLOCK);
	(void)chmod(path, 0600);
	return true;
}

static void read_ready(struct vmm_run *run)
{
	char buffer[256];

	if (run->ready || (run->ready_fd < 0 && !open_ready(run)))
		return;
	ssize_t n = read(run->ready_fd, buffer, sizeof(buffer));
	if (n > 0)
		run->ready = true;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_ready(run);
}

/* To an ended QEMU no connection is made; what it said before is still in ours. */
static void look(struct vmm_run *run, bool ended)
{
	if (run->state || !ended)
		read_events(run, ended);
	if (run->ready_fd >= 0 || !ended)
		read_ready(run);
}

static bool command(struct vmm_run *run, enum vmm_command command)
{
	static const char *const words[] = {
		[VMM_POWER_BUTTON] = "system_powerdown", [VMM_QUIT] = "quit", [VMM_CONTINUE] = "cont"};
	bool asleep = command == VMM_CONTINUE && run->pause == VMM_ASLEEP;

	if (!run->state)
		return false;
	struct err *e =
		qmp_run(run->state, asleep ? "system_wakeup" : words[command], NULL, tick_ms() + QMP_ANSWER_MS, NULL);
	/* it may end before it answers */
	bool taken = !e || (err_is(e, ERR_NET) && command != VMM_CONTINUE);
	if (e && !err_is(e, ERR_GUEST))
		close_qmp(run);
	err_free(e);
	return taken;
}

/* A line for QEMU's monitor for people: it answers with words, or, where all is well, with none. */
static bool tell_monitor(struct vmm_run *run, const char *line, bool quiet)
{
	struct json *arguments = js_object();
	AUTO_JSON *answer = NULL;

	js_set_text(arguments, "command-line", line);
	struct err *e = qmp_run(run->state, "human-monitor-command", arguments, tick_ms() + QMP_ANSWER_MS, &answer);
	if (e && !err_is(e, ERR_GUEST))
		close_qmp(run);
	const char *words = js_as_text(answer);
	bool done = !e && words && (!quiet || !*words);
	err_free(e);
	return done;
}

static bool forward(struct vmm_run *run, const struct published_port *p, bool on)
{
	AUTO_FREE char *host = mem_printf("%s:%s:%d", protocol_name(p->protocol), p->address, p->port);
	int to = p->inside_port ? p->inside_port : p->port;
	AUTO_FREE char *line = on ? mem_printf("hostfwd_add " QEMU_NETWORK " %s-%s:%d", host, p->inside, to)
				  : mem_printf("hostfwd_remove " QEMU_NETWORK " %s", host);

	return run->state && tell_monitor(run, line, /* quiet= */ on);
}

static enum vmm_end judge(const struct vmm_run *run, const char *words, enum accel accel, int *ret_port)
{
	if (WIFEXITED(run->wait_status) && WEXITSTATUS(run->wait_status) == 0)
		return streq(run->reason, "guest-reset") ? VMM_REBOOT : VMM_OFF;
	if (qemu_port_conflict(words, ret_port))
		return VMM_PORT_TAKEN;
	return qemu_blames_accel(words, accel) ? VMM_NO_ACCEL : VMM_FAILED;
}

/* --- firmware --- */

/*
 * aarch64: all zero, the file has no blocks until the firmware writes them. x86_64: the banks have the sizes and
 * headers of a template; without its headers the firmware takes a bank for none, and keeps its variables in memory.
 */
static struct err *firmware_create(const struct machine_spec *spec, const char *path)
{
	const char *template = arch_row(spec->guest_arch)->guest.flash_vars;
	AUTO_FREE char *from = template ? path_join(spec->qemu_share, template) : NULL;
	struct err *e = NULL;

	if (from)
		return file_copy(from, path, 0600);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_os(errno, "cannot create '%s'", path);
	if (ftruncate(fd, QEMU_FLASH_BYTES) != 0)
		e = err_os(errno, "cannot size '%s'", path);
	if (close(fd) != 0 && !e)
		e = err_os(errno, "cannot write '%s'", path);
	return e;
}

const struct vmm vmm_qemu = {
	.name = "QEMU",
	.can_9p = true,
	.can_uefi = true,
	.available = available,
	.parts = parts,
	.argv = machine_argv,
	.prepare = prepare,
	.look = look,
	.command = command,
	.forward = forward,
	.disconnect = disconnect,
	.forget = forget,
	.judge = judge,
	.disk_create = qemu_disk_create,
	.disk_size = qemu_disk_size,
	.disk_check = qemu_disk_check,
	.disk_below = qemu_disk_below,
	.disk_merge = qemu_disk_merge,
	.disk_is_empty = qemu_disk_is_empty,
	.disk_copy = qemu_disk_copy,
	.disk_flatten = qemu_disk_flatten,
	.disk_grow = qemu_disk_grow,
	.firmware_create = firmware_create,
};

#include "machine/power.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine/argv.h"
#include "machine/paths.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "sys/tick.h"

enum {
	QMP_ANSWER_MS = 5000,
	ORPHAN_MS = 10 * 1000,
	KILL_GRACE_MS = 5000,
	WORDS_MAX = 8 * 1024,
	CONSOLE_CHUNK = 64 * 1024,
	SERIAL_LOG_MAX = 64 * 1024 * 1024,
};

void power_init(struct power *p, const struct machine_spec *spec)
{
	*p = (struct power){.ready_fd = -1, .serial_fd = -1};
	p->serial_path = machine_path(spec, MACHINE_SERIAL_LOG);
	p->qemu_log_path = machine_path(spec, MACHINE_QEMU_LOG);
	p->qmp_path = machine_path(spec, MACHINE_QMP_SOCKET);
	p->ready_path = machine_path(spec, MACHINE_READY_SOCKET);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void hang_up(struct power *p)
{
	p->qmp = qmp_close(p->qmp);
	close_fd(&p->ready_fd);
	close_fd(&p->serial_fd);
}

void power_done(struct power *p)
{
	power_kill(p);
	hang_up(p);
	if (p->pid > 0) {
		err_free(file_remove(p->qmp_path));
		err_free(file_remove(p->ready_path));
	}
	p->watch = phase_free(p->watch);
	free(p->serial_path);
	free(p->qemu_log_path);
	free(p->qmp_path);
	free(p->ready_path);
	*p = (struct power){.ready_fd = -1, .serial_fd = -1};
}

/*
 * Where processes do not die with their parent, a killed supervisor leaves QEMU behind. We hold the machine's lock:
 * whoever answers there is nobody's.
 */
static void end_orphan(const struct power *p)
{
	struct qmp *q = NULL;
	struct json *event = NULL;
	int64_t until = tick_ms() + ORPHAN_MS;
	struct err *e = qmp_open(p->qmp_path, tick_ms() + QMP_ANSWER_MS, &q);

	if (!e)
		e = qmp_run(q, "quit", NULL, tick_ms() + QMP_ANSWER_MS, NULL);
	while (!e && tick_ms() < until) {
		e = qmp_event(q, until, &event);
		event = js_free(event);
	}
	err_free(e);
	qmp_close(q);
}

struct err *power_on(struct power *p, const struct machine_spec *spec, const struct machine_start *start,
		     const struct host_facts *facts, struct strs *warnings)
{
	AUTO(strs) argv = STRS_INIT;

	end_orphan(p);
	TRY(machine_argv(spec, start, facts, &argv, warnings));
	hang_up(p);
	TRY(file_remove(p->qmp_path));
	TRY(file_remove(p->ready_path));
	phase_free(p->watch);
	p->watch = phase_new(guest_os_find(spec->os));
	p->ready = false;
	p->reason[0] = '\0';
	p->serial_offset = file_size(p->serial_path);
	p->serial_offset = p->serial_offset < 0 ? 0 : p->serial_offset;
	p->qemu_log_offset = file_size(p->qemu_log_path);
	p->qemu_log_offset = p->qemu_log_offset < 0 ? 0 : p->qemu_log_offset;
	struct child_spec child = {
		.argv = (const char *const *)argv.items,
		.cwd = spec->dir,
		.log_path = p->qemu_log_path,
		.die_with_parent = true,
	};
	TRY(child_start(&child, &p->pid));
	p->running = true;
	return NULL;
}

static void read_console(struct power *p)
{
	char buffer[CONSOLE_CHUNK];

	if (p->serial_fd < 0)
		p->serial_fd = open(p->serial_path, O_RDWR | O_CLOEXEC);
	if (p->serial_fd < 0)
		return;
	for (;;) {
		ssize_t n = pread(p->serial_fd, buffer, sizeof(buffer), (off_t)p->serial_offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		phase_feed(p->watch, buffer, (size_t)n);
		p->serial_offset += n;
		if (n < (ssize_t)sizeof(buffer))
			break;
	}
	/* QEMU appends: after this it goes on at the new end. A guest must not fill the host's disk with talk. */
	if (p->serial_offset > SERIAL_LOG_MAX && ftruncate(p->serial_fd, 0) == 0)
		p->serial_offset = 0;
}

static void read_events(struct power *p)
{
	if (!p->qmp) {
		err_free(qmp_open(p->qmp_path, tick_ms() + QMP_ANSWER_MS, &p->qmp));
		if (!p->qmp)
			return;
		/* QEMU makes it with our umask; the folder is 0700, this is the second fence */
		(void)chmod(p->qmp_path, 0600);
	}
	for (;;) {
		AUTO_JSON *event = NULL;
		struct err *e = qmp_event(p->qmp, /* deadline_ms= */ 0, &event);
		if (e) {
			err_free(e);
			p->qmp = qmp_close(p->qmp);
			return;
		}
		if (!event)
			return;
		if (!streq(js_get_text(event, "event"), "SHUTDOWN"))
			continue;
		const char *reason = js_get_text(js_get(event, "data"), "reason");
		snprintf(p->reason, sizeof(p->reason), "%s", reason ? reason : "unknown");
	}
}

static void read_ready(struct power *p)
{
	char buffer[256];

	if (p->ready_fd < 0) {
		struct err *e = sock_connect(p->ready_path, &p->ready_fd);
		err_free(e);
		if (p->ready_fd < 0)
			return;
		fcntl(p->ready_fd, F_SETFL, O_NONBLOCK);
		(void)chmod(p->ready_path, 0600);
	}
	ssize_t n = read(p->ready_fd, buffer, sizeof(buffer));
	if (n > 0)
		p->ready = true;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&p->ready_fd);
}

void power_look(struct power *p)
{
	bool ended = p->running && child_poll(p->pid, &p->wait_status);

	read_console(p);
	/* to an ended QEMU no connection is made; what it said before is still in ours */
	if (p->qmp || (p->running && !ended))
		read_events(p);
	if (p->ready_fd >= 0 || (p->running && !ended))
		read_ready(p);
	if (!ended)
		return;
	p->running = false;
	hang_up(p);
}

bool power_command(struct power *p, const char *command)
{
	if (!p->running || !p->qmp)
		return false;
	struct err *e = qmp_run(p->qmp, command, NULL, tick_ms() + QMP_ANSWER_MS, NULL);
	bool taken = !e || err_is(e, ERR_NET); /* it may end before it answers */
	if (e && !err_is(e, ERR_GUEST))
		p->qmp = qmp_close(p->qmp);
	err_free(e);
	return taken;
}

void power_kill(struct power *p)
{
	if (!p->running)
		return;
	child_stop(p->pid, KILL_GRACE_MS);
	p->running = false;
	read_console(p);
	hang_up(p);
}

char *power_words(const struct power *p)
{
	char buffer[WORDS_MAX];
	AUTO(str) s = STR_INIT;
	AUTO(strs) lines = STRS_INIT;
	AUTO_CLOSE int fd = open(p->qemu_log_path, O_RDONLY | O_CLOEXEC);

	int64_t size = file_size(p->qemu_log_path);
	int64_t from = size - WORDS_MAX + 1 > p->qemu_log_offset ? size - WORDS_MAX + 1 : p->qemu_log_offset;
	ssize_t n = fd < 0 ? 0 : pread(fd, buffer, sizeof(buffer) - 1, (off_t)from);
	buffer[n > 0 ? n : 0] = '\0';
	strs_split(&lines, buffer, "\r\n");
	for (size_t i = lines.count > 12 ? lines.count - 12 : 0; i < lines.count; i++) {
		str_add_escaped(&s, lines.items[i], strlen(lines.items[i]));
		str_add_char(&s, '\n');
	}
	return str_take(&s);
}

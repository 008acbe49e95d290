#include "machine/power.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/ignition.h"
#include "machine/paths.h"
#include "machine/shares.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/os.h"

enum {
	KILL_GRACE_MS = 5000,
	WORDS_MAX = 8 * 1024,
	CONSOLE_CHUNK = 64 * 1024,
	CONSOLE_CHUNKS = 16, /* at a look; the rest waits for the next */
	LOG_MAX = 64 * 1024 * 1024,
};

void power_init(struct power *p, const struct vmm *vmm, const struct machine_spec *spec)
{
	*p = (struct power){.vmm = vmm, .run = {.spec = spec, .control_fd = -1, .ready_fd = -1}, .serial_fd = -1};
	p->serial_path = machine_path(spec, MACHINE_SERIAL_LOG);
	p->log_path = machine_path(spec, MACHINE_MONITOR_LOG);
}

static void disconnect(struct power *p)
{
	p->vmm->disconnect(&p->run);
	if (p->serial_fd >= 0)
		close(p->serial_fd);
	p->serial_fd = -1;
}

void power_done(struct power *p)
{
	power_kill(p);
	if (p->vmm)
		disconnect(p);
	if (p->run.pid > 0)
		p->vmm->forget(p->run.spec);
	p->watch = phase_free(p->watch);
	free(p->serial_path);
	free(p->log_path);
	*p = (struct power){.serial_fd = -1};
}

static int64_t end_of(const char *path)
{
	int64_t size = 0;
	err_free(file_size(path, &size)); /* a log is for people: without its size all of it is new */
	return size < 0 ? 0 : size;
}

/* The guest's user has the host user's id, or, of root, this one; its containers may publish any port, at any time. */
static struct monitor_powers powers_of(const struct machine_spec *spec)
{
	return (struct monitor_powers){.files = spec->mount_count > 0, .owner = MACHINE_USER_ID, .ports = true};
}

struct err *power_on(struct power *p, const struct machine_start *start, const struct host_facts *facts,
		     struct strs *warnings)
{
	const struct machine_spec *spec = p->run.spec;
	AUTO(strs) argv = STRS_INIT;
	const struct monitor_powers powers = powers_of(spec);

	TRY(shares_check_nested(spec));
	TRY(p->vmm->prepare(spec));
	TRY(p->vmm->argv(spec, start, facts, &argv, warnings));
	if (warnings && os_monitor_gap() && shares_writable(spec))
		strs_add(warnings, os_monitor_gap());
	disconnect(p);
	phase_free(p->watch);
	p->watch = phase_new(guest_os_find(spec->os));
	p->run.ready = false;
	p->run.reason[0] = p->run.trouble[0] = '\0';
	p->run.pause = p->run.cause = VMM_GOES_ON;
	p->run.monitor_pid = 0;
	p->serial_offset = end_of(p->serial_path);
	p->log_offset = end_of(p->log_path);
	struct child_spec child = {
		.argv = (const char *const *)argv.items,
		.cwd = spec->dir,
		.log_path = p->log_path,
		.die_with_parent = true,
		.monitor = &powers,
	};
	TRY(child_start(&child, &p->run.pid));
	p->run.running = true;
	return NULL;
}

static void read_console(struct power *p, bool ended)
{
	char buffer[CONSOLE_CHUNK];

	if (p->serial_fd < 0)
		p->serial_fd = open(p->serial_path, O_RDONLY | O_CLOEXEC);
	if (p->serial_fd < 0)
		return;
	for (int i = 0; ended || i < CONSOLE_CHUNKS; i++) {
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
	if (log_bound(p->serial_path))
		p->serial_offset = 0;
}

void power_look(struct power *p)
{
	bool ended = p->run.running && child_poll(p->run.pid, &p->run.wait_status);

	read_console(p, ended || !p->run.running);
	if (log_bound(p->log_path))
		p->log_offset = 0;
	p->vmm->look(&p->run, ended || !p->run.running);
	if (!ended)
		return;
	p->run.running = false;
	disconnect(p);
}

bool power_command(struct power *p, enum vmm_command command)
{
	return p->run.running && p->vmm->command(&p->run, command);
}

void power_kill(struct power *p)
{
	if (!p->run.running)
		return;
	child_stop(p->run.pid, KILL_GRACE_MS);
	p->run.running = false;
	read_console(p, /* ended= */ true);
	disconnect(p);
}

bool log_bound(const char *path)
{
	return end_of(path) > LOG_MAX && truncate(path, 0) == 0;
}

char *log_tail(const char *path, int64_t from, size_t count)
{
	char buffer[WORDS_MAX];
	AUTO(str) s = STR_INIT;
	AUTO(strs) lines = STRS_INIT;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	int64_t last = end_of(path) - WORDS_MAX + 1;
	ssize_t n = fd < 0 ? 0 : pread(fd, buffer, sizeof(buffer) - 1, (off_t)(last > from ? last : from));
	buffer[n > 0 ? n : 0] = '\0';
	strs_split(&lines, buffer, "\r\n");
	for (size_t i = lines.count > count ? lines.count - count : 0; i < lines.count; i++) {
		str_add_escaped(&s, lines.items[i], strlen(lines.items[i]));
		str_add_char(&s, '\n');
	}
	return str_take(&s);
}

struct err *log_rotate(const char *path)
{
	AUTO_FREE char *old = mem_printf("%s.1", path);

	int64_t size = 0;
	TRY(file_size(path, &size));
	return size > 0 ? file_rename(path, old) : NULL;
}

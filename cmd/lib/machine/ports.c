#include "machine/ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/paths.h"
#include "sys/child.h"
#include "sys/os.h"
#include "sys/sock.h"
#include "sys/tick.h"

enum {
	AT_ONCE = 32,         /* at a look: others wait for the supervisor too */
	READS = 8,            /* at a look */
	WARNINGS_AT_ONCE = 4, /* who holds a port is dear to find out */
	WARNINGS_MAX = 50,    /* of one boot */
};

void ports_init(struct ports *p, const char *program, const struct machine_spec *spec)
{
	*p = (struct ports){.program = program, .machine = spec->name, .fd = -1};
	p->log_path = machine_path(spec, MACHINE_API_LOG);
}

static void hang_up(struct ports *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	str_clear(&p->input);
}

static void start(struct ports *p, int64_t now)
{
	const char *argv[] = {p->program, "machine", "ports", PORTS_REPORT_OPTION, p->machine, NULL};
	struct child_spec spec = {.argv = argv, .log_path = p->log_path, .die_with_parent = true};
	int report[2];

	kept_begin(&p->watcher, now);
	hang_up(p);
	struct err *e = os_pipe(report);
	if (e) {
		err_free(e);
		return;
	}
	spec.pass_fd = report[1];
	err_free(child_start(&spec, &p->watcher.pid)); /* it is tried again */
	close(report[1]);
	fcntl(report[0], F_SETFL, fcntl(report[0], F_GETFL) | O_NONBLOCK);
	p->fd = report[0];
}

/* A line is the whole truth; false for one that makes no sense. */
static bool take_line(struct ports *p, char *line, const struct machine_spec *spec)
{
	AUTO(published) wanted = {.count = 0};
	struct err *e = published_parse(line, &wanted);
	bool good = !e;

	err_free(e);
	if (good)
		port_table_want(&p->table, &wanted, spec);
	return good;
}

static bool take_lines(struct ports *p, const struct machine_spec *spec)
{
	size_t used = 0;
	bool good = true;

	for (char *end; good && (end = memchr(str_text(&p->input) + used, '\n', p->input.len - used));) {
		*end = '\0';
		good = take_line(p, p->input.data + used, spec);
		used = (size_t)(end - p->input.data) + 1;
	}
	if (used > 0)
		memmove(p->input.data, p->input.data + used, p->input.len - used);
	p->input.len -= used;
	return good && p->input.len <= PUBLISHED_LINE_MAX;
}

static void read_lines(struct ports *p, const struct machine_spec *spec)
{
	char buffer[16 * 1024];

	for (int i = 0; p->fd >= 0 && i < READS; i++) {
		ssize_t n = read(p->fd, buffer, sizeof(buffer));
		if (n < 0)
			return;
		str_add_mem(&p->input, buffer, (size_t)n);
		bool good = take_lines(p, spec);
		if (!good)
			kept_stop(&p->watcher);
		if (!good || n == 0)
			hang_up(p);
	}
}

static enum port_state state_of(int errnum)
{
	switch (errnum) {
	case EADDRINUSE:
		return PORT_TAKEN;
	case EACCES:
	case EPERM:
		return PORT_DENIED;
	case EADDRNOTAVAIL:
		return PORT_ABSENT;
	default:
		return PORT_FAILED;
	}
}

/* What the monitor may have done without an answer is undone first. */
static enum port_state open_port(struct port_row *row, struct power *power)
{
	const struct published_port *port = &row->port;

	if (row->unsure)
		(void)power->vmm->forward(&power->run, port, /* on= */ false);
	int errnum = sock_try_port(port->protocol == PROTOCOL_UDP, port->address, port->port);
	if (errnum)
		return state_of(errnum);
	return power->vmm->forward(&power->run, port, /* on= */ true) ? PORT_OPEN : PORT_FAILED;
}

static void act(struct ports *p, struct port_row *row, struct power *power)
{
	int64_t now = tick_ms();

	if (row->wanted)
		port_table_set(row, open_port(row, power), now);
	else if (power->vmm->forward(&power->run, &row->port, /* on= */ false))
		port_table_closed(&p->table, row);
	else
		port_table_later(row, now);
}

static void name_holder(struct port_row *row)
{
	AUTO_FREE char *holder = os_port_holder(row->port.protocol == PROTOCOL_UDP, row->port.port);

	snprintf(row->holder, sizeof(row->holder), "%s", holder ? holder : "");
}

/* What is not on the host is said once, until it has been there. */
static void warn(struct ports *p, struct strs *warnings)
{
	int said = 0;

	for (size_t i = 0; i < p->table.count && said < WARNINGS_AT_ONCE && p->warned < WARNINGS_MAX; i++) {
		struct port_row *row = &p->table.rows[i];
		if (row->told || !row->wanted)
			continue;
		if (row->state == PORT_TAKEN)
			name_holder(row);
		AUTO_FREE char *text = port_row_text(row);
		if (!text)
			continue;
		row->told = true;
		strs_add(warnings, text);
		p->warned++;
		said++;
	}
}

bool ports_look(struct ports *p, struct power *power, struct strs *warnings)
{
	int64_t now = tick_ms();
	struct port_row *row = NULL;

	if (!p->program)
		return false;
	if (kept_ended(&p->watcher, now))
		hang_up(p);
	if (kept_due(&p->watcher, now))
		start(p, now);
	read_lines(p, power->run.spec);
	for (int i = 0; power->run.control_fd >= 0 && i < AT_ONCE && (row = port_table_next(&p->table, now)); i++)
		act(p, row, power);
	warn(p, warnings);
	return power->run.control_fd >= 0 && port_table_next(&p->table, now);
}

void ports_close(struct ports *p)
{
	kept_stop(&p->watcher);
	hang_up(p);
	port_table_done(&p->table);
	p->warned = 0;
}

void ports_done(struct ports *p)
{
	ports_close(p);
	str_done(&p->input);
	free(p->log_path);
}

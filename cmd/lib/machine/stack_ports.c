#include "machine/stack_ports.h"

#include <stdio.h>

#include "machine/fit.h"
#include "machine/record.h"
#include "sys/tick.h"

static bool same(const struct port *a, const struct port *b)
{
	return a->host_port == b->host_port && a->guest_port == b->guest_port && streq(a->host_address, b->host_address);
}

static bool has(const struct machine_spec *spec, const struct port *port)
{
	for (size_t i = 0; i < spec->port_count; i++)
		if (same(&spec->ports[i], port))
			return true;
	return false;
}

static bool tell(struct power *power, const struct port *port, bool on)
{
	struct published_port p = {
		.protocol = PROTOCOL_TCP, .port = port->host_port, .inside_port = port->guest_port, .reachable = true};

	snprintf(p.address, sizeof(p.address), "%s", port->host_address);
	return power->vmm->forward(&power->run, &p, on);
}

static struct err *not_taken(const struct power *power, const struct port *port)
{
	return err_hint(err_new(ERR_GUEST, "%s of machine '%s' did not take the forward of port %d", power->vmm->name,
				power->run.spec->name, port->host_port),
			"`cooper restart`, then `cooper up`");
}

/* What containers have of the stack's goes; what is not the stack's any more is opened at the next look. */
static struct err *settle(struct power *power, struct port_table *containers, const struct machine_spec *spec)
{
	for (size_t i = containers->count; i-- > 0;) {
		struct port_row *row = &containers->rows[i];
		bool open = row->state == PORT_OPEN || row->unsure;
		if (open && port_row_of_stack(row, spec)) {
			if (!power->vmm->forward(&power->run, &row->port, /* on= */ false))
				return err_hint(err_new(ERR_GUEST, "%s did not close port %d of container '%s'",
							power->vmm->name, row->port.port, row->port.container),
						"wait if the host is busy; else `cooper restart`");
			if (!row->wanted) {
				port_table_closed(containers, row);
				continue;
			}
			port_table_set(row, PORT_WAITING, tick_ms());
			row->unsure = false;
		}
		port_row_settle(row, spec);
	}
	return NULL;
}

/* How far change() came: indices of the list before, and of the list to come. */
struct progress {
	size_t closed, opened;
};

/* What is in the way of another goes first. On error some of it is done, and the last one may be. */
static struct err *change(struct power *power, struct port_table *containers, const struct machine_spec *from,
			  const struct machine_spec *to, struct progress *p)
{
	for (size_t i = 0; i < from->port_count; i++) {
		if (has(to, &from->ports[i]))
			continue;
		p->closed = i + 1;
		if (!tell(power, &from->ports[i], /* on= */ false))
			return not_taken(power, &from->ports[i]);
	}
	TRY(settle(power, containers, to));
	for (size_t i = 0; i < to->port_count; i++) {
		if (has(from, &to->ports[i]))
			continue;
		TRY(fit_port(power->run.spec->name, &to->ports[i]));
		p->opened = i + 1;
		if (!tell(power, &to->ports[i], /* on= */ true))
			return not_taken(power, &to->ports[i]);
	}
	return NULL;
}

/* False when the monitor did not answer to all of it. What is closed already is closed in vain. */
static bool change_back(struct power *power, struct port_table *containers, const struct machine_spec *from,
			const struct machine_spec *to, const struct progress *p)
{
	bool done = true;

	for (size_t i = 0; i < p->opened; i++)
		if (!has(from, &to->ports[i]))
			done = tell(power, &to->ports[i], /* on= */ false) && done;
	for (size_t i = 0; i < p->closed; i++)
		if (!has(to, &from->ports[i]))
			done = tell(power, &from->ports[i], /* on= */ true) && done;
	struct err *e = settle(power, containers, from);
	done = done && !e;
	err_free(e);
	return done;
}

static struct err *check(const struct json *ports)
{
	if (!js_is_array(ports))
		return err_new(ERR_CORRUPT, "the request has no list of ports");
	for (size_t i = 0; i < js_count(ports); i++) {
		const struct json *p = js_at(ports, i);
		int64_t host = js_get_int(p, "host_port", 0), guest = js_get_int(p, "guest_port", 0);
		if (!js_get_text(p, "host_address") || host < 1 || host > 65535 || guest < 1 || guest > 65535)
			return err_new(ERR_CORRUPT, "item %zu of the ports is none", i + 1);
	}
	return NULL;
}

/* What change() made true is written down, or it is not true. */
static struct err *write_down(struct machine_spec *spec, const struct json *ports)
{
	AUTO_JSON *before = machine_spec_ports(spec);

	machine_spec_set_ports(spec, ports);
	struct err *e = machine_record_write(spec);
	if (!e)
		return NULL;
	machine_spec_set_ports(spec, before);
	err_free(machine_record_write(spec)); /* where only the flush failed */
	return e;
}

struct err *stack_ports_take(struct stack_ports *s, struct machine_spec *spec, struct power *power,
			     struct port_table *containers, const struct json *ports)
{
	AUTO(machine_spec) next = {.name = NULL};
	struct progress progress = {.closed = 0};

	TRY(check(ports));
	stack_ports_look(s, spec, power);
	if (s->tried)
		return err_hint(err_new(ERR_GUEST, "%s of machine '%s' does not answer", power->vmm->name, spec->name),
				"wait if the host is busy; else `cooper restart`");
	machine_spec_set_ports(&next, ports);
	struct err *e = change(power, containers, spec, &next, &progress);
	if (!e)
		e = write_down(spec, ports);
	if (e && !change_back(power, containers, spec, &next, &progress))
		s->tried = js_copy(ports);
	return e;
}

void stack_ports_look(struct stack_ports *s, const struct machine_spec *spec, struct power *power)
{
	AUTO(machine_spec) tried = {.name = NULL};
	bool done = true;

	if (!s->tried || power->run.control_fd < 0)
		return;
	machine_spec_set_ports(&tried, s->tried);
	for (size_t i = 0; i < tried.port_count; i++)
		done = done && tell(power, &tried.ports[i], /* on= */ false);
	for (size_t i = 0; done && i < spec->port_count; i++)
		done = tell(power, &spec->ports[i], /* on= */ false) && tell(power, &spec->ports[i], /* on= */ true);
	if (done)
		stack_ports_close(s);
}

void stack_ports_close(struct stack_ports *s)
{
	s->tried = js_free(s->tried);
}

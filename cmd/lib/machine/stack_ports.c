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
	for (size_t i = 0; i < containers->count; i++) {
		struct port_row *row = &containers->rows[i];
		bool open = row->state == PORT_OPEN || row->unsure;
		if (open && port_row_of_stack(row, spec)) {
			if (!power->vmm->forward(&power->run, &row->port, /* on= */ false) && !row->unsure)
				return err_new(ERR_GUEST, "%s did not close port %d of container '%s'",
					       power->vmm->name, row->port.port, row->port.container);
			port_table_set(row, PORT_WAITING, tick_ms());
			row->unsure = false;
		}
		port_row_settle(row, spec);
	}
	return NULL;
}

static struct err *open_port(struct power *power, const struct port *port)
{
	TRY(fit_port(power->run.spec->name, port));
	if (tell(power, port, /* on= */ true))
		return NULL;
	(void)tell(power, port, /* on= */ false); /* without an answer it may have */
	return not_taken(power, port);
}

/* What is in the way of another goes first. On error some of it is done. */
static struct err *change(struct power *power, struct port_table *containers, const struct machine_spec *from,
			  const struct machine_spec *to)
{
	for (size_t i = 0; i < from->port_count; i++)
		if (!has(to, &from->ports[i]) && !tell(power, &from->ports[i], /* on= */ false))
			return not_taken(power, &from->ports[i]);
	TRY(settle(power, containers, to));
	for (size_t i = 0; i < to->port_count; i++)
		if (!has(from, &to->ports[i]))
			TRY(open_port(power, &to->ports[i]));
	return NULL;
}

/* Whatever change() did of it: what is not there is closed in vain, and what is cannot be opened twice. */
static void change_back(struct power *power, struct port_table *containers, const struct machine_spec *from,
			const struct machine_spec *to)
{
	for (size_t i = 0; i < to->port_count; i++)
		if (!has(from, &to->ports[i]))
			(void)tell(power, &to->ports[i], /* on= */ false);
	for (size_t i = 0; i < from->port_count; i++)
		if (!has(to, &from->ports[i]))
			(void)tell(power, &from->ports[i], /* on= */ true);
	err_free(settle(power, containers, from));
}

static struct err *check(const struct machine_spec *next)
{
	for (size_t i = 0; i < next->port_count; i++) {
		const struct port *p = &next->ports[i];
		if (!p->host_address || p->host_port < 1 || p->host_port > 65535 || p->guest_port < 1 ||
		    p->guest_port > 65535)
			return err_new(ERR_CORRUPT, "item %zu of the ports is none", i + 1);
	}
	return NULL;
}

struct err *stack_ports_take(struct machine_spec *spec, struct power *power, struct port_table *containers,
			     const struct json *ports)
{
	AUTO(machine_spec) next = {.name = NULL};

	machine_spec_set_ports(&next, ports);
	TRY(check(&next));
	struct err *e = change(power, containers, spec, &next);
	if (e) {
		change_back(power, containers, spec, &next);
		return e;
	}
	machine_spec_set_ports(spec, ports);
	return machine_record_write(spec);
}

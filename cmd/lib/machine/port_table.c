#include "machine/port_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { RETRY_MS = 1000 };

static const char *const state_names[] = {
	[PORT_WAITING] = "waiting",         [PORT_OPEN] = "open",     [PORT_OF_STACK] = "stack",
	[PORT_UNREACHABLE] = "unreachable", [PORT_TAKEN] = "taken",   [PORT_DENIED] = "denied",
	[PORT_ABSENT] = "no-address",       [PORT_FAILED] = "failed",
};

void port_table_done(struct port_table *t)
{
	free(t->rows);
	*t = (struct port_table){.rows = NULL};
}

const char *port_state_name(enum port_state state)
{
	return state_names[state];
}

static bool of_stack(const struct published_port *port, const struct machine_spec *spec)
{
	for (size_t i = 0; port->protocol == PROTOCOL_TCP && i < spec->port_count; i++) {
		const char *address = spec->ports[i].host_address;
		bool same = streq(address ? address : "127.0.0.1", port->address) || streq(address, "0.0.0.0") ||
			    streq(address, "::");
		if (same && spec->ports[i].host_port == port->port)
			return true;
	}
	return false;
}

static enum port_state first_state(const struct published_port *port, const struct machine_spec *spec)
{
	if (of_stack(port, spec))
		return PORT_OF_STACK;
	return port->reachable ? PORT_WAITING : PORT_UNREACHABLE;
}

bool port_row_of_stack(const struct port_row *row, const struct machine_spec *spec)
{
	return of_stack(&row->port, spec);
}

void port_row_settle(struct port_row *row, const struct machine_spec *spec)
{
	if (of_stack(&row->port, spec) || row->state == PORT_OF_STACK)
		row->state = first_state(&row->port, spec);
}

static struct port_row *find(struct port_table *t, const struct published_port *port)
{
	for (size_t i = 0; i < t->count; i++)
		if (published_same(&t->rows[i].port, port) && streq(t->rows[i].port.inside, port->inside))
			return &t->rows[i];
	return NULL;
}

static void drop(struct port_table *t, size_t index)
{
	memmove(t->rows + index, t->rows + index + 1, (--t->count - index) * sizeof(t->rows[0]));
}

void port_table_want(struct port_table *t, const struct published *wanted, const struct machine_spec *spec)
{
	for (size_t i = 0; i < t->count; i++)
		t->rows[i].wanted = false;
	t->rows = mem_resize(t->rows, (t->count + wanted->count + 1) * sizeof(t->rows[0]));
	for (size_t i = 0; i < wanted->count; i++) {
		const struct published_port *port = &wanted->items[i];
		struct port_row *row = find(t, port);
		if (!row) {
			row = &t->rows[t->count++];
			*row = (struct port_row){.state = first_state(port, spec)};
		}
		row->port = *port;
		row->wanted = true;
	}
	t->beyond = wanted->beyond;
	for (size_t i = t->count; i-- > 0;)
		if (!t->rows[i].wanted && t->rows[i].state != PORT_OPEN && !t->rows[i].unsure)
			drop(t, i);
}

static bool to_be_opened(const struct port_row *row, int64_t now_ms)
{
	return row->wanted && row->state != PORT_OPEN && row->state != PORT_OF_STACK &&
	       row->state != PORT_UNREACHABLE && now_ms >= row->try_ms;
}

struct port_row *port_table_next(struct port_table *t, int64_t now_ms)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->rows[i].wanted && now_ms >= t->rows[i].try_ms)
			return &t->rows[i];
	for (size_t i = 0; i < t->count; i++)
		if (to_be_opened(&t->rows[i], now_ms))
			return &t->rows[i];
	return NULL;
}

void port_table_later(struct port_row *row, int64_t now_ms)
{
	row->try_ms = now_ms + RETRY_MS;
}

void port_table_set(struct port_row *row, enum port_state state, int64_t now_ms)
{
	row->told = row->told && state == row->state;
	row->state = state;
	row->unsure = state == PORT_FAILED || (row->unsure && state != PORT_OPEN);
	row->try_ms = 0;
	if (state != PORT_OPEN)
		port_table_later(row, now_ms);
}

void port_table_closed(struct port_table *t, struct port_row *row)
{
	drop(t, (size_t)(row - t->rows));
}

static char *reason(const struct port_row *row)
{
	switch (row->state) {
	case PORT_UNREACHABLE:
		return row->port.protocol == PROTOCOL_OTHER
			       ? mem_strdup("only TCP and UDP are forwarded")
			       : mem_printf("the guest's address '%s' cannot be forwarded to", row->port.address);
	case PORT_TAKEN:
		return mem_printf("%s listens there", *row->holder ? row->holder : "another program");
	case PORT_DENIED:
		return mem_strdup("this user may not listen there (ports below 1024 need a permission)");
	case PORT_ABSENT:
		return mem_strdup("this host has no such address");
	case PORT_FAILED:
		return mem_strdup("the virtual machine's monitor did not take it");
	case PORT_WAITING:
	case PORT_OPEN:
	case PORT_OF_STACK:
		break;
	}
	return NULL;
}

char *port_row_text(const struct port_row *row)
{
	AUTO_FREE char *why = reason(row);
	const struct published_port *p = &row->port;

	return why ? mem_printf("%s port %d of container '%s' is not on %s: %s", protocol_name(p->protocol), p->port,
				p->container, p->reachable ? p->address : "this host", why)
		   : NULL;
}

struct json *port_table_json(const struct port_table *t)
{
	struct json *out = js_object();
	struct json *ports = js_array();

	for (size_t i = 0; i < t->count; i++) {
		const struct port_row *row = &t->rows[i];
		if (!row->wanted)
			continue;
		struct json *item = published_json(&row->port);
		AUTO_FREE char *why = reason(row);
		js_set_text(item, "state", port_state_name(row->state));
		if (why)
			js_set_text(item, "why", why);
		js_add(ports, item);
	}
	js_set(out, "ports", ports);
	js_set_int(out, "beyond", (int64_t)t->beyond);
	return out;
}

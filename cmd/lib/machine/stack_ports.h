/*
 * stack_ports.h - the stack's own ports of a machine that runs become others: the supervisor's side
 *
 *	e = stack_ports_take(spec, &power, &table, js_get(request, "ports"));
 */
#ifndef COOPER_MACHINE_STACK_PORTS_H
#define COOPER_MACHINE_STACK_PORTS_H

#include "machine/port_table.h"
#include "machine/power.h"

/**
 * stack_ports_take() - @ports (machine_spec_ports()) are those of @spec from now on: on the host, in @spec and in its record
 * @containers:  what containers publish: the stack's ports come first, and what it leaves is theirs
 *
 * What stays is not touched, and what is connected goes on.
 *
 * Errors:    BUSY, USAGE, OS (see fit_port()), GUEST (the monitor did not take one), CORRUPT (they make no sense)
 * On error:  all is as it was, but for a record that could not be written: told again, it is written again.
 */
MUST_CHECK struct err *stack_ports_take(struct machine_spec *spec, struct power *power, struct port_table *containers,
					const struct json *ports);

#endif

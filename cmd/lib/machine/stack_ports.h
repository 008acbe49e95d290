/*
 * stack_ports.h - the stack's own ports of a machine that runs become others: the supervisor's side
 *
 *	e = stack_ports_take(&stack_ports, spec, &power, &table, js_get(request, "ports"));
 *	while (...) stack_ports_look(&stack_ports, spec, &power);
 *	stack_ports_close(&stack_ports);	the monitor is gone, and with it what it may have opened
 */
#ifndef COOPER_MACHINE_STACK_PORTS_H
#define COOPER_MACHINE_STACK_PORTS_H

#include "machine/port_table.h"
#include "machine/power.h"

struct stack_ports {
	struct json *tried; /* ports that the monitor, which did not answer, may have opened; NULL = all is as it says */
};

/**
 * stack_ports_take() - @ports (machine_spec_ports()) are those of @spec from now on: on the host, in @spec and in its record
 * @containers:  what containers publish: the stack's ports come first, and what it leaves is theirs
 *
 * What stays is not touched, and what is connected goes on.
 *
 * Errors:    BUSY, USAGE, OS (see fit_port()), GUEST (the monitor did not take one), CORRUPT (they make no sense)
 * On error:  all is as it was; where the monitor does not answer, once it does.
 */
MUST_CHECK struct err *stack_ports_take(struct stack_ports *s, struct machine_spec *spec, struct power *power,
					struct port_table *containers, const struct json *ports);

/** stack_ports_look() - what could not be put back is, when the monitor answers again */
void stack_ports_look(struct stack_ports *s, const struct machine_spec *spec, struct power *power);

void stack_ports_close(struct stack_ports *s);

#endif

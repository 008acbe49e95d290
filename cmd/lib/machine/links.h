/*
 * links.h - what leads from the host into a guest that is ready: the sockets of its podman, its containers' ports, its clock
 *
 *	links_init(&l, spec, program);
 *	while (...) links_look(&l, &power, &warnings);
 *	links_close(&l);	before the guest goes
 *	links_done(&l);
 */
#ifndef COOPER_MACHINE_LINKS_H
#define COOPER_MACHINE_LINKS_H

#include "machine/forward.h"
#include "machine/guest_clock.h"
#include "machine/ports.h"
#include "machine/stack_ports.h"

struct links {
	struct forward forwards[FORWARDS];
	struct ports ports;
	struct stack_ports stack_ports;
	struct guest_clock clock;
};

#define LINKS_INIT {.ports = {.fd = -1}} /* fine for links_done() */

/** links_init() - nothing runs; @program: cooper, which follows the containers' ports, NULL = they are not followed */
void links_init(struct links *l, const struct machine_spec *spec, const char *program);

/** links_look() - see forward_look(), ports_look() and guest_clock_look(); true when there is more to do at once */
bool links_look(struct links *l, struct power *power, struct strs *warnings);

/** links_add() - what `cooper status` shows of them */
void links_add(const struct links *l, struct json *line);

/** links_close() - the guest goes; links_done() - and nothing comes after it */
void links_close(struct links *l);
void links_done(struct links *l);

#endif

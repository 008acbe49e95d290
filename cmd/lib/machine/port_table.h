/*
 * port_table.h - which published ports are on the host, which are to be, and what stands in the way; pure
 *
 * A row is one port of one container. What is not wanted any more is closed before anything is opened, so that a port
 * may change hands; what could not be opened is tried again each second.
 *
 *	port_table_want(&t, &published, spec);
 *	while ((row = port_table_next(&t, now))) { open or close it; port_table_set() or port_table_closed(); }
 */
#ifndef COOPER_MACHINE_PORT_TABLE_H
#define COOPER_MACHINE_PORT_TABLE_H

#include <stdint.h>

#include "guest/published.h"
#include "machine/spec.h"

enum port_state {
	PORT_WAITING,     /* to be opened */
	PORT_OPEN,        /* on the host */
	PORT_OF_STACK,    /* the stack's own `ports` have it */
	PORT_UNREACHABLE, /* at an address of the guest that nothing leads to */
	PORT_TAKEN,       /* another program listens there */
	PORT_DENIED,      /* this user may not listen there */
	PORT_ABSENT,      /* the host has no such address */
	PORT_FAILED,      /* the monitor did not take it */
};

struct port_row {
	struct published_port port;
	enum port_state state;
	bool wanted;
	bool told;       /* people were told that it is not on the host */
	bool unsure;     /* the monitor may have opened it without an answer */
	int64_t try_ms;  /* not before */
	char holder[96]; /* of PORT_TAKEN: who listens there, escaped; "" = not known */
};

struct port_table {
	struct port_row *rows;
	size_t count;
	size_t beyond; /* published, and too many */
};

void port_table_done(struct port_table *t);

/** port_state_name() - "open", "taken", ... */
const char *port_state_name(enum port_state state);

/** port_table_want() - from now on @wanted is what is to be; a row that stays keeps its state */
void port_table_want(struct port_table *t, const struct published *wanted, const struct machine_spec *spec);

/** port_row_of_stack() - whether the ports of @spec have it; port_row_settle() - they are others than they were: @row,
 *  which is not open where they have it, is theirs now, or no longer */
bool port_row_of_stack(const struct port_row *row, const struct machine_spec *spec);
void port_row_settle(struct port_row *row, const struct machine_spec *spec);

/** port_table_next() - the next row to be closed (not wanted), or to be opened; NULL = none at @now_ms */
struct port_row *port_table_next(struct port_table *t, int64_t now_ms);

/** port_table_set() - what became of opening it: PORT_OPEN, or why not */
void port_table_set(struct port_row *row, enum port_state state, int64_t now_ms);

/** port_table_later() - @row is as it was, and is not returned again by port_table_next() for a second */
void port_table_later(struct port_row *row, int64_t now_ms);

/** port_table_closed() - it is no longer on the host: the row goes */
void port_table_closed(struct port_table *t, struct port_row *row);

/** port_row_text() - why it is not on the host, for people, heap; NULL where there is nothing to say */
char *port_row_text(const struct port_row *row);

/** port_table_json() - {"ports":[...],"beyond":N}, a new root: what `cooper status` shows */
struct json *port_table_json(const struct port_table *t);

#endif

/*
 * published.h - the ports that a guest's containers publish, from podman's list of them; pure
 *
 * Written by the guest, so bounded in every way: texts are cut and escaped, numbers checked, no more than PUBLISHED_MAX
 * ports are taken. Where a port is to be on the host follows from the address that was asked for: none, or all of the
 * guest's own, is the host's 127.0.0.1; one of 127.0.0.0/8 is itself; others are out of reach, which is said with
 * the port.
 *
 *	AUTO(published) list = {.count = 0};
 *	TRY(published_read(text, size, &list));
 *	AUTO_FREE char *line = published_line(&list);
 *
 * See: podman's API, GET /libpod/containers/json
 */
#ifndef COOPER_GUEST_PUBLISHED_H
#define COOPER_GUEST_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/auto.h"
#include "base/err.h"
#include "fmt/json.h"

enum {
	PUBLISHED_MAX = 1024,            /* ports; each is a socket of the monitor */
	PUBLISHED_LINE_MAX = 512 * 1024, /* bytes of a line with so many */
	PUBLISHED_ADDRESS = 46,
	PUBLISHED_NAME = 128,
};

enum protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_OTHER };

struct published_port {
	enum protocol protocol;
	char address[PUBLISHED_ADDRESS]; /* of the host; what was asked for where it cannot be had */
	char inside[PUBLISHED_ADDRESS];  /* of the guest; "" = its own */
	int port;                        /* of the host, and of the guest unless inside_port is */
	int inside_port;                 /* of the guest, where that is another one; 0 = the same */
	char container[PUBLISHED_NAME];  /* its name, escaped */
	bool reachable;
};

struct published {
	struct published_port *items;
	size_t count;
	size_t beyond; /* more than PUBLISHED_MAX */
};

void published_done(struct published *list);

/** protocol_name() - "tcp", "udp", "other" */
const char *protocol_name(enum protocol protocol);

/** published_same() - whether both are one socket of the host */
bool published_same(const struct published_port *a, const struct published_port *b);

/**
 * published_read() - append what podman's list of containers says; of two for one port the first counts
 *
 * What makes no sense in it is left out. Errors: CORRUPT (no list)
 */
MUST_CHECK struct err *published_read(const char *text, size_t size, struct published *list);

/** published_add() - append, but for what is there already or too many */
void published_add(struct published *list, const struct published_port *port);

/** published_json() - one port, a new root; published_line() - all of them as one line, heap; published_parse() - back
 *  again: CORRUPT */
struct json *published_json(const struct published_port *port);
char *published_line(const struct published *list);
MUST_CHECK struct err *published_parse(const char *line, struct published *list);

#endif

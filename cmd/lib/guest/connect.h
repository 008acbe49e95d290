/*
 * connect.h - podman on the host told about the machine, by podman's own command
 *
 * The file that podman keeps its connections in differs between its versions; the command does not. A connection that
 * is as wanted is left alone, and nobody's default is taken away: podman itself makes the first connection the default.
 *
 *	struct connection connection = {.name = "dev", .user = "core", .uid = 1000, .port = port, .identity = key};
 *	TRY(connect_add(&connection, sink, &connected));
 */
#ifndef COOPER_GUEST_CONNECT_H
#define COOPER_GUEST_CONNECT_H

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

/* All borrowed. */
struct connection {
	const char *program;    /* NULL = "podman" */
	const char *const *env; /* for it; NULL = ours */
	const char *name;
	const char *user;
	int uid;              /* of the user in the guest; 0 = the system's podman */
	int port;             /* ssh on 127.0.0.1 */
	const char *identity; /* private key */
};

enum connect_state { CONNECT_ABSENT, CONNECT_SAME, CONNECT_CHANGED, CONNECT_FOREIGN };

/** guest_uid() - of the login user in a guest that was set up from here: ours, as shared folders need it */
int guest_uid(void);

/** guest_podman_socket() - podman's socket of user @uid in the guest; 0 = the system's; heap */
char *guest_podman_socket(int uid);

/** connect_uri() - "ssh://core@127.0.0.1:2222/run/user/1000/podman/podman.sock", heap */
char *connect_uri(const struct connection *c);

/**
 * connect_state() - what the JSON list of podman's connections says about ours
 * @ret_default:  whether it is the default
 *
 * CONNECT_ABSENT: not in it; CONNECT_SAME: as wanted; CONNECT_CHANGED: ours, but different; CONNECT_FOREIGN: it has
 * another key, so somebody else made it. Pure.
 */
enum connect_state connect_state(const struct connection *c, const char *list, bool *ret_default);

/**
 * connect_add() - make podman's connection @c->name lead to the machine
 * @ret_name:  what it is called, heap: "cooper-NAME" where the user has one of that name, which stays; NULL without
 *             podman on the host, of which a note is made
 *
 * Errors:  USAGE (both names are the user's own), CHILD (podman failed), TIMEOUT, CANCELED
 */
MUST_CHECK struct err *connect_add(const struct connection *c, struct sink *sink, char **ret_name);

/** connect_remove() - take out again what has our key; fine when there is none, or no podman */
MUST_CHECK struct err *connect_remove(const struct connection *c);

#endif

/*
 * connect.h - podman on the host told about the machine, by podman's own command
 *
 * The file that podman keeps its connections in differs between its versions, and has a lock; the command knows both. A
 * connection is ours when it leads into the machine's folder; another one of its name is the user's, and stays. One
 *that is as wanted is left alone, and nobody's default is taken away: podman itself makes the first connection the
 *default.
 *
 *	AUTO_FREE char *uri = connect_uri(socket);
 *	struct connection connection = {.program = program, .name = "dev", .uri = uri, .dir = machine_dir};
 *	TRY(connect_list(program, env, &list));
 *	TRY(connect_put(&connection, list, sink, &name));
 */
#ifndef COOPER_GUEST_CONNECT_H
#define COOPER_GUEST_CONNECT_H

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "fmt/json.h"

/* All borrowed. */
struct connection {
	const char *program;    /* podman's path, see connect_program() */
	const char *const *env; /* for it; NULL = ours */
	const char *name;
	const char *uri; /* what it leads to: connect_uri() */
	const char *dir; /* the machine's: what leads into it, or has a key in it, is ours */
};

enum connect_state { CONNECT_ABSENT, CONNECT_SAME, CONNECT_CHANGED, CONNECT_FOREIGN };

/** guest_uid() - of the login user in a guest that was set up from here: ours, as shared folders need it */
int guest_uid(void);

/** guest_podman_socket() - podman's socket of user @uid in the guest; 0 = the system's; heap */
char *guest_podman_socket(int uid);

/** connect_program() - the path of podman on this host, or of its part without containers, podman-remote; heap, or NULL
 */
char *connect_program(void);

/** connect_uri() - "unix:///.../api.sock" of a socket's path, as podman takes it: what has a meaning in a URI is
 * escaped */
char *connect_uri(const char *socket);

/** connect_list() - podman's connections; errors of the program, CORRUPT (its list is none) */
MUST_CHECK struct err *connect_list(const char *program, const char *const *env, struct json **ret_list);

/**
 * connect_state() - what podman's list says about ours
 *
 * CONNECT_ABSENT: not in it; CONNECT_SAME: as wanted; CONNECT_CHANGED: ours, but different; CONNECT_FOREIGN: it leads
 * elsewhere, so somebody else made it. Pure.
 */
enum connect_state connect_state(const struct connection *c, const struct json *list);

/**
 * connect_put() - make podman's connection @c->name lead to the machine
 * @list:      connect_list() of a moment ago
 * @ret_name:  what it is called, heap: "cooper-NAME" where the user has one of that name; NULL where he has both, and
 *             none was made. Each is warned about
 *
 * Errors:  CHILD (podman failed), TIMEOUT, CANCELED
 */
MUST_CHECK struct err *connect_put(const struct connection *c, const struct json *list, struct sink *sink,
				   char **ret_name);

/** connect_drop() - take out of podman what is ours of both names; warn of what is written where podman only reads */
MUST_CHECK struct err *connect_drop(const struct connection *c, struct sink *sink);

#endif

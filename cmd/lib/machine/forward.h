/*
 * forward.h - the guest's container API as sockets of the host, kept up by the supervisor
 *
 * An ssh process of its own listens on machines/<name>/api.sock (0600 in a 0700 folder) and carries each connection to
 * the login user's podman socket in the guest: podman and docker clients need nothing but that path. Another one, as
 * root, does so from root.sock to the system's podman. Each is started once the guest is ready, started again when it
 * ends, and its socket goes when it does. What they say is in log/api.log.
 *
 *	forward_init(&f, spec, FORWARD_USER);
 *	while (...) forward_look(&f);	each second while the guest is ready
 *	forward_close(&f);		before the guest goes
 *	forward_done(&f);
 */
#ifndef COOPER_MACHINE_FORWARD_H
#define COOPER_MACHINE_FORWARD_H

#include "machine/machine.h"
#include "sys/kept.h"

enum forward_to { FORWARD_USER, FORWARD_ROOT, FORWARDS };

struct forward {
	struct machine_ssh guest;
	const char *user; /* in the guest; NULL = the login user */
	char *remote;
	char *path;
	char *log_path;
	struct kept ssh;
	bool was_open;
};

/** forward_init() - nothing runs; a socket that an ended supervisor left is removed (we hold the machine's lock) */
void forward_init(struct forward *f, const struct machine_spec *spec, enum forward_to to);

/** forward_look() - start ssh when none runs and it is due (kept.h); never blocks */
void forward_look(struct forward *f);

/** forward_socket() - the socket's path, borrowed, while clients can connect to it; else NULL */
const char *forward_socket(const struct forward *f);

/** forward_close() - end ssh and remove the socket; forward_look() starts anew */
void forward_close(struct forward *f);
/** forward_done() - forward_close(), and free */
void forward_done(struct forward *f);

#endif

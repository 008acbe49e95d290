/*
 * forward.h - the guest's container API as a socket of the host, kept up by the supervisor
 *
 * An ssh process of its own listens on machines/<name>/api.sock (0600 in a 0700 folder) and carries each connection to
 * the login user's podman socket in the guest: podman and docker clients need nothing but that path. It is started once
 * the guest is ready, started again when it ends, and its socket goes when it does. What it says is in log/api.log.
 *
 *	forward_init(&f, spec);
 *	while (...) forward_look(&f);	each second while the guest is ready
 *	forward_close(&f);		before the guest goes
 *	forward_done(&f);
 */
#ifndef COOPER_MACHINE_FORWARD_H
#define COOPER_MACHINE_FORWARD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "machine/machine.h"

struct forward {
	struct machine_ssh guest;
	char *remote;
	char *path;
	char *log_path;
	pid_t pid; /* 0 = none runs */
	bool was_open;
	int64_t started_ms;
	int64_t again_ms; /* not before */
	int64_t pause_ms; /* before the next one, should this one end */
};

/** forward_init() - nothing runs; a socket that an ended supervisor left is removed (we hold the machine's lock) */
void forward_init(struct forward *f, const struct machine_spec *spec);

/** forward_look() - start ssh when none runs, after a pause that doubles from 1 s to 30 s; never blocks */
void forward_look(struct forward *f);

/** forward_socket() - the socket's path, borrowed, while clients can connect to it; else NULL */
const char *forward_socket(const struct forward *f);

/** forward_close() - end ssh and remove the socket; forward_look() starts anew */
void forward_close(struct forward *f);
/** forward_done() - forward_close(), and free */
void forward_done(struct forward *f);

#endif

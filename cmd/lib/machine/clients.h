/*
 * clients.h - the container clients of this host: told where a machine is, and told when it is gone
 *
 * What was told to whom is noted in connection.json beside the machine, so that it is taken back from just there:
 *podman's connections by the settings that choose its files (HOME, XDG_CONFIG_HOME, CONTAINERS_CONF,
 *PODMAN_CONNECTIONS_CONF), with how those files looked. A look at them then says, without asking podman, whether it is
 *as it was left. What leads elsewhere is the user's: it is neither replaced nor removed (guest/connect.h).
 *
 *	TRY(clients_told(spec->dir, &told));
 *	if (!told) TRY(clients_tell(spec, sink, &outcome));
 *	TRY(clients_forget(machine_dir, name, sink));
 */
#ifndef COOPER_MACHINE_CLIENTS_H
#define COOPER_MACHINE_CLIENTS_H

#include "base/err.h"
#include "base/event.h"
#include "machine/spec.h"

/** clients_told() - whether those that are on this host know the machine, as far as files say; no child */
MUST_CHECK struct err *clients_told(const char *machine_dir, bool *ret_told);

/** clients_noted() - whether any of them was ever told of the machine, and not made to forget it */
MUST_CHECK struct err *clients_noted(const char *machine_dir, bool *ret_noted);

/**
 * clients_tell() - tell them
 * @outcome:  gets a line for people: how each reaches the machine
 *
 * Errors:  CHILD, CORRUPT, TIMEOUT (podman failed, or says nonsense), OS, CANCELED
 */
MUST_CHECK struct err *clients_tell(const struct machine_spec *spec, struct sink *sink, struct str *outcome);

/** clients_forget() - take back what was told of machine @name; what cannot be is warned about. Errors: OS, CANCELED */
MUST_CHECK struct err *clients_forget(const char *machine_dir, const char *name, struct sink *sink);

#endif

/*
 * clients.h - the container clients of this host: told where a machine is, and told when it is gone
 *
 * What was told to whom is noted in connection.json beside the machine, so that it is taken back from just there:
 *podman's connections by the settings that choose its files (HOME, XDG_CONFIG_HOME, CONTAINERS_CONF,
 *PODMAN_CONNECTIONS_CONF), with how those files looked, docker's context by docker's folder, a link to the socket by its
 *path. A look at files then says, without asking anybody, whether it is as it was left. What leads elsewhere is the
 *user's: it is neither replaced nor removed (guest/connect.h, guest/docker_context.h). Each client is a struct client
 *(client.h).
 *
 *	const struct machine_spec spec = {.name = name, .dir = machine_dir};
 *	TRY(clients_told(&spec, clients_of(stack), &told));
 *	if (!told) TRY(clients_tell(&spec, clients_of(stack), sink, &outcome));
 *	TRY(clients_forget(machine_dir, name, sink));
 */
#ifndef COOPER_MACHINE_CLIENTS_H
#define COOPER_MACHINE_CLIENTS_H

#include "base/err.h"
#include "base/event.h"
#include "machine/client.h"
#include "machine/spec.h"
#include "recipe/recipe.h"

/** clients_of() - what `connect:` of @stack says */
struct clients clients_of(const struct recipe *stack);

/** clients_any() - whether anybody is to be told, or to be told no more */
MUST_CHECK struct err *clients_any(const char *machine_dir, const struct clients *wanted, bool *ret_any);

/** clients_told() - whether those that are on this host know the machine, as far as files say; no child. Of @spec name
 * and folder are read, here and below */
MUST_CHECK struct err *clients_told(const struct machine_spec *spec, struct clients wanted, bool *ret_told);

/** clients_noted() - those that were told of the machine before */
MUST_CHECK struct err *clients_noted(const char *machine_dir, struct clients *ret_noted);

/**
 * clients_tell() - tell them
 * @outcome:  gets a line for people: how each reaches the machine
 *
 * Errors:  CHILD, CORRUPT, TIMEOUT (podman failed, or says nonsense), OS, CANCELED. That docker's folder cannot be
 * written is a warning
 */
MUST_CHECK struct err *clients_tell(const struct machine_spec *spec, struct clients wanted, struct sink *sink,
				    struct str *outcome);

/** clients_links() - append the links that lead to the machine's socket now */
MUST_CHECK struct err *clients_links(const char *machine_dir, struct strs *paths);

/** clients_forget() - take back what was told of machine @name; what cannot be is warned about. Errors: OS, CANCELED */
MUST_CHECK struct err *clients_forget(const char *machine_dir, const char *name, struct sink *sink);

#endif

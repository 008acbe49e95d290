/*
 * client.h - one of the host's container clients, as data: how it is told of a machine, and how that is seen and undone
 *
 * Each client can be told in several places (under another HOME, another folder of settings); what was done in one is
 * an object of the note beside the machine (clients.h), which the client alone understands. A new client is a const
 * struct client in a file of its own, its name here, a line in clients.c and its field in recipe/schema.c.
 */
#ifndef COOPER_MACHINE_CLIENT_H
#define COOPER_MACHINE_CLIENT_H

#include "base/err.h"
#include "base/event.h"
#include "fmt/json.h"
#include "machine/spec.h"

/* Those that a stack wants told. */
struct clients {
	bool podman, docker;
	const char *socket; /* where a link to the machine's is to be, absolute or ~/...; borrowed; NULL = nowhere */
	bool as_noted;      /* no stack says so: links are to be where they were */
};

struct client {
	const char *name;      /* its member in the note */
	const char *place_key; /* the member of a place by which places differ */
	/* Whether it knows the machine, or is not on this host; files are looked at, no child. @places: array, or NULL.
	 * Of @spec name and dir are there. */
	struct err *(*told)(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			    bool *ret_told);
	/* Take back what is asked for no more, and say which places count from now on: that is noted before tell().
	 * NULL = what was told holds until the machine goes, and tell() says where. */
	struct err *(*settle)(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			      struct sink *sink, struct json **ret_places);
	/* Tell it; a few words for people are appended to @outcome. *ret_place stays NULL where there is nobody to
	 * tell. */
	struct err *(*tell)(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			    struct sink *sink, struct str *outcome, struct json **ret_place);
	/* Take it back from every place; what cannot be is warned about. */
	struct err *(*forget)(const char *machine_dir, const char *name, const struct json *places, struct sink *sink);
};

extern const struct client client_podman, client_docker, client_socket;

/** client_is() - whether the two are the same value; either may be NULL */
bool client_is(const struct json *value, struct json *take_other);
/** client_place() - the place of @places whose member @key is @take_value, borrowed; NULL when there is none */
const struct json *client_place(const struct json *places, const char *key, struct json *take_value);

#endif

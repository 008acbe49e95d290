/*
 * docker_context.h - docker's clients on the host told about the machine, by a context in docker's own folder
 *
 * A context is contexts/meta/<SHA-256 of its name>/meta.json: docker's command, compose, buildx, testcontainers and
 *editors read it; the command need not be installed. It is ours when it leads into the machine's folder; another one of
 *its name is the user's, and stays. Which one is the current one is the user's matter as well: a machine becomes it
 *only where docker would find nothing at all, and stops being it when its context goes, since docker refuses to run
 *with a current context that is not there.
 *
 *	AUTO_FREE char *folder = docker_folder();
 *	struct docker_context context = {.folder = folder, .name = "cooper-dev", .socket = socket, .dir = machine_dir};
 *	TRY(docker_context_state(&context, &state));
 *	if (state == DOCKER_ABSENT) TRY(docker_context_put(&context, &made));
 *
 * See: docker-context(1); cli/context/store in docker's sources
 */
#ifndef COOPER_GUEST_DOCKER_CONTEXT_H
#define COOPER_GUEST_DOCKER_CONTEXT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* All borrowed. */
struct docker_context {
	const char *folder; /* docker's, see docker_folder() */
	const char *name;
	const char *socket; /* what it leads to */
	const char *dir;    /* the machine's: what leads into it is ours */
};

enum docker_state { DOCKER_ABSENT, DOCKER_SAME, DOCKER_CHANGED, DOCKER_FOREIGN };

/** docker_folder() - where docker's clients keep their settings: DOCKER_CONFIG, else ~/.docker; heap; NULL without HOME
 */
char *docker_folder(void);

/** docker_is_used() - whether that folder is there, or a docker is installed: else nobody is to be told */
MUST_CHECK struct err *docker_is_used(const char *folder, bool *ret_used);

/** docker_context_state() - what docker knows by that name; one that cannot be understood is DOCKER_FOREIGN. Errors: OS
 */
MUST_CHECK struct err *docker_context_state(const struct docker_context *c, enum docker_state *ret_state);

/**
 * docker_context_put() - write the context in the place of none, or of ours
 * @made:  gets the folders that were not there before, outermost first, for docker_context_drop()
 */
MUST_CHECK struct err *docker_context_put(const struct docker_context *c, struct strs *made);

/**
 * docker_context_use() - make it the current one, where there is none and nothing listens at docker's own socket
 * @ret_used:  whether it is now
 *
 * Errors:  CORRUPT (docker's config.json is none: nothing was changed), OS
 */
MUST_CHECK struct err *docker_context_use(const struct docker_context *c, bool *ret_used);

/**
 * docker_context_drop() - remove it if it is ours; then it is the current one no longer, and of @made (NULL = none)
 * goes what is empty
 */
MUST_CHECK struct err *docker_context_drop(const struct docker_context *c, const struct strs *made);

#endif

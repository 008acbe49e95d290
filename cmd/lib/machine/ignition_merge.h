/*
 * ignition_merge.h - a configuration of the user's beside the machine's own
 *
 * Ignition merges it itself, at the first boot, by `ignition.config.merge`: users, files and units are joined by name.
 * In a merge the user's would win, so what both name is refused here: a machine whose ready unit, host key or data disk
 * was replaced would not come up. So is what cannot be seen here (a configuration that it merges in its turn), and what
 * is fetched at boot without a digest. Each complaint names file, line and column, as for recipes.
 *
 *	ours = machine_ignition(&input);
 *	TRY(ignition_read("mine.ign", &limits, ours, &spec->ignition));
 *
 * See: Ignition docs/configuration-v3_3.md, docs/operator-notes.md ("Config merging")
 */
#ifndef COOPER_MACHINE_IGNITION_MERGE_H
#define COOPER_MACHINE_IGNITION_MERGE_H

#include <stdbool.h>

#include "base/err.h"
#include "machine/ignition.h"

/**
 * ignition_read() - the user's configuration from a file
 * @dir:       folder of the recipe that names it
 * @file:      below that, also behind links (sys/beneath.h): at most 1 MiB of JSON
 * @ours:      the machine's own configuration, as machine_ignition() writes it
 * @ret_text:  canonical JSON, heap
 *
 * Errors:  ABSENT, OS; USAGE (a link leads out; no JSON object; a version that the image does not take; both name the
 * same path, unit, disk, or property of a user; it brings a further configuration; something fetched has no digest, or
 * cannot be fetched: all of them at once in the detail)
 */
MUST_CHECK struct err *ignition_read(const char *dir, const char *file, const struct ignition_limits *limits,
				     const char *ours, char **ret_text);

#endif

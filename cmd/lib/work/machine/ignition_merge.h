/*
 * ignition_merge.h - a configuration of the user's beside the machine's own
 *
 * Ignition merges it itself, at the first boot, by `ignition.config.merge`: users, files and units are joined by name.
 * In a merge the user's would win, so what both name is refused here: a machine whose ready unit, host key or data disk
 * was replaced would not come up. What is fetched at boot must be pinned by its digest, like everything else.
 *
 * See: Ignition docs/configuration-v3_3.md, docs/operator-notes.md ("Config merging")
 */
#ifndef COOPER_WORK_MACHINE_IGNITION_MERGE_H
#define COOPER_WORK_MACHINE_IGNITION_MERGE_H

#include "base/err.h"
#include "fmt/json.h"

/**
 * ignition_read() - the user's configuration from a file
 * @path:      of at most 1 MiB of JSON
 * @ret_text:  canonical JSON, heap
 *
 * Errors:  ABSENT, OS; USAGE (no JSON object; a version but 3.0.0 to 3.3.0, which every image takes; it replaces the
 *          machine's; something is fetched and has no digest)
 */
MUST_CHECK struct err *ignition_read(const char *path, char **ret_text);

/**
 * ignition_conflict() - whether the configuration @text of ignition_read() can stand beside @ours
 *
 * Errors:  USAGE (both name the same file, unit, disk, or property of a user)
 */
MUST_CHECK struct err *ignition_conflict(const struct json *ours, const char *text);

#endif

/*
 * same_folder.h - a folder of this host as the guest has it
 *
 * Where people stand when they go into the guest is often inside of what is shared with it.
 */
#ifndef COOPER_MACHINE_SAME_FOLDER_H
#define COOPER_MACHINE_SAME_FOLDER_H

#include "machine/spec.h"

/**
 * same_folder() - where @path of this host is in the guest; heap, NULL when it is in none of @spec's mounts
 * @path:  absolute, free of links, as getcwd() has it
 *
 * Of mounts inside of one another the innermost counts. What lies behind a link of the mount's own is found, too.
 */
char *same_folder(const struct machine_spec *spec, const char *path);

#endif

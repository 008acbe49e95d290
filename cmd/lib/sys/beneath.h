/*
 * beneath.h - files that a project names, looked for below its folder and nowhere else
 *
 * A name in a recipe is relative and without "..", but a part of it can be a symbolic link: of a repository that was
 * cloned, or made by the root of a guest that may write to the folder. A link may lead to another place below the
 *folder; one that leads out of it, or that is absolute, is an error. The walk goes from descriptor to descriptor, so
 *that a link that is put there meanwhile is not followed either; what must hold to the end is read from the descriptor.
 *
 *	TRY(beneath_open(dir, "certs/ca.pem", &fd, &path));
 *
 * See: openat2(2), RESOLVE_BENEATH, which does the same, and neither macOS nor older kernels have.
 */
#ifndef COOPER_SYS_BENEATH_H
#define COOPER_SYS_BENEATH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What is read of a file or folder there, in all: whoever can write to it can make it endless. */
#define BENEATH_MAX_BYTES ((int64_t)4 << 30)

/**
 * beneath_open() - open the file or folder @path below @dir to read it
 * @ret_fd:    cloexec
 * @ret_path:  its name below @dir without any link, heap; may be NULL. @dir itself stays as given
 *
 * Errors:  ABSENT (there is none), USAGE (a link leads out of @dir; neither a file nor a folder; another user put it
 *          there, see owner_check_entry()), OS
 */
MUST_CHECK struct err *beneath_open(const char *dir, const char *path, int *ret_fd, char **ret_path);

/** beneath_path() - the same, for who needs the name: of a folder that a program is given, whosever it is; heap */
MUST_CHECK struct err *beneath_path(const char *dir, const char *path, char **ret_path);

/** beneath_read() - file_read() of @path below @dir; errors of both */
MUST_CHECK struct err *beneath_read(const char *dir, const char *path, size_t max, char **ret_data, size_t *ret_size);

#endif

/*
 * damage.h - what lies in a machine's folder where something else has to be
 *
 * Everything there but the data disk is made anew by `up`, so what cannot be what its name says (a folder, a link to
 * nothing, a pipe) is removed, and what its owner may not read is made readable. What is a file and holds nonsense is
 * for who reads it: notes count as absent, a generation is made anew, the data disk is never touched (data_disk.h).
 *
 *	TRY(damage_mend(machine_dir, sink));   with up.lock held
 */
#ifndef COOPER_MACHINE_DAMAGE_H
#define COOPER_MACHINE_DAMAGE_H

#include <sys/stat.h>

#include "base/err.h"
#include "base/event.h"

enum damage_want { WANT_FILE, WANT_FOLDER, WANT_SOCKET };

enum damage_verdict {
	DAMAGE_NONE, /* right, or not there: then it is made */
	DAMAGE_MODE, /* its owner may not use it: change its mode */
	DAMAGE_KIND, /* it is something else: remove it */
};

/**
 * damage_judge() - pure
 * @found:   by lstat(); NULL = nothing is there
 * @target:  what a link leads to; NULL = it is none, or leads to nothing
 * @us:      only what is ours is changed
 */
enum damage_verdict damage_judge(enum damage_want want, const struct stat *found, const struct stat *target, uid_t us);

/**
 * damage_mend() - judge all that a machine's folder may hold, and mend it; a warning for each
 *
 * Errors:  USAGE (the machine's folder itself is something else), OS
 */
MUST_CHECK struct err *damage_mend(const char *machine_dir, struct sink *sink);

#endif

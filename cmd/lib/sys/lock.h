/*
 * lock.h - flock()ed files that name their holder
 *
 * The kernel drops the lock when the holder dies: no lock can go stale. The file's text ("pid 123: cooper up")
 * is for people, written after locking. Locks are inherited by no child (cloexec). Only an exclusive lock counts:
 * lock_held() looks by a shared one, which neither lock_held() nor lock_try() elsewhere takes for a holder.
 */
#ifndef COOPER_SYS_LOCK_H
#define COOPER_SYS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"

/* Where the disk is full or only reads, the lock holds all the same, and without a text: that is when gc and destroy
 * are needed. */
/** lock_try() - take @path exclusively or fail at once with BUSY that names the holder; *ret_fd is closed to unlock */
MUST_CHECK struct err *lock_try(const char *path, const char *holder, int *ret_fd);
/** lock_wait() - like lock_try(), but waits (a note to @sink names the holder once); 0 = no limit; cancelable */
MUST_CHECK struct err *lock_wait(const char *path, const char *holder, int64_t timeout_ms, struct sink *sink,
				 int *ret_fd);
/** lock_keep() - take it again where somebody removed its file while we had it in @fd; BUSY when another was quicker */
MUST_CHECK struct err *lock_keep(const char *path, const char *holder, int *fd);
/**
 * lock_held() - whether somebody holds @path now; a file that is not there is held by nobody
 * @ret_holder:  the holder's text, heap; written only when it is held; may be NULL
 *
 * Errors: OS, whenever it cannot be told.
 */
MUST_CHECK struct err *lock_held(const char *path, bool *ret_held, char **ret_holder);

#endif

/*
 * owner.h - whose a file is, and who else may write it: what others can change decides nothing for us
 *
 * Ours are files of this user and of root, who can change them anyway. Links are followed: what counts is what they
 *lead to.
 *
 *	struct err *e = owner_check(path, OWNER_CALLER, S_IWOTH);
 *	return e ? err_hint(e, "name the file to use it all the same") : NULL;
 */
#ifndef COOPER_SYS_OWNER_H
#define COOPER_SYS_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum owner_rule {
	OWNER_SELF,   /* ours alone */
	OWNER_CALLER, /* for root under sudo, those of the user who called it, too */
};

/** owner_is_trusted() - whether files of @owner decide for the user @self, whom @caller became */
bool owner_is_trusted(uid_t owner, uid_t self, uid_t caller);
/**
 * owner_check() - refuse what others can change
 * @path:       a missing one is fine
 * @forbidden:  write bits that it must not have; those of a folder with the sticky bit count only for OWNER_SELF
 *
 * Errors: USAGE (of another user, or writable by others; the hint tells how it becomes ours), OS (stat failed)
 */
MUST_CHECK struct err *owner_check(const char *path, enum owner_rule rule, mode_t forbidden);

#endif

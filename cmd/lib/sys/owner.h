/*
 * owner.h - whose a file is, and who else may write it: what others can change decides nothing for us
 *
 * Ours are files of this user and of root, who can change them anyway. A link is its maker's, whatever it leads to.
 * Where a folder has the sticky bit, like /tmp, everybody can put something there, and nobody can take the place of what
 * is there: entries of such a folder are judged one by one.
 *
 *	struct err *e = owner_check(path, OWNER_CALLER, S_IWOTH);
 *	return e ? err_hint(e, "name the file to use it all the same") : NULL;
 */
#ifndef COOPER_SYS_OWNER_H
#define COOPER_SYS_OWNER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/str.h"

enum owner_rule {
	OWNER_SELF,   /* ours alone; what is not there is fine */
	OWNER_CALLER, /* for root under sudo, those of the user who called it, too; it has to be there */
};

/** owner_is_trusted() - whether files of @owner decide for the user @self, whom @caller became */
bool owner_is_trusted(uid_t owner, uid_t self, uid_t caller);
/**
 * owner_check() - refuse what others can change
 * @forbidden:  write bits that it must not have; those of a folder with the sticky bit count only for OWNER_SELF
 *
 * Errors: USAGE (of another user, or writable by others; the hint tells how it becomes ours), OS (stat failed)
 */
MUST_CHECK struct err *owner_check(const char *path, enum owner_rule rule, mode_t forbidden);
/**
 * owner_check_way() - refuse a name that others can lead elsewhere
 * @path:  absolute; each folder and link on its way counts, itself included, as far as they are there
 *
 * Besides us and root, who owns HOME may have made them: a container's HOME is often the host's user's.
 *
 * Errors: USAGE (one is another user's, or a folder that others may write without the sticky bit), OS
 */
MUST_CHECK struct err *owner_check_way(const char *path);
/**
 * owner_check_entry() - refuse what was put into a folder by who neither is trusted nor owns @top
 * @name:    for the message
 * @top:     the folder that was named or judged: what is below is its owner's to decide
 * @parent:  the folder that @entry is in, @top or one below
 * @entry:   by lstat()
 *
 * Only where all may write is there a question who did it: else it was the owner, or those whom the owner lets in.
 *
 * Errors: USAGE
 */
MUST_CHECK struct err *owner_check_entry(const char *name, const struct stat *top, const struct stat *parent,
					 const struct stat *entry);
/** owner_check_below() - owner_check_entry() of each name from @top to @path below it, which has to be there; OS, too */
MUST_CHECK struct err *owner_check_below(const char *top, const char *path);
/**
 * owner_homes() - the home folders of this user, absolute, each once
 *
 * HOME, and what the system's accounts say of this user and of who called it by sudo: HOME may be unset or another folder,
 * and what has to be protected is where it is.
 *
 * Errors: OS (the accounts could not be read; one that does not exist has no home)
 */
MUST_CHECK struct err *owner_homes(struct strs *homes);

#endif

/*
 * os_linux_ids.h - ids for a box in which a system's tree is made: a root and 65,535 others that are nobody outside
 *
 * As root they are ids that no account has. As anybody else they are the user's own and subordinate ones, which only
 * newuidmap(1) and newgidmap(1) may map. The box's program lives in a user namespace below the one that made its view,
 * so that its root can neither uncover nor write what the view keeps from it. See: user_namespaces(7),
 * mount_namespaces(7), "Restrictions on mount namespaces". Part of os_linux*.c alone.
 */
#ifndef COOPER_SYS_OS_LINUX_IDS_H
#define COOPER_SYS_OS_LINUX_IDS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum { MAPPER_WORDS = 9 };

struct id_plan {
	bool root;             /* as root: no programs are needed */
	unsigned first;        /* of root: who the box's root is outside, as a user and as a group */
	char *maps[2];         /* of the inner namespace: uid_map and gid_map */
	char *mappers[2];      /* paths of newuidmap and newgidmap */
	char *words[2][MAPPER_WORDS]; /* their arguments; [1] is the process, filled in where it is known */
};

/** id_plan_make() - who is who; ABSENT with the reason where this user has no ids or no programs to map them */
MUST_CHECK struct err *id_plan_make(bool root, struct id_plan *ret_plan);
void id_plan_done(struct id_plan *plan);

/*
 * In fresh children, system calls alone; each returns 0 or errno.
 */

/** ids_unshare() - unshare(@flags); not as root: in a user namespace with the user's ids, where we then are root */
int ids_unshare(const struct id_plan *plan, int flags);
/**
 * ids_enter() - be root of the inner namespaces, of users and mounts; our parent answers with ids_give()
 * @proc:  /proc as our parent sees it
 * @line:  our end of a socket pair between us
 */
int ids_enter(int proc, int line);
/** ids_give() - give the child at the other end of @line its ids */
int ids_give(const struct id_plan *plan, int proc, int line);

#endif

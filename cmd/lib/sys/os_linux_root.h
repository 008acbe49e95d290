/*
 * os_linux_root.h - a view of the file system for a box: the system's own folders, read-only, and what it is given
 *
 * Part of os_linux*.c alone. The list is made before the fork; to build the view, in a mount namespace of its own,
 * takes system calls alone.
 */
#ifndef COOPER_SYS_OS_LINUX_ROOT_H
#define COOPER_SYS_OS_LINUX_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sys/box.h"

enum mount_kind {
	MOUNT_READ,   /* the folder or file, read-only */
	MOUNT_WRITE,  /* the folder */
	MOUNT_DEVICE, /* the device file */
	MOUNT_LINK,   /* a link: `from` is its text */
	MOUNT_HIDE,   /* an empty folder in its place */
};

struct mount_entry {
	enum mount_kind kind;
	char *from; /* below OLD_ROOT, without links; of a link: its text */
	char *to;   /* below NEW_ROOT */
};

struct mount_list {
	struct mount_entry *items;
	size_t count, cap;
};

/** mount_list_make() - what a box sees; as root also hides what others may not read */
MUST_CHECK struct err *mount_list_make(const struct box *box, bool root, struct mount_list *ret_list);
void mount_list_done(struct mount_list *list);
/** system_folders() - the system's own folders, for rules; ends with NULL */
extern const char *const system_folders[];
/** system_devices() - the device files that programs need; ends with NULL */
extern const char *const system_devices[];
/**
 * root_build() - make the view and move into it; for the first process of a process namespace, in a mount namespace
 * @pid_limit:  most processes in this namespace, where the kernel counts them for each; 0 = no limit
 * @ret_proc:   the outer /proc, still writable; the caller closes it
 *
 * Returns 0, or errno with *ret_step.
 */
int root_build(const struct mount_list *list, int pid_limit, int *ret_proc, const char **ret_step);

#endif

/*
 * box.h - what a program that a recipe runs may touch
 *
 * A box has no network and no way to other processes, sockets and agents; it reads the system's programs and libraries
 * and what it is given, no home; it writes below folders of its own. It gets no privileges, makes no setuid files, mounts
 * and traces nothing, and has limits on memory, processes and sizes. What of this a host can keep differs: box_facts()
 * says it, and whoever uses a box says loudly what does not hold. A box is a field of struct child_spec; child.c calls
 * the rest:
 *
 *	struct box_plan *plan = NULL;
 *	TRY(os_box_prepare(&box, &plan));   before the fork: all that allocates
 *	int errnum = os_box_enter(plan, &step);  in the fresh child, below its guard
 *	os_box_free(plan);
 *
 * os_linux_box.c: namespaces with a file system view of its own, where the kernel and its administrator allow them, for
 * root and everybody; else Landlock. With either, seccomp. os_darwin_box.c: a profile of the sandbox.
 *
 * Whoever makes a system's tree has to be a root there that gives files away, mounts and changes its root folder: a box
 * of the kind BOX_TREE has ids of its own for that (os_linux_ids.h). It is had whole, or there is none. What is to be
 * written in it is handed over first:
 *
 *	TRY(os_box_give(path));   to the box's root; and os_box_take() afterwards
 */
#ifndef COOPER_SYS_BOX_H
#define COOPER_SYS_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

enum box_kind {
	BOX_BUILD, /* no privileges at all */
	BOX_TREE,  /* root of its own ids, for chroot, mounts, owners, setuid files */
};
enum { BOX_KINDS = BOX_TREE + 1 };

/* All borrowed. Folders are absolute and exist; with a view, files can be among them. */
struct box {
	enum box_kind kind;
	int64_t file_bytes;       /* most of a file; 0 = 64 GiB */
	const char *const *write; /* where it may write; ends with NULL */
	const char *const *read;  /* what it may read besides the system's own; ends with NULL */
	const char *temp;         /* one of @write: it is /tmp, too, where the box has a view of its own */
};

/* How much a host can do; each includes what is before it. */
enum box_level {
	BOX_NOTHING, /* a clean environment, limits, a guard */
	BOX_RULES,   /* rules for a process: Landlock and seccomp, or macOS's sandbox */
	BOX_VIEW,    /* a view of its own: namespaces */
};

/* What a box keeps. */
enum {
	BOX_WRITES = 1,    /* contents and names are changed in its folders alone */
	BOX_READS = 2,     /* homes and cooper's other files are not read */
	BOX_NETWORK = 4,   /* no network, no socket of an agent */
	BOX_PROCESSES = 8, /* other processes are not signalled or traced */
	BOX_CALLS = 16,    /* no setuid files, mounts, devices, keyrings */
	BOX_COUNT = 32,    /* no more processes than its limit */
	BOX_MODES = 64,    /* modes and times of what is elsewhere stay as they are */
	BOX_ALL = 127,
};

struct box_facts {
	enum box_level level;
	unsigned keeps;
	char why[160]; /* why there is no more, "" where all is kept */
};

struct box_plan;

/** os_box_facts() - what such a box keeps on this host; tried once, in a child. COOPER_BOX=rules or nothing asks for
 * less */
const struct box_facts *os_box_facts(enum box_kind kind);
/** os_box_give() - make the root of a tree's box, where this host has one, the owner of the file or folder @path */
MUST_CHECK struct err *os_box_give(const char *path);
/** os_box_take() - make us its owner again */
MUST_CHECK struct err *os_box_take(const char *path);
/** box_missing() - in words what is not kept: "writes elsewhere, network"; "" = all is; appended to @s */
void box_missing(const struct box_facts *facts, struct str *s);
/**
 * box_holds() - whether a box that lacks @missing, as box_missing() says it, keeps a stranger's program from all that
 * lasts: a number of processes is over when the build is
 */
bool box_holds(const char *missing);
/** box_lower() - the limit @what (RLIMIT_...) to @most, where it is not below that; async-signal-safe */
void box_lower(int what, int64_t most);
/** box_tell() - a warning of @step where such a box keeps less than all: who runs what somebody else wrote should know */
void box_tell(enum box_kind kind, const char *step, struct sink *sink);
/** box_level_wanted() - the most that COOPER_BOX asks for */
enum box_level box_level_wanted(void);
/** os_box_prepare() - all that allocates and opens; OS when a folder cannot be opened */
MUST_CHECK struct err *os_box_prepare(const struct box *box, struct box_plan **ret_plan);
/**
 * os_box_enter() - in a fresh child, below its guard: be in the box
 * @ret_step:  what failed: a constant, or text of @plan
 *
 * Returns, perhaps in a child of the caller, 0 or errno: then nothing may be run. Async-signal-safe on Linux.
 */
int os_box_enter(const struct box_plan *plan, const char **ret_step);
/** os_box_free() - NULL is fine */
void os_box_free(struct box_plan *plan);

#endif

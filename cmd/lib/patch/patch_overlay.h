/*
 * patch_overlay.h - the tree as it will be: what is on disk, and over it what the patches made of it so far
 *
 * Private to the patch engine. A path is read from disk once, when first asked for, walking from the tree's top by
 * descriptor and through no symbolic link; after that all happens in memory. Contents are never changed in place and
 * live as long as the overlay, so a snapshot is a copy of a few pointers.
 */
#ifndef COOPER_PATCH_PATCH_OVERLAY_H
#define COOPER_PATCH_PATCH_OVERLAY_H

#include <sys/types.h>

#include "base/map.h"
#include "patch/patch_text.h"

enum patch_kind { PATCH_ABSENT, PATCH_REGULAR, PATCH_SYMLINK, PATCH_FOLDER, PATCH_OTHER };

/* Bytes, or lines, or both; made from each other when asked. */
struct patch_content {
	char *data; /* NULL = only lines yet */
	size_t size;
	struct patch_text text;
	bool split;
};

struct patch_state {
	enum patch_kind kind;
	mode_t perm;                   /* 07777 of a regular file */
	bool shared;                   /* on disk: it has other names, or is not ours to write */
	struct patch_content *content; /* of a regular file, or a link's target; owned by the overlay */
};

struct patch_node {
	char *path;
	struct patch_state disk, now;
	struct patch_state before; /* as it was when the group @group began */
	size_t group;              /* that last touched it; 0 = none */
	bool moved_in;             /* in that group it became the target of a rename or copy */
};

struct patch_overlay {
	int fd;           /* the tree's top */
	uid_t uid;        /* whose files can be rewritten */
	struct map nodes; /* path -> struct patch_node */
	struct map dirs;  /* folder -> number of files that patches created below it, as a pointer */
	struct patch_content **contents;
	size_t content_count, content_cap;
	char *parent_path; /* folder that is open as parent_fd */
	int parent_fd;
};

/** patch_overlay_open() - @fd is borrowed and must stay open */
void patch_overlay_open(struct patch_overlay *o, int fd);
void patch_overlay_done(struct patch_overlay *o);
/** patch_overlay_get() - the node of @path (plain); CORRUPT when the way there is a link or a file */
MUST_CHECK struct err *patch_overlay_get(struct patch_overlay *o, const char *path, struct patch_node **ret);
/** patch_overlay_set() - new state of @node in @group; the first change in a group keeps what was before */
void patch_overlay_set(struct patch_overlay *o, struct patch_node *node, struct patch_state state, size_t group);
/** patch_overlay_is_dir() - whether patches created something below @path */
bool patch_overlay_is_dir(const struct patch_overlay *o, const char *path);
/** patch_folder_emptied() - whether patches took all files below the folder @node, and put none there */
MUST_CHECK struct err *patch_folder_emptied(const struct patch_overlay *o, const struct patch_node *node,
					    bool *ret_emptied);
/** patch_folder_remove() - the folder @name in @up and the empty ones in it; OS when there is a file. @path: for
 * messages */
MUST_CHECK struct err *patch_folder_remove(int up, const char *name, const char *path);
/** patch_state_before() - what @node was when @group began */
const struct patch_state *patch_state_before(const struct patch_node *node, size_t group);
/** patch_node_changed() - whether disk and memory differ (compares bytes) */
bool patch_node_changed(const struct patch_node *node);

/** patch_content_new() - empty, owned by the overlay */
struct patch_content *patch_content_new(struct patch_overlay *o);
/** patch_content_text() - its lines */
struct patch_text *patch_content_text(struct patch_content *c);
/** patch_content_unsplit() - free the lines when the bytes are there; lines of others that point into them stay valid
 */
void patch_content_unsplit(struct patch_content *c);
/** patch_content_bytes() - fill data and size, free the lines */
void patch_content_bytes(struct patch_content *c);

/** patch_open_dir() - the folder @path ("" = top) below @top through real folders alone; @make: create what lacks.
 *  *ret_fd -1 when it does not exist (and @make is false) */
MUST_CHECK struct err *patch_open_dir(int top, const char *path, bool make, int *ret_fd);

#endif

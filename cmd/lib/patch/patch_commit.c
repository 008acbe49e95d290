#include "patch/patch_commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

static const char STAGING[] = ".cooper-patch.new";
static const char PLACING[] = ".cooper-patch";

static struct err *drop(const char *tree_dir, const char *name)
{
	AUTO_FREE char *path = path_join(tree_dir, name);
	return tree_remove(path);
}

static bool is_put(const struct patch_node *node)
{
	return node->now.kind != PATCH_ABSENT && patch_node_changed(node);
}

/* In place: a new file and a rename take ten times as long. One with other names or of others is replaced. */
static bool is_rewritten(const struct patch_node *node)
{
	return node->now.kind == PATCH_REGULAR && node->disk.kind == PATCH_REGULAR && !node->disk.shared &&
	       node->now.perm == node->disk.perm;
}

/* --- staging: new files and links, each under the number of its node --- */

static struct err *stage_file(int stage_fd, const char *name, const struct patch_node *node)
{
	const struct patch_content *c = node->now.content;
	int fd = openat(stage_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_os(errno, "cannot stage '%s'", node->path);
	struct err *e = file_write_all(fd, c->data, c->size, node->path);
	if (!e && fchmod(fd, node->now.perm) != 0)
		e = err_os(errno, "cannot set the mode of '%s'", node->path);
	if (close(fd) != 0 && !e)
		e = err_os(errno, "cannot write '%s'", node->path);
	return e;
}

static struct err *stage_node(int stage_fd, size_t number, const struct patch_node *node)
{
	char name[24];
	snprintf(name, sizeof(name), "%zu", number);
	patch_content_bytes(node->now.content);
	if (node->now.kind == PATCH_REGULAR)
		return stage_file(stage_fd, name, node);
	AUTO_FREE char *target = mem_strndup(node->now.content->data, node->now.content->size);
	return symlinkat(target, stage_fd, name) == 0 ? NULL : err_os(errno, "cannot stage link '%s'", node->path);
}

static struct err *stage_all(const struct patch_overlay *o, int stage_fd)
{
	for (size_t i = 0; i < o->nodes.count; i++) {
		const struct patch_node *node = o->nodes.entries[i].value;
		if (is_put(node) && !is_rewritten(node))
			TRY(stage_node(stage_fd, i, node));
	}
	return NULL;
}

/* --- placing --- */

static size_t parent_len(const char *path)
{
	const char *base = path_base(path);
	return base == path ? 0 : (size_t)(base - path) - 1;
}

static char *parent_of(const char *path)
{
	return mem_strndup(path, parent_len(path));
}

static struct err *remove_path(int top, const char *path)
{
	AUTO_FREE char *dir = parent_of(path);
	AUTO_CLOSE int fd = -1;
	TRY(patch_open_dir(top, dir, /* make= */ false, &fd));
	if (fd < 0 || unlinkat(fd, path_base(path), 0) == 0 || errno == ENOENT)
		return NULL;
	return err_os(errno, "cannot remove '%s'", path);
}

/* Folders that removals left empty go as well, from the deepest up; what became a link or a file is none. */
static void prune_parents(int top, const char *path)
{
	AUTO_FREE char *dir = parent_of(path);
	for (bool pruned = true; *dir && pruned;) {
		AUTO_FREE char *above = parent_of(dir);
		AUTO_CLOSE int fd = -1;
		struct err *e = patch_open_dir(top, above, /* make= */ false, &fd);
		pruned = fd >= 0 && unlinkat(fd, path_base(dir), AT_REMOVEDIR) == 0;
		err_free(e);
		memcpy(dir, above, strlen(above) + 1);
	}
}

/* The folder that the last file was put into: the next one mostly lies beside it. */
struct place {
	int top, stage_fd;
	int fd;          /* -1 = none yet */
	const char *dir; /* a path in it */
};

static struct err *enter_parent(struct place *p, const char *path)
{
	size_t n = parent_len(path);
	if (p->fd >= 0 && parent_len(p->dir) == n && memcmp(p->dir, path, n) == 0)
		return NULL;
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->dir = path;
	AUTO_FREE char *dir = parent_of(path);
	return patch_open_dir(p->top, dir, /* make= */ true, &p->fd);
}

static struct err *put_staged(const struct place *p, size_t number, const char *path)
{
	char name[24];
	snprintf(name, sizeof(name), "%zu", number);
	int failed = renameat(p->stage_fd, name, p->fd, path_base(path));
	if (failed && errno == EISDIR) { /* all that was in it has been removed */
		TRY(patch_folder_remove(p->fd, path_base(path), path));
		failed = renameat(p->stage_fd, name, p->fd, path_base(path));
	}
	return failed ? err_os(errno, "cannot replace '%s'", path) : NULL;
}

static struct err *rewrite(const struct place *p, const struct patch_node *node)
{
	const struct patch_content *c = node->now.content;
	AUTO_CLOSE int fd = openat(p->fd, path_base(node->path), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot rewrite '%s'", node->path);
	TRY(file_write_all(fd, c->data, c->size, node->path));
	return c->size >= node->disk.content->size || ftruncate(fd, (off_t)c->size) == 0
		       ? NULL
		       : err_os(errno, "cannot rewrite '%s'", node->path);
}

static struct err *put_all(const struct patch_overlay *o, struct place *p)
{
	for (size_t i = 0; i < o->nodes.count; i++) {
		const struct patch_node *node = o->nodes.entries[i].value;
		if (!is_put(node))
			continue;
		TRY(enter_parent(p, node->path));
		TRY(is_rewritten(node) ? rewrite(p, node) : put_staged(p, i, node->path));
	}
	return NULL;
}

static bool is_removed(const struct patch_node *node)
{
	return node->now.kind == PATCH_ABSENT && patch_node_changed(node);
}

static struct err *place_all(const struct patch_overlay *o, int stage_fd)
{
	const struct map *nodes = &o->nodes;
	for (size_t i = 0; i < nodes->count; i++)
		if (is_removed(nodes->entries[i].value))
			TRY(remove_path(o->fd, ((const struct patch_node *)nodes->entries[i].value)->path));
	struct place p = {.top = o->fd, .stage_fd = stage_fd, .fd = -1};
	struct err *e = put_all(o, &p);
	if (p.fd >= 0)
		close(p.fd);
	if (e)
		return e;
	for (size_t i = 0; i < nodes->count; i++)
		if (is_removed(nodes->entries[i].value))
			prune_parents(o->fd, ((const struct patch_node *)nodes->entries[i].value)->path);
	return NULL;
}

struct err *patch_is_half(int top, bool *ret_half)
{
	struct stat st;
	*ret_half = fstatat(top, PLACING, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return *ret_half || errno == ENOENT ? NULL : err_os(errno, "cannot see whether '%s' is there", PLACING);
}

struct err *patch_commit_run(const struct patch_overlay *o, const char *tree_dir)
{
	TRY(drop(tree_dir, STAGING)); /* of a run that was stopped before it changed anything */
	if (mkdirat(o->fd, STAGING, 0700) != 0)
		return err_os(errno, "cannot stage files in '%s'", tree_dir);
	AUTO_CLOSE int stage_fd = openat(o->fd, STAGING, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err *e = stage_fd < 0 ? err_os(errno, "cannot stage files in '%s'", tree_dir) : stage_all(o, stage_fd);
	if (!e && renameat(o->fd, STAGING, o->fd, PLACING) != 0)
		e = err_os(errno, "cannot stage files in '%s'", tree_dir);
	if (e)
		return err_first(e, drop(tree_dir, STAGING));
	e = place_all(o, stage_fd);
	return e ? err_wrap(e, "'%s' is half patched", tree_dir) : drop(tree_dir, PLACING);
}

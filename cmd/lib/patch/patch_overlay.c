#include "patch/patch_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"

static void node_free(void *value)
{
	struct patch_node *node = value;
	free(node->path);
	free(node);
}

void patch_overlay_open(struct patch_overlay *o, int fd)
{
	*o = (struct patch_overlay){.fd = fd, .uid = geteuid(), .nodes = {.free_value = node_free}, .parent_fd = -1};
}

void patch_overlay_done(struct patch_overlay *o)
{
	map_done(&o->nodes);
	map_done(&o->dirs);
	for (size_t i = 0; i < o->content_count; i++) {
		free(o->contents[i]->data);
		patch_text_done(&o->contents[i]->text);
		free(o->contents[i]);
	}
	free(o->contents);
	free(o->parent_path);
	if (o->parent_fd >= 0)
		close(o->parent_fd);
	*o = (struct patch_overlay){.fd = -1, .parent_fd = -1};
}

struct patch_content *patch_content_new(struct patch_overlay *o)
{
	o->contents = mem_grow(o->contents, &o->content_cap, o->content_count + 1, sizeof(*o->contents));
	struct patch_content *c = mem_alloc(sizeof(*c));
	o->contents[o->content_count++] = c;
	return c;
}

struct patch_text *patch_content_text(struct patch_content *c)
{
	if (!c->split)
		patch_text_split(&c->text, c->data, c->size);
	c->split = true;
	return &c->text;
}

void patch_content_unsplit(struct patch_content *c)
{
	if (!c->data || !c->split)
		return;
	patch_text_done(&c->text);
	c->split = false;
}

void patch_content_bytes(struct patch_content *c)
{
	if (c->data)
		return;
	struct str s = STR_INIT;
	patch_text_join(&c->text, &s);
	c->size = s.len;
	c->data = str_take(&s);
	patch_content_unsplit(c);
}

static struct err *not_a_folder(int dirfd, const char *part, const char *path, size_t len)
{
	struct stat st;
	AUTO_FREE char *dir = mem_strndup(path, len);
	bool link = fstatat(dirfd, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
	return err_new(ERR_CORRUPT, "'%s' is a %s, not a folder", dir, link ? "symbolic link" : "file");
}

struct err *patch_open_dir(int top, const char *path, bool make, int *ret_fd)
{
	int fd = fcntl(top, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_os(errno, "cannot open the tree");
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		AUTO_FREE char *part = mem_strndup(p, n);
		AUTO_CLOSE int up = fd;
		fd = openat(up, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT && make) {
			if (mkdirat(up, part, 0755) != 0 && errno != EEXIST)
				return err_os(errno, "cannot make folder '%s'", path);
			fd = openat(up, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		}
		if (fd < 0 && errno == ENOENT) {
			*ret_fd = -1;
			return NULL;
		}
		if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
			return not_a_folder(up, part, path, (size_t)(p - path) + n);
		if (fd < 0)
			return err_os(errno, "cannot open folder '%s'", path);
		p += n + (p[n] == '/' ? 1 : 0);
	}
	*ret_fd = fd;
	return NULL;
}

/* The folder of @path, open; most paths of a patch share it with the path before. */
static struct err *open_parent(struct patch_overlay *o, const char *path)
{
	const char *base = path_base(path);
	size_t len = base == path ? 0 : (size_t)(base - path) - 1;
	if (o->parent_path && strlen(o->parent_path) == len && strncmp(o->parent_path, path, len) == 0)
		return NULL;
	free(o->parent_path);
	o->parent_path = NULL;
	if (o->parent_fd >= 0)
		close(o->parent_fd);
	o->parent_fd = -1;
	AUTO_FREE char *dir = mem_strndup(path, len);
	TRY(patch_open_dir(o->fd, dir, /* make= */ false, &o->parent_fd));
	o->parent_path = TAKE(dir);
	return NULL;
}

static struct err *read_file(struct patch_overlay *o, int dirfd, const char *path, const struct stat *st,
			     struct patch_content **ret)
{
	if (st->st_size > PATCH_FILE_MAX)
		return err_new(ERR_CORRUPT, "'%s' is larger than %d bytes", path, PATCH_FILE_MAX);
	AUTO_CLOSE int fd = openat(dirfd, path_base(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open '%s'", path);
	struct patch_content *c = patch_content_new(o);
	c->data = mem_alloc((size_t)st->st_size + 1);
	while (c->size < (size_t)st->st_size) {
		ssize_t n = fd_read(fd, c->data + c->size, (size_t)st->st_size - c->size);
		if (n < 0)
			return err_os(errno, "cannot read '%s'", path);
		if (n == 0)
			return err_new(ERR_CORRUPT, "'%s' changed while it was read", path);
		c->size += (size_t)n;
	}
	*ret = c;
	return NULL;
}

static struct err *read_link(struct patch_overlay *o, int dirfd, const char *path, struct patch_content **ret)
{
	enum { LINK_MAX_BYTES = 4096 };
	struct patch_content *c = patch_content_new(o);
	c->data = mem_alloc(LINK_MAX_BYTES + 1);
	ssize_t n = readlinkat(dirfd, path_base(path), c->data, LINK_MAX_BYTES);
	if (n < 0)
		return err_os(errno, "cannot read link '%s'", path);
	c->size = (size_t)n;
	*ret = c;
	return NULL;
}

static struct err *load(struct patch_overlay *o, const char *path, struct patch_state *ret)
{
	struct stat st;
	TRY(open_parent(o, path));
	if (o->parent_fd < 0)
		return NULL;
	if (fstatat(o->parent_fd, path_base(path), &st, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno == ENOENT)
			return NULL;
		return err_os(errno, "cannot stat '%s'", path);
	}
	ret->perm = st.st_mode & 07777;
	ret->shared = st.st_nlink > 1 || st.st_uid != o->uid || !(st.st_mode & 0200);
	if (S_ISREG(st.st_mode)) {
		ret->kind = PATCH_REGULAR;
		return read_file(o, o->parent_fd, path, &st, &ret->content);
	}
	if (S_ISLNK(st.st_mode)) {
		ret->kind = PATCH_SYMLINK;
		return read_link(o, o->parent_fd, path, &ret->content);
	}
	ret->kind = S_ISDIR(st.st_mode) ? PATCH_FOLDER : PATCH_OTHER;
	return NULL;
}

/* What memory says about the folders above @path; *ret_absent when one of them was removed: nothing is below. */
static struct err *check_above(const struct patch_overlay *o, const char *path, bool *ret_absent)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *dir = mem_strndup(path, (size_t)(slash - path));
		const struct patch_node *node = map_get(&o->nodes, dir);
		if (!node || node->now.kind == PATCH_FOLDER)
			continue;
		if (node->now.kind == PATCH_SYMLINK)
			return err_new(ERR_CORRUPT, "'%s' is a symbolic link, not a folder", dir);
		if (node->now.kind != PATCH_ABSENT)
			return err_new(ERR_CORRUPT, "'%s' is a file, not a folder", dir);
		*ret_absent |= node->disk.kind != PATCH_ABSENT;
	}
	return NULL;
}

struct err *patch_overlay_get(struct patch_overlay *o, const char *path, struct patch_node **ret)
{
	bool absent = false;
	TRY(check_above(o, path, &absent));
	struct patch_node *node = map_get(&o->nodes, path);
	if (!node) {
		struct patch_state disk = {.kind = PATCH_ABSENT};
		if (!absent)
			TRY(load(o, path, &disk));
		node = mem_alloc(sizeof(*node));
		node->path = mem_strdup(path);
		node->disk = node->now = disk;
		map_put(&o->nodes, path, node);
	}
	*ret = node;
	return NULL;
}

static void count_below(struct patch_overlay *o, const char *path, int change)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		AUTO_FREE char *dir = mem_strndup(path, (size_t)(slash - path));
		intptr_t n = (intptr_t)map_get(&o->dirs, dir) + change;
		map_put(&o->dirs, dir, (void *)n);
	}
}

bool patch_overlay_is_dir(const struct patch_overlay *o, const char *path)
{
	return (intptr_t)map_get(&o->dirs, path) > 0;
}

void patch_overlay_set(struct patch_overlay *o, struct patch_node *node, struct patch_state state, size_t group)
{
	if (node->group != group) {
		node->before = node->now;
		node->group = group;
		node->moved_in = false;
	}
	bool was = node->now.kind != PATCH_ABSENT, is = state.kind != PATCH_ABSENT;
	if (node->disk.kind == PATCH_ABSENT && was != is)
		count_below(o, node->path, is ? 1 : -1);
	node->now = state;
}

const struct patch_state *patch_state_before(const struct patch_node *node, size_t group)
{
	return node->group == group ? &node->before : &node->now;
}

bool patch_node_changed(const struct patch_node *node)
{
	const struct patch_state *a = &node->disk, *b = &node->now;
	if (a->kind == PATCH_FOLDER && b->kind == PATCH_ABSENT) /* it went with its last file */
		return false;
	if (a->kind != b->kind)
		return true;
	if (a->kind == PATCH_REGULAR && a->perm != b->perm)
		return true;
	if (a->content == b->content)
		return false;
	patch_content_bytes(b->content);
	return a->content->size != b->content->size ||
	       memcmp(a->content->data, b->content->data, a->content->size) != 0;
}

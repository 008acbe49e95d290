#include "tree/tree_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/path.h"
#include "base/str.h"
#include "base/utf8.h"
#include "sys/file.h"
#include "tree/file_pool.h"
#include "tree/tree_digest.h"

/* What was written under one folded name */
struct node {
	char *path;
	char *target;         /* TREE_SYMLINK */
	char hex[SHA256_HEX]; /* TREE_FILE */
	enum tree_kind kind;
	bool executable;
};

/* One open folder of the last entry's path */
struct level {
	int fd;
	size_t path_len; /* of the folder's path within w->open_path */
};

struct tree_writer {
	int root;
	int64_t mtime;
	bool exact;       /* names that fold to one are two */
	struct map nodes; /* folded path -> struct node */
	struct str open_path;
	struct level *levels;
	size_t level_count;
	size_t level_cap;
	struct digest *digest; /* of the file being written, then of the tree */
	int fd;                /* of the file being written, -1 = none */
	char *small;           /* all of it so far, for the pool; NULL once it is a large one */
	int64_t offset;
	struct node *node;
	struct file_pool *pool;
};

static void node_free(void *p)
{
	struct node *n = p;

	free(n->path);
	free(n->target);
	free(n);
}

struct tree_writer *tree_writer_new(int dirfd, int64_t mtime)
{
	struct tree_writer *w = mem_alloc(sizeof(*w));

	w->root = dirfd;
	w->mtime = mtime;
	w->nodes.free_value = node_free;
	w->digest = digest_new(DIGEST_SHA256);
	w->pool = file_pool_new(mtime);
	w->fd = -1;
	return w;
}

void tree_writer_allow_collisions(struct tree_writer *w)
{
	w->exact = true;
}

static void close_levels(struct tree_writer *w, size_t keep)
{
	while (w->level_count > keep)
		close(w->levels[--w->level_count].fd);
}

struct tree_writer *tree_writer_free(struct tree_writer *w)
{
	if (!w)
		return NULL;
	close_levels(w, 0);
	if (w->fd >= 0)
		close(w->fd);
	if (w->small)
		file_pool_give_back(w->pool, w->small);
	file_pool_free(w->pool);
	free(w->levels);
	str_done(&w->open_path);
	map_done(&w->nodes);
	digest_free(w->digest);
	free(w);
	return NULL;
}

static const char *kind_name(enum tree_kind kind)
{
	return kind == TREE_DIR ? "a folder" : kind == TREE_SYMLINK ? "a link" : "a file";
}

/* The node of @path; *ret_node NULL when there is none. A name that only folds to the same is an error. */
static struct err *find_node(const struct tree_writer *w, const char *path, struct node **ret_node, char **ret_folded)
{
	AUTO_FREE char *folded = w->exact ? mem_strdup(path) : utf8_fold(path);
	struct node *n = map_get(&w->nodes, folded);

	if (n && !streq(n->path, path))
		return err_hint(err_new(ERR_CORRUPT, "'%s' and '%s' are the same name on a Mac", n->path, path),
				"add one of them to 'exclude:' of the source");
	*ret_node = n;
	if (ret_folded)
		*ret_folded = TAKE(folded);
	return NULL;
}

static struct node *put_node(struct tree_writer *w, const char *folded, const char *path, enum tree_kind kind)
{
	struct node *n = mem_alloc(sizeof(*n));

	n->path = mem_strdup(path);
	n->kind = kind;
	map_put(&w->nodes, folded, n);
	return n;
}

static struct err *refuse_kind(const char *path, enum tree_kind was, const char *wanted)
{
	return err_new(ERR_CORRUPT, "'%s' is %s already and cannot be %s", path, kind_name(was), wanted);
}

static struct err *os_failed(int errnum, const char *what, const char *path)
{
	if (errnum == ELOOP || errnum == ENOTDIR)
		return err_new(ERR_CORRUPT, "cannot %s '%s': a link or file is in the place of a folder", what, path);
	if (errnum == EEXIST)
		return err_hint(err_new(ERR_USAGE, "cannot %s '%s': another source has a file there", what, path),
				"leave one of the two out (exclude:), or unpack one into another folder (into:)");
	return err_os(errnum, "cannot %s '%s'", what, path);
}

static struct err *make_level(int dirfd, const char *name, const char *path, int *ret_fd)
{
	if (mkdirat(dirfd, name, 0755) != 0 && errno != EEXIST)
		return os_failed(errno, "create the folder", path);
	*ret_fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd < 0 ? os_failed(errno, "open the folder", path) : NULL;
}

struct err *tree_open_below(int dirfd, const char *path, int *ret_fd)
{
	AUTO(strs) parts = STRS_INIT;
	AUTO_CLOSE int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return os_failed(errno, "open the folder", path);
	strs_split(&parts, path, "/");
	for (size_t i = 0; i < parts.count; i++) {
		int next = -1;

		if (!path_is_plain(parts.items[i]))
			return err_new(ERR_USAGE, "'%s' is not a folder below the target", path);
		TRY(make_level(fd, parts.items[i], path, &next));
		close(fd);
		fd = next;
	}
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

/* Open one more folder: @path is its whole path. */
static struct err *push_level(struct tree_writer *w, const char *path)
{
	AUTO_FREE char *folded = NULL;
	struct node *n = NULL;
	int above = w->level_count ? w->levels[w->level_count - 1].fd : w->root;
	int fd = -1;

	TRY(find_node(w, path, &n, &folded));
	if (n && n->kind != TREE_DIR)
		return refuse_kind(path, n->kind, "a folder");
	TRY(make_level(above, path_base(path), path, &fd));
	if (!n)
		put_node(w, folded, path, TREE_DIR);
	w->levels = mem_grow(w->levels, &w->level_cap, w->level_count + 1, sizeof(*w->levels));
	w->levels[w->level_count++] = (struct level){fd, strlen(path)};
	return NULL;
}

/* The folder at the first @len bytes of @path, with its predecessors kept open for the next entry. */
static struct err *open_dir(struct tree_writer *w, const char *path, size_t len, int *ret_fd)
{
	size_t keep = 0;

	while (keep < w->level_count) {
		size_t n = w->levels[keep].path_len;

		if (n > len || (path[n] != '/' && n != len) || memcmp(path, str_text(&w->open_path), n) != 0)
			break;
		keep++;
	}
	close_levels(w, keep);
	size_t at = keep ? w->levels[keep - 1].path_len : 0;
	str_clear(&w->open_path);
	str_add_mem(&w->open_path, path, len);
	while (at < len) {
		size_t start = at + (at > 0);
		size_t n = strcspn(path + start, "/");

		at = start + n > len ? len : start + n;
		AUTO_FREE char *upto = mem_strndup(path, at);
		struct err *e = push_level(w, upto);
		if (e)
			return e;
	}
	*ret_fd = w->level_count ? w->levels[w->level_count - 1].fd : w->root;
	return NULL;
}

static struct err *open_parent(struct tree_writer *w, const char *path, int *ret_fd)
{
	const char *slash = strrchr(path, '/');

	return open_dir(w, path, slash ? (size_t)(slash - path) : 0, ret_fd);
}

/* A name that nothing has yet, and its folder. */
static struct err *claim(struct tree_writer *w, const char *path, const char *what, char **ret_folded, int *ret_dirfd)
{
	AUTO_FREE char *folded = NULL;
	struct node *n = NULL;

	if (!path_is_plain(path))
		bug("path '%s' reached the tree writer", path);
	TRY(open_parent(w, path, ret_dirfd));
	TRY(find_node(w, path, &n, &folded));
	if (n && n->kind != TREE_DIR)
		return err_hint(err_new(ERR_CORRUPT, "'%s' is in the archive twice", path),
				"tools disagree on which one wins, so it is refused");
	if (n)
		return refuse_kind(path, n->kind, what);
	*ret_folded = TAKE(folded);
	return NULL;
}

struct err *tree_writer_dir(struct tree_writer *w, const char *path)
{
	int fd;

	if (!path_is_plain(path))
		bug("path '%s' reached the tree writer", path);
	return open_dir(w, path, strlen(path), &fd);
}

struct err *tree_writer_file(struct tree_writer *w, const char *path, bool executable)
{
	AUTO_FREE char *folded = NULL;
	int dirfd = -1;

	if (w->fd >= 0)
		bug("a file was begun before the last one ended");
	TRY(claim(w, path, "a file", &folded, &dirfd));
	w->fd = openat(dirfd, path_base(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       executable ? 0755 : 0644);
	if (w->fd < 0)
		return os_failed(errno, "create", path);
	w->node = put_node(w, folded, path, TREE_FILE);
	w->node->executable = executable;
	w->offset = 0;
	w->small = file_pool_buffer(w->pool);
	return NULL;
}

static void digest_zeros(struct digest *d, int64_t count)
{
	static const char zeros[65536];

	for (; count > 0; count -= (int64_t)sizeof(zeros))
		digest_add(d, zeros, count < (int64_t)sizeof(zeros) ? (size_t)count : sizeof(zeros));
}

static struct err *write_large(struct tree_writer *w, const void *data, size_t size, int64_t offset)
{
	digest_zeros(w->digest, offset - w->offset);
	digest_add(w->digest, data, size);
	w->offset = offset + (int64_t)size;
	return fd_pwrite(w->fd, data, size, offset) ? NULL : os_failed(errno, "write", w->node->path);
}

/* It is no small file after all: what is there so far is written first. */
static struct err *go_large(struct tree_writer *w)
{
	char *data = TAKE(w->small);
	size_t size = (size_t)w->offset;

	digest_reset(w->digest);
	w->offset = 0;
	struct err *e = write_large(w, data, size, 0);
	file_pool_give_back(w->pool, data);
	return e;
}

struct err *tree_writer_data(struct tree_writer *w, const void *data, size_t size, int64_t offset)
{
	if (offset < w->offset)
		return err_new(ERR_CORRUPT, "'%s' has data that overlaps", w->node->path);
	if (w->small && offset == w->offset && size <= (size_t)(FILE_POOL_BYTES - offset)) {
		memcpy(w->small + offset, data, size);
		w->offset += (int64_t)size;
		return NULL;
	}
	if (w->small)
		TRY(go_large(w));
	return write_large(w, data, size, offset);
}

static struct err *end_large(struct tree_writer *w, int64_t size)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)w->mtime}, {.tv_sec = (time_t)w->mtime}};
	struct err *e = NULL;

	if (size > w->offset) {
		digest_zeros(w->digest, size - w->offset);
		if (ftruncate(w->fd, (off_t)size) != 0)
			e = os_failed(errno, "write", w->node->path);
	}
	if (!e && futimens(w->fd, times) != 0)
		e = os_failed(errno, "set the time of", w->node->path);
	if (close(w->fd) != 0 && !e)
		e = os_failed(errno, "write", w->node->path);
	w->fd = -1;
	digest_hex(w->digest, w->node->hex);
	return e;
}

struct err *tree_writer_file_end(struct tree_writer *w, int64_t size)
{
	if (size >= 0 && size < w->offset)
		return err_new(ERR_CORRUPT, "'%s' has more data than its size", w->node->path);
	if (w->small && size > w->offset)
		TRY(go_large(w));
	if (!w->small)
		return end_large(w, size);
	struct file_job job = {w->fd, TAKE(w->small), (size_t)w->offset, w->node->path, w->node->hex};
	w->fd = -1;
	return file_pool_submit(w->pool, &job);
}

static struct err *set_link_time(struct tree_writer *w, int dirfd, const char *path)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)w->mtime}, {.tv_sec = (time_t)w->mtime}};

	if (utimensat(dirfd, path_base(path), times, AT_SYMLINK_NOFOLLOW) != 0)
		return os_failed(errno, "set the time of", path);
	return NULL;
}

struct err *tree_writer_symlink(struct tree_writer *w, const char *path, const char *target)
{
	AUTO_FREE char *folded = NULL;
	int dirfd = -1;

	TRY(claim(w, path, "a link", &folded, &dirfd));
	if (symlinkat(target, dirfd, path_base(path)) != 0)
		return os_failed(errno, "create the link", path);
	put_node(w, folded, path, TREE_SYMLINK)->target = mem_strdup(target);
	return set_link_time(w, dirfd, path);
}

/* Where a second name cannot be made: across folders in a sandbox, beyond the file system's link count. */
static struct err *copy_node(struct tree_writer *w, const struct node *from, int from_dir, const char *path)
{
	enum { CHUNK = 256 * 1024 };
	AUTO_CLOSE int fd = openat(from_dir, path_base(from->path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FREE char *buffer = mem_alloc(CHUNK);
	ssize_t n;

	if (fd < 0)
		return os_failed(errno, "open", from->path);
	TRY(tree_writer_file(w, path, from->executable));
	while ((n = fd_read(fd, buffer, CHUNK)) > 0)
		TRY(tree_writer_data(w, buffer, (size_t)n, w->offset));
	return n < 0 ? os_failed(errno, "read", from->path) : tree_writer_file_end(w, -1);
}

struct err *tree_writer_hardlink(struct tree_writer *w, const char *path, const char *target)
{
	AUTO_FREE char *folded = NULL;
	struct node *from = NULL;
	int dirfd = -1;

	TRY(file_pool_wait(w->pool));
	TRY(find_node(w, target, &from, NULL));
	if (!from || from->kind != TREE_FILE)
		return refuse_kind(target, from ? from->kind : TREE_FILE, "the target of a hard link");
	/* a descriptor of its own: opening the new name's folder closes those of the last entry */
	TRY(open_parent(w, target, &dirfd));
	AUTO_CLOSE int from_dir = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	if (from_dir < 0)
		return os_failed(errno, "open the folder of", target);
	TRY(claim(w, path, "a file", &folded, &dirfd));
	if (linkat(from_dir, path_base(target), dirfd, path_base(path), 0) == 0) {
		struct node *n = put_node(w, folded, path, TREE_FILE);

		memcpy(n->hex, from->hex, sizeof(n->hex));
		n->executable = from->executable;
		return NULL;
	}
	if (errno == EXDEV || errno == EMLINK || errno == EPERM || errno == ENOTSUP || errno == EACCES)
		return copy_node(w, from, from_dir, path);
	return os_failed(errno, "link", path);
}

int64_t tree_writer_count(const struct tree_writer *w)
{
	return (int64_t)w->nodes.count;
}

enum tree_kind tree_writer_find(const struct tree_writer *w, const char *path, const char **ret_target)
{
	AUTO_FREE char *folded = w->exact ? mem_strdup(path) : utf8_fold(path);
	const struct node *n = map_get(&w->nodes, folded);

	if (!n || !streq(n->path, path))
		return TREE_NOTHING;
	*ret_target = n->target;
	return n->kind;
}

struct err *tree_writer_finish(struct tree_writer *w, char ret_hex[SHA256_HEX])
{
	TRY(file_pool_wait(w->pool));
	struct tree_digest *t = tree_digest_new();
	struct err *e = NULL;

	close_levels(w, 0);
	for (size_t i = 0; i < w->nodes.count && !e; i++) {
		const struct node *n = w->nodes.entries[i].value;

		if (n->kind == TREE_FILE)
			tree_digest_file(t, n->path, n->executable, n->hex);
		else if (n->kind == TREE_SYMLINK)
			tree_digest_symlink(t, n->path, n->target);
		else
			tree_digest_dir(t, n->path);
	}
	/* last of all, since making an entry changes its folder's time; backwards, so that open folders are shared */
	for (size_t i = w->nodes.count; i-- > 0 && !e;) {
		const struct node *n = w->nodes.entries[i].value;
		int above = -1;

		if (n->kind != TREE_DIR)
			continue;
		e = open_parent(w, n->path, &above);
		if (!e)
			e = set_link_time(w, above, n->path);
	}
	if (!e) {
		digest_reset(w->digest);
		tree_digest_end(t, w->digest, ret_hex);
	}
	tree_digest_free(t);
	return e;
}

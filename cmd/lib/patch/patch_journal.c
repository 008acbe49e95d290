#include "patch/patch_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "patch/patch_ops.h"
#include "sys/file.h"
#include "sys/os.h"

static const char STAGE[] = ".cooper-patch";
static const char DATA[] = "data"; /* in it: the bytes of every file that is rewritten, one after the other */

enum { JOURNAL_MAX = 256 << 20, BATCH = 1 << 20 };

static void make_token(char ret[PATCH_TOKEN_HEX])
{
	unsigned char bytes[(PATCH_TOKEN_HEX - 1) / 2];
	os_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

static struct err *put_file(int stage_fd, const char *name, const struct patch_node *node, bool flush)
{
	const struct patch_content *c = node->now.content;
	int fd = openat(stage_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_os(errno, "cannot stage '%s'", node->path);
	struct err *e = file_write_all(fd, c->data, c->size, node->path);
	if (!e && fchmod(fd, node->now.perm) != 0)
		e = err_os(errno, "cannot set the mode of '%s'", node->path);
	if (!e && flush)
		e = file_sync(fd, node->path);
	if (close(fd) != 0 && !e)
		e = err_os(errno, "cannot write '%s'", node->path);
	return e;
}

static struct err *put_staged(int stage_fd, size_t number, const struct patch_node *node, bool flush)
{
	AUTO_FREE char *name = mem_printf("%zu", number);
	patch_content_bytes(node->now.content);
	if (node->now.kind == PATCH_REGULAR)
		return put_file(stage_fd, name, node, flush);
	AUTO_FREE char *target = mem_strndup(node->now.content->data, node->now.content->size);
	if (symlinkat(target, stage_fd, name) != 0)
		return err_os(errno, "cannot stage link '%s'", node->path);
	return NULL;
}

static struct err *write_token(int stage_fd, const char *token, bool flush)
{
	int fd = openat(stage_fd, "token", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_os(errno, "cannot stage the patched files");
	struct err *e = file_write_all(fd, token, strlen(token), "token");
	if (!e && flush)
		e = file_sync(fd, "token");
	if (close(fd) != 0 && !e)
		e = err_os(errno, "cannot stage the patched files");
	return e;
}

/* The data of rewritten files, gathered into large writes. */
struct data_file {
	int fd; /* -1 = not made yet */
	size_t size;
	struct str held;
};

static struct err *data_flush(struct data_file *d)
{
	TRY(file_write_all(d->fd, str_text(&d->held), d->held.len, DATA));
	str_clear(&d->held);
	return NULL;
}

static struct err *data_add(struct data_file *d, int stage_fd, const struct patch_content *c, size_t *ret_at)
{
	if (d->fd < 0)
		d->fd = openat(stage_fd, DATA, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->fd < 0)
		return err_os(errno, "cannot stage the patched files");
	*ret_at = d->size;
	d->size += c->size;
	str_add_mem(&d->held, c->data, c->size);
	return d->held.len < (size_t)BATCH ? NULL : data_flush(d);
}

static struct err *data_end(struct data_file *d, bool flush, struct err *take_e)
{
	struct err *e = take_e;
	if (!e && d->fd >= 0)
		e = data_flush(d);
	if (!e && d->fd >= 0 && flush)
		e = file_sync(d->fd, DATA);
	if (d->fd >= 0 && close(d->fd) != 0 && !e)
		e = err_os(errno, "cannot stage the patched files");
	str_done(&d->held);
	return e;
}

/* Rewriting in place spares the new file and the rename; a file with other names or of others is replaced. */
static bool can_rewrite(const struct patch_node *node)
{
	return node->now.kind == PATCH_REGULAR && node->disk.kind == PATCH_REGULAR && !node->disk.shared &&
	       node->now.perm == node->disk.perm;
}

static struct err *stage_node(int stage_fd, const struct patch_commit *c, const struct patch_node *node,
			      struct data_file *data, struct patch_ops *v)
{
	struct patch_step op = {.kind = PATCH_OP_REMOVE, .path = mem_strdup(node->path)};
	struct err *e = NULL;
	if (node->now.kind != PATCH_ABSENT) {
		patch_content_bytes(node->now.content);
		op.size = node->now.content->size;
		op.content = node->now.content;
		op.kind = can_rewrite(node) ? PATCH_OP_REWRITE : PATCH_OP_PUT;
		op.at = v->count;
		e = op.kind == PATCH_OP_PUT ? put_staged(stage_fd, op.at, node, c->flush)
					    : data_add(data, stage_fd, node->now.content, &op.at);
	}
	patch_ops_add(v, op);
	return e;
}

static struct err *stage_all(int stage_fd, const struct patch_commit *c, const struct patch_overlay *o,
			     struct patch_ops *v)
{
	struct data_file data = {.fd = -1, .held = STR_INIT};
	struct err *e = write_token(stage_fd, v->token, c->flush);
	for (size_t i = 0; i < o->nodes.count && !e; i++) {
		const struct patch_node *node = o->nodes.entries[i].value;
		if (patch_node_changed(node))
			e = stage_node(stage_fd, c, node, &data, v);
	}
	TRY(data_end(&data, c->flush, e));
	return c->flush && fsync(stage_fd) != 0 && errno != EINVAL ? err_os(errno, "cannot flush the staged files")
								   : NULL;
}

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
	struct err *e = patch_open_dir(top, dir, /* make= */ false, &fd);
	if (e && e->kind == ERR_CORRUPT) { /* done before, when the folder gave way to a file */
		err_free(e);
		return NULL;
	}
	if (e || fd < 0 || unlinkat(fd, path_base(path), 0) == 0 || errno == ENOENT)
		return e;
	int errnum = errno;
	struct stat st;
	/* Done before, when a file gave way to a folder of the same name. */
	if (fstatat(fd, path_base(path), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return NULL;
	return err_os(errnum, "cannot remove '%s'", path);
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

/* The tree and the staging folder while steps are taken, and the folder that the last step was in. */
struct place {
	int top, stage_fd;
	int data_fd; /* -1 = the bytes are in memory, or there are none */
	bool flush;
	const char *dir; /* a path in it; NULL = none */
	int dir_fd;      /* -1 = it does not exist */
};

static struct err *enter_parent(struct place *p, const char *path, bool make)
{
	size_t n = parent_len(path);
	if (p->dir && p->dir_fd >= 0 && parent_len(p->dir) == n && memcmp(p->dir, path, n) == 0)
		return NULL;
	if (p->dir_fd >= 0)
		close(p->dir_fd);
	p->dir_fd = -1;
	p->dir = path;
	AUTO_FREE char *dir = parent_of(path);
	return patch_open_dir(p->top, dir, make, &p->dir_fd);
}

static struct err *put_path(struct place *p, const struct patch_step *op)
{
	struct stat st;
	AUTO_FREE char *name = mem_printf("%zu", op->at);
	bool staged = fstatat(p->stage_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	TRY(enter_parent(p, op->path, /* make= */ staged));
	if (!staged) {
		if (p->dir_fd >= 0 && fstatat(p->dir_fd, path_base(op->path), &st, AT_SYMLINK_NOFOLLOW) == 0)
			return NULL; /* in its place already */
		return err_new(ERR_CORRUPT, "'%s' is neither patched nor staged", op->path);
	}
	if (st.st_size != (off_t)op->size)
		return err_new(ERR_CORRUPT, "the staged file for '%s' is damaged", op->path);
	/* A rename over a name makes ext4 start writing the new bytes at once; those that a power cut may take need no
	 * such care, and the journal covers a kill between the two calls. */
	if (!p->flush)
		unlinkat(p->dir_fd, path_base(op->path), 0);
	int failed = renameat(p->stage_fd, name, p->dir_fd, path_base(op->path));
	if (failed && errno == EISDIR) { /* all that was in it has been removed */
		TRY(patch_folder_remove(p->dir_fd, path_base(op->path), op->path));
		failed = renameat(p->stage_fd, name, p->dir_fd, path_base(op->path));
	}
	return failed ? err_os(errno, "cannot replace '%s'", op->path) : NULL;
}

/* The new bytes of @op: from memory, or in *@ret_read (heap) from what was staged. */
static struct err *rewrite_bytes(const struct place *p, const struct patch_step *op, char **ret_read,
				 const char **ret_data)
{
	*ret_data = op->content ? op->content->data : NULL;
	if (op->content)
		return NULL;
	*ret_read = mem_alloc(op->size + 1);
	*ret_data = *ret_read;
	for (size_t done = 0; done < op->size;) {
		ssize_t n = pread(p->data_fd, *ret_read + done, op->size - done, (off_t)(op->at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_new(ERR_CORRUPT, "the staged bytes of '%s' are damaged", op->path);
		done += (size_t)n;
	}
	return NULL;
}

static struct err *rewrite_path(struct place *p, const struct patch_step *op)
{
	struct stat st;
	AUTO_FREE char *read = NULL;
	const char *data = NULL;
	TRY(rewrite_bytes(p, op, &read, &data));
	TRY(enter_parent(p, op->path, /* make= */ false));
	AUTO_CLOSE int fd =
		p->dir_fd < 0 ? -1
			      : openat(p->dir_fd, path_base(op->path), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_os(p->dir_fd < 0 ? ENOENT : errno, "cannot rewrite '%s'", op->path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_CORRUPT, "'%s' is no longer a file", op->path);
	TRY(file_write_all(fd, data, op->size, op->path));
	if (st.st_size > (off_t)op->size && ftruncate(fd, (off_t)op->size) != 0)
		return err_os(errno, "cannot rewrite '%s'", op->path);
	return p->flush ? file_sync(fd, op->path) : NULL;
}

static struct err *flush_dirs(int top, const struct patch_ops *v)
{
	AUTO(strs) dirs = STRS_INIT;
	for (size_t i = 0; i < v->count; i++)
		strs_take(&dirs, parent_of(v->items[i].path));
	strs_sort(&dirs);
	for (size_t i = 0; i < dirs.count; i++) {
		AUTO_CLOSE int fd = -1;
		if (i && streq(dirs.items[i], dirs.items[i - 1]))
			continue;
		TRY(patch_open_dir(top, dirs.items[i], /* make= */ false, &fd));
		if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL)
			return err_os(errno, "cannot flush folder '%s'", dirs.items[i]);
	}
	return NULL;
}

/* Every step that is not done yet; again and again with the same result. */
static struct err *take_steps(struct place *p, const struct patch_ops *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].kind == PATCH_OP_REMOVE)
			TRY(remove_path(p->top, v->items[i].path));
	for (size_t i = 0; i < v->count; i++) {
		if (v->items[i].kind == PATCH_OP_PUT)
			TRY(put_path(p, &v->items[i]));
		if (v->items[i].kind == PATCH_OP_REWRITE)
			TRY(rewrite_path(p, &v->items[i]));
	}
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].kind == PATCH_OP_REMOVE)
			prune_parents(p->top, v->items[i].path);
	return p->flush ? flush_dirs(p->top, v) : NULL;
}

static struct err *run_ops(const struct patch_commit *c, int stage_fd, const struct patch_ops *v)
{
	AUTO_CLOSE int data_fd = openat(stage_fd, DATA, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct place p = {.top = c->fd, .stage_fd = stage_fd, .data_fd = data_fd, .flush = c->flush, .dir_fd = -1};
	struct err *e = take_steps(&p, v);
	if (p.dir_fd >= 0)
		close(p.dir_fd);
	return e;
}

static struct err *drop_stage(const struct patch_commit *c)
{
	AUTO_FREE char *path = path_join(c->tree_dir, STAGE);
	return tree_remove(path);
}

static struct err *finish(const struct patch_commit *c, int stage_fd, const struct patch_ops *v)
{
	struct err *e = run_ops(c, stage_fd, v);
	if (e && e->kind == ERR_OS)
		return err_hint(e, "run the same again: it goes on where it stopped");
	if (e)
		return e;
	TRY(file_remove(c->journal_path));
	return drop_stage(c);
}

void patch_count_changes(const struct patch_overlay *o, struct patch_report *r)
{
	for (size_t i = 0; i < o->nodes.count; i++) {
		const struct patch_node *node = o->nodes.entries[i].value;
		if (!patch_node_changed(node))
			continue;
		r->files++;
		r->created += node->disk.kind == PATCH_ABSENT;
		r->removed += node->now.kind == PATCH_ABSENT;
	}
}

static struct err *stage_and_record(const struct patch_commit *c, int stage_fd, const struct patch_overlay *o,
				    struct patch_ops *v)
{
	AUTO(str) text = STR_INIT;
	TRY(stage_all(stage_fd, c, o, v));
	patch_ops_write(v, &text);
	return c->flush ? file_write(c->journal_path, text.data, text.len, 0600)
			: file_write_unflushed(c->journal_path, text.data, text.len, 0600);
}

struct err *patch_commit_run(const struct patch_commit *c, const struct patch_overlay *o)
{
	if (mkdirat(c->fd, STAGE, 0700) != 0)
		return errno == EEXIST ? err_new(ERR_BUSY, "another run is patching '%s'", c->tree_dir)
				       : err_os(errno, "cannot stage files in '%s'", c->tree_dir);
	struct patch_ops v = PATCH_OPS_INIT;
	memcpy(v.series, c->series, sizeof(v.series));
	make_token(v.token);
	AUTO_CLOSE int stage_fd = openat(c->fd, STAGE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err *e = stage_fd < 0 ? err_os(errno, "cannot stage files in '%s'", c->tree_dir)
				     : stage_and_record(c, stage_fd, o, &v);
	/* The journal may be in place although flushing its folder failed: then the run counts. */
	if (e && !file_exists(c->journal_path))
		e = err_first(e, drop_stage(c));
	else if (!e)
		e = finish(c, stage_fd, &v);
	patch_ops_done(&v);
	return e;
}

bool patch_is_pending(const struct patch_commit *c)
{
	struct stat st;
	return fstatat(c->fd, STAGE, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether the open staging folder is the one that @token names. */
static bool has_token(int stage_fd, const char *token)
{
	char found[PATCH_TOKEN_HEX] = "";
	AUTO_CLOSE int fd = openat(stage_fd, "token", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && read(fd, found, PATCH_TOKEN_HEX - 1) == PATCH_TOKEN_HEX - 1 && strcmp(found, token) == 0;
}

static struct err *recover_from(const struct patch_commit *c, const char *text, size_t size, size_t *ret_files,
				bool *ret_same)
{
	struct patch_ops v = PATCH_OPS_INIT;
	AUTO_CLOSE int stage_fd = openat(c->fd, STAGE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ours = patch_ops_parse(text, size, &v) && stage_fd >= 0 && has_token(stage_fd, v.token);
	struct err *e = ours ? finish(c, stage_fd, &v) : file_remove(c->journal_path);
	if (!e && ours) {
		*ret_files = v.count;
		*ret_same = streq(v.series, c->series);
	}
	patch_ops_done(&v);
	return e || ours ? e : drop_stage(c);
}

/* A kill while the journal was written leaves its temporary file (file_write()) beside it. */
static struct err *drop_journal_temps(const struct patch_commit *c)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *dir = path_dir(c->journal_path);
	AUTO_FREE char *prefix = mem_printf("%s.tmp-", path_base(c->journal_path));
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		if (str_starts(names.items[i], prefix))
			TRY(file_remove(path));
	}
	return NULL;
}

struct err *patch_recover(const struct patch_commit *c, size_t *ret_files, bool *ret_same)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	*ret_files = 0;
	*ret_same = false;
	if (patch_is_pending(c))
		TRY(drop_journal_temps(c));
	if (!file_exists(c->journal_path))
		return patch_is_pending(c) ? drop_stage(c) : NULL;
	TRY(file_read(c->journal_path, JOURNAL_MAX, &text, &size));
	struct err *e = recover_from(c, text, size, ret_files, ret_same);
	return e ? err_wrap(e, "cannot finish the interrupted patching of '%s'", c->tree_dir) : NULL;
}

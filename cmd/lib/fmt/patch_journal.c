#include "fmt/patch_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "sys/file.h"
#include "sys/os.h"

static const char STAGE[] = ".cooper-patch";
static const char MAGIC[] = "cooper patch journal 1\n";

enum { TOKEN_HEX = 33, JOURNAL_MAX = 256 << 20 };

/* One change of a name. */
struct op {
	bool put; /* else remove */
	char *path;
	size_t stage; /* name of the staged file */
	size_t size;  /* of it */
};

struct ops {
	struct op *items;
	size_t count, cap;
	char token[TOKEN_HEX];
	char series[SHA256_HEX];
};

#define OPS_INIT                                                                                                       \
	{                                                                                                              \
		NULL, 0, 0, "", ""                                                                                     \
	}

static void ops_done(struct ops *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i].path);
	free(v->items);
}

static void add_op(struct ops *v, struct op op)
{
	v->items = mem_grow(v->items, &v->cap, v->count + 1, sizeof(*v->items));
	v->items[v->count++] = op;
}

static void make_token(char ret[TOKEN_HEX])
{
	unsigned char bytes[(TOKEN_HEX - 1) / 2];
	os_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

/* Paths are written with their length: any byte but NUL may be in them. */
static void write_journal_text(const struct ops *v, struct str *out)
{
	char hex[SHA256_HEX];
	str_addf(out, "%stoken %s\nseries %s\n", MAGIC, v->token, v->series);
	for (size_t i = 0; i < v->count; i++) {
		const struct op *op = &v->items[i];
		str_addf(out, "%s %zu %zu %zu:%s\n", op->put ? "put" : "remove", op->stage, op->size, strlen(op->path),
			 op->path);
	}
	digest_bytes(out->data, out->len, hex);
	str_addf(out, "end %s\n", hex);
}

static bool take_text(const char **p, const char *end, const char *text)
{
	size_t n = strlen(text);
	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool take_hex(const char **p, const char *end, char *ret, size_t size)
{
	if ((size_t)(end - *p) < size)
		return false;
	memcpy(ret, *p, size - 1);
	ret[size - 1] = '\0';
	*p += size - 1;
	return take_text(p, end, "\n");
}

static bool take_number(const char **p, const char *end, char after, size_t *ret)
{
	size_t n = 0;
	const char *start = *p;
	for (; *p < end && **p >= '0' && **p <= '9' && *p - start < 12; (*p)++)
		n = n * 10 + (size_t)(**p - '0');
	*ret = n;
	return *p > start && *p < end && *(*p)++ == after;
}

static bool take_op(const char **p, const char *end, struct ops *v)
{
	struct op op = {.put = take_text(p, end, "put ")};
	size_t len = 0;
	if (!op.put && !take_text(p, end, "remove "))
		return false;
	if (!take_number(p, end, ' ', &op.stage) || !take_number(p, end, ' ', &op.size) ||
	    !take_number(p, end, ':', &len) || len >= (size_t)(end - *p))
		return false;
	op.path = mem_strndup(*p, len);
	*p += len;
	add_op(v, op);
	return path_is_plain(op.path) && take_text(p, end, "\n");
}

/* Whole and unharmed, or not at all: it was written by a rename. */
static bool parse_journal(const char *text, size_t size, struct ops *ret)
{
	enum { TAIL = 4 + SHA256_HEX };
	char hex[SHA256_HEX];
	if (size < TAIL)
		return false;
	const char *p = text;
	const char *end = text + size - TAIL;
	digest_bytes(text, size - TAIL, hex);
	if (memcmp(end, "end ", 4) != 0 || memcmp(end + 4, hex, SHA256_HEX - 1) != 0)
		return false;
	if (!take_text(&p, end, MAGIC) || !take_text(&p, end, "token ") || !take_hex(&p, end, ret->token, TOKEN_HEX) ||
	    !take_text(&p, end, "series ") || !take_hex(&p, end, ret->series, SHA256_HEX))
		return false;
	while (p < end)
		if (!take_op(&p, end, ret))
			return false;
	return true;
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

static struct err *stage_all(int stage_fd, const struct patch_commit *c, const struct patch_overlay *o, struct ops *v)
{
	TRY(write_token(stage_fd, v->token, c->flush));
	for (size_t i = 0; i < o->nodes.count; i++) {
		const struct patch_node *node = o->nodes.entries[i].value;
		if (!patch_node_changed(node))
			continue;
		struct op op = {
			.put = node->now.kind != PATCH_ABSENT, .path = mem_strdup(node->path), .stage = v->count};
		if (op.put) {
			patch_content_bytes(node->now.content);
			op.size = node->now.content->size;
		}
		add_op(v, op);
		if (op.put)
			TRY(put_staged(stage_fd, op.stage, node, c->flush));
	}
	return c->flush && fsync(stage_fd) != 0 && errno != EINVAL ? err_os(errno, "cannot flush the staged files")
								   : NULL;
}

static char *parent_of(const char *path)
{
	const char *base = path_base(path);
	return mem_strndup(path, base == path ? 0 : (size_t)(base - path) - 1);
}

static struct err *remove_path(int top, const char *path)
{
	AUTO_FREE char *dir = parent_of(path);
	AUTO_CLOSE int fd = -1;
	TRY(patch_open_dir(top, dir, /* make= */ false, &fd));
	if (fd < 0 || unlinkat(fd, path_base(path), 0) == 0 || errno == ENOENT)
		return NULL;
	int errnum = errno;
	struct stat st;
	/* Done before, when a file gave way to a folder of the same name. */
	if (fstatat(fd, path_base(path), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return NULL;
	return err_os(errnum, "cannot remove '%s'", path);
}

/* Folders that removals left empty go as well, from the deepest up. */
static void prune_parents(int top, const char *path)
{
	AUTO_FREE char *dir = parent_of(path);
	while (*dir && unlinkat(top, dir, AT_REMOVEDIR) == 0) {
		char *slash = strrchr(dir, '/');
		*(slash ? slash : dir) = '\0';
	}
}

static struct err *put_path(int top, int stage_fd, const struct op *op)
{
	struct stat st;
	AUTO_FREE char *dir = parent_of(op->path);
	AUTO_FREE char *name = mem_printf("%zu", op->stage);
	AUTO_CLOSE int fd = -1;
	bool staged = fstatat(stage_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	TRY(patch_open_dir(top, dir, /* make= */ staged, &fd));
	if (!staged) {
		if (fd >= 0 && fstatat(fd, path_base(op->path), &st, AT_SYMLINK_NOFOLLOW) == 0)
			return NULL; /* in its place already */
		return err_new(ERR_CORRUPT, "'%s' is neither patched nor staged", op->path);
	}
	if (st.st_size != (off_t)op->size)
		return err_new(ERR_CORRUPT, "the staged file for '%s' is damaged", op->path);
	if (renameat(stage_fd, name, fd, path_base(op->path)) != 0)
		return err_os(errno, "cannot replace '%s'", op->path);
	return NULL;
}

static struct err *flush_dirs(int top, const struct ops *v)
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
static struct err *run_ops(const struct patch_commit *c, int stage_fd, const struct ops *v, bool flush)
{
	for (size_t i = 0; i < v->count; i++)
		if (!v->items[i].put)
			TRY(remove_path(c->fd, v->items[i].path));
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].put)
			TRY(put_path(c->fd, stage_fd, &v->items[i]));
	for (size_t i = 0; i < v->count; i++)
		if (!v->items[i].put)
			prune_parents(c->fd, v->items[i].path);
	return flush ? flush_dirs(c->fd, v) : NULL;
}

static struct err *drop_stage(const struct patch_commit *c)
{
	AUTO_FREE char *path = path_join(c->tree_dir, STAGE);
	return tree_remove(path);
}

static struct err *finish(const struct patch_commit *c, int stage_fd, const struct ops *v)
{
	struct err *e = run_ops(c, stage_fd, v, c->flush);
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
				    struct ops *v)
{
	AUTO(str) text = STR_INIT;
	TRY(stage_all(stage_fd, c, o, v));
	write_journal_text(v, &text);
	return file_write(c->journal_path, text.data, text.len, 0600);
}

struct err *patch_commit_run(const struct patch_commit *c, const struct patch_overlay *o)
{
	if (mkdirat(c->fd, STAGE, 0700) != 0)
		return errno == EEXIST ? err_new(ERR_BUSY, "another run is patching '%s'", c->tree_dir)
				       : err_os(errno, "cannot stage files in '%s'", c->tree_dir);
	struct ops v = OPS_INIT;
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
	ops_done(&v);
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
	char found[TOKEN_HEX] = "";
	AUTO_CLOSE int fd = openat(stage_fd, "token", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && read(fd, found, TOKEN_HEX - 1) == TOKEN_HEX - 1 && strcmp(found, token) == 0;
}

static struct err *recover_from(const struct patch_commit *c, const char *text, size_t size, size_t *ret_files,
				bool *ret_same)
{
	struct ops v = OPS_INIT;
	AUTO_CLOSE int stage_fd = openat(c->fd, STAGE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ours = parse_journal(text, size, &v) && stage_fd >= 0 && has_token(stage_fd, v.token);
	struct err *e = ours ? finish(c, stage_fd, &v) : file_remove(c->journal_path);
	if (!e && ours) {
		*ret_files = v.count;
		*ret_same = streq(v.series, c->series);
	}
	ops_done(&v);
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

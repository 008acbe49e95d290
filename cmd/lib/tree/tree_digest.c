#include "tree/tree_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "base/str.h"
#include "sys/file.h"

enum { DEPTH_MAX = 256, LINK_MAX_BYTES = 65536, ENTRY_BYTES = 1024 };

struct entry {
	char *path;
	char *value; /* digest or link target; NULL for a folder */
	char kind[2];
};

struct tree_digest {
	const char *except; /* path that does not count, or NULL */
	bool exact;	    /* permissions and times of files count */
	int64_t max, left;  /* of bytes to read; 0 = no limit */
	struct entry *entries;
	size_t count;
	size_t cap;
};

struct tree_digest *tree_digest_new(void)
{
	return mem_alloc(sizeof(struct tree_digest));
}

struct tree_digest *tree_digest_free(struct tree_digest *t)
{
	for (size_t i = 0; t && i < t->count; i++) {
		free(t->entries[i].path);
		free(t->entries[i].value);
	}
	if (t)
		free(t->entries);
	free(t);
	return NULL;
}

static void add(struct tree_digest *t, char kind, const char *path, const char *value)
{
	t->entries = mem_grow(t->entries, &t->cap, t->count + 1, sizeof(*t->entries));
	t->entries[t->count++] = (struct entry){mem_strdup(path), mem_strdup(value), {kind, '\0'}};
}

void tree_digest_file(struct tree_digest *t, const char *path, bool executable, const char *sha256)
{
	add(t, executable ? 'x' : 'f', path, sha256);
}

void tree_digest_dir(struct tree_digest *t, const char *path)
{
	add(t, 'd', path, NULL);
}

void tree_digest_symlink(struct tree_digest *t, const char *path, const char *target)
{
	add(t, 'l', path, target);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

void tree_digest_end(struct tree_digest *t, struct digest *d, char ret_hex[SHA256_HEX])
{
	if (t->count > 0)
		qsort(t->entries, t->count, sizeof(*t->entries), by_path);
	for (size_t i = 0; i < t->count; i++) {
		const struct entry *e = &t->entries[i];
		const char *value = e->value ? e->value : "";

		digest_add(d, e->kind, 2);
		digest_add(d, value, strlen(value) + 1);
		digest_add(d, e->path, strlen(e->path) + 1);
	}
	digest_hex(d, ret_hex);
}

static struct err *digest_dir(struct tree_digest *t, int fd, const char *path, const char *shown, int depth);

static struct err *digest_link(struct tree_digest *t, int dirfd, const char *name, const char *path)
{
	AUTO_FREE char *target = mem_alloc(LINK_MAX_BYTES);
	ssize_t n = readlinkat(dirfd, name, target, LINK_MAX_BYTES - 1);

	if (n < 0)
		return err_os(errno, "cannot read the link '%s'", path);
	target[n] = '\0';
	tree_digest_symlink(t, path, target);
	return NULL;
}

static struct err *spend(struct tree_digest *t, const char *path, int64_t bytes)
{
	t->left -= t->max ? bytes : 0;
	return t->max && t->left <= 0
		       ? err_hint(err_new(ERR_USAGE, "its folder holds more than %lld MiB, up to '%s'",
					  (long long)(t->max >> 20), path),
				  "put what is not needed there elsewhere")
		       : NULL;
}

static struct err *digest_content(struct tree_digest *t, int dirfd, const char *name, const char *path)
{
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char hex[SHA256_HEX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_os(errno, "cannot open '%s'", path);
	struct digest *d = digest_new(DIGEST_SHA256);
	int64_t size = 0;
	struct err *e = digest_fd(d, fd, path, t->left, &size);
	digest_hex(d, hex);
	digest_free(d);
	TRY(e);
	TRY(spend(t, path, size));
	AUTO_FREE char *exact =
		mem_printf("%s %o %lld", hex, (unsigned)st.st_mode & 07777, (long long)file_mtime_ns(&st));
	tree_digest_file(t, path, (st.st_mode & 0111) != 0, t->exact ? exact : hex);
	return cancel_check();
}

static struct err *digest_entry(struct tree_digest *t, int dirfd, const char *name, const char *path, int depth)
{
	struct stat st;

	if (t->except && streq(path, t->except))
		return NULL;
	TRY(spend(t, path, ENTRY_BYTES));
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return err_os(errno, "cannot stat '%s'", path);
	if (S_ISLNK(st.st_mode))
		return digest_link(t, dirfd, name, path);
	if (S_ISREG(st.st_mode))
		return digest_content(t, dirfd, name, path);
	if (!S_ISDIR(st.st_mode))
		return err_new(ERR_CORRUPT, "'%s' is neither a file nor a folder nor a link", path);
	tree_digest_dir(t, path);
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open '%s'", path);
	return digest_dir(t, fd, path, path, depth + 1);
}

static struct err *digest_dir(struct tree_digest *t, int fd, const char *path, const char *shown, int depth)
{
	AUTO(strs) names = STRS_INIT;

	if (depth >= DEPTH_MAX)
		return err_new(ERR_CORRUPT, "cannot list '%s': too deep", shown);
	TRY(dir_names(fd, shown, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *below = path_join(path, names.items[i]);
		TRY(digest_entry(t, fd, names.items[i], below, depth));
	}
	return NULL;
}

static struct err *digest_tree(const char *path, const char *except, bool exact, int64_t max, char ret_hex[SHA256_HEX])
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_new(ERR_ABSENT, "'%s' does not exist", path);
	if (fd < 0)
		return err_os(errno, "cannot open '%s'", path);
	struct tree_digest *t = tree_digest_new();
	t->except = except;
	t->exact = exact;
	t->max = t->left = max;
	struct err *e = digest_dir(t, fd, "", path, 0);
	if (!e) {
		struct digest *d = digest_new(DIGEST_SHA256);

		tree_digest_end(t, d, ret_hex);
		digest_free(d);
	}
	tree_digest_free(t);
	return e;
}

struct err *tree_digest_path(const char *path, char ret_hex[SHA256_HEX])
{
	return digest_tree(path, NULL, /* exact= */ false, /* max= */ 0, ret_hex);
}

struct err *tree_digest_most(const char *path, int64_t max, char ret_hex[SHA256_HEX])
{
	return digest_tree(path, NULL, /* exact= */ false, max, ret_hex);
}

struct err *tree_digest_without(const char *path, const char *except, char ret_hex[SHA256_HEX])
{
	return digest_tree(path, except, /* exact= */ false, /* max= */ 0, ret_hex);
}

struct err *tree_digest_exact(const char *path, char ret_hex[SHA256_HEX])
{
	return digest_tree(path, NULL, /* exact= */ true, /* max= */ 0, ret_hex);
}

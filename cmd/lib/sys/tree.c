/* Walks by descriptor: a link put in the way is removed or skipped, never followed. */
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	DEPTH_MAX = 256,
	/* A listing may pass over some entries when others go meanwhile (APFS), and somebody may add one (Finder). */
	ROUNDS_MAX = 4,
};

typedef struct err *walk_fn(int dirfd, const char *name, const struct stat *st, int depth);

/* Call @visit for each entry of the folder @fd. Takes @fd. */
static struct err *each_entry(int take_fd, const char *name, int depth, walk_fn *visit)
{
	DIR *dir = depth < DEPTH_MAX ? fdopendir(take_fd) : NULL;
	if (!dir) {
		int errnum = depth < DEPTH_MAX ? errno : ELOOP;
		close(take_fd);
		return err_os(errnum, "cannot list '%s'", name);
	}
	struct err *e = NULL;
	struct dirent *entry;
	while (!e && (entry = readdir(dir))) {
		struct stat st;
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			e = visit(dirfd(dir), entry->d_name, &st, depth + 1);
		else if (errno != ENOENT)
			e = err_os(errno, "cannot stat '%s'", entry->d_name);
	}
	closedir(dir);
	return e;
}

static int open_dir_at(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Never into another file system: something mounted there is not ours to remove. */
static bool is_mount_point(int dirfd, const struct stat *st, int depth)
{
	struct stat parent;
	return depth > 0 && S_ISDIR(st->st_mode) && fstat(dirfd, &parent) == 0 && parent.st_dev != st->st_dev;
}

static struct err *remove_entry(int dirfd, const char *name, const struct stat *st, int depth)
{
	if (is_mount_point(dirfd, st, depth))
		return err_hint(err_os(EBUSY, "cannot remove '%s': something is mounted there", name),
				"see what is mounted (`mount`), unmount it, then run the same command again");
	if (!S_ISDIR(st->st_mode)) {
		if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT)
			return err_os(errno, "cannot remove '%s'", name);
		return NULL;
	}
	int fd = open_dir_at(dirfd, name);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = open_dir_at(dirfd, name);
	if (fd < 0)
		return err_os(errno, "cannot open '%s'", name);
	if ((st->st_mode & 0700) != 0700 && fchmod(fd, 0700) != 0) {
		int errnum = errno;
		close(fd);
		return err_os(errnum, "cannot change the mode of '%s'", name);
	}
	for (int rounds = 1;; rounds++) {
		TRY(each_entry(fd, name, depth, remove_entry));
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return NULL;
		int errnum = errno;
		fd = errnum == ENOTEMPTY && rounds < ROUNDS_MAX ? open_dir_at(dirfd, name) : -1;
		if (fd < 0)
			return err_os(errnum, "cannot remove '%s'", name);
	}
}

static struct err *visit_path(const char *path, walk_fn *visit)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? NULL : err_os(errno, "cannot stat '%s'", path);
	return visit(AT_FDCWD, path, &st, 0);
}

struct err *tree_remove(const char *path)
{
	return visit_path(path, remove_entry);
}

static struct err *lock_entry(int dirfd, const char *name, const struct stat *st, int depth)
{
	if (S_ISLNK(st->st_mode))
		return NULL;
	if (S_ISDIR(st->st_mode)) {
		int fd = open_dir_at(dirfd, name);
		if (fd < 0)
			return err_os(errno, "cannot open '%s'", name);
		TRY(each_entry(fd, name, depth, lock_entry));
	}
	if (fchmodat(dirfd, name, st->st_mode & 07555, 0) != 0)
		return err_os(errno, "cannot change the mode of '%s'", name);
	return NULL;
}

struct err *tree_read_only(const char *path)
{
	return visit_path(path, lock_entry);
}

static struct err *sync_entry(int dirfd, const char *name, const struct stat *st, int depth)
{
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return NULL;
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open '%s'", name);
	if (S_ISDIR(st->st_mode)) {
		int inner = open_dir_at(dirfd, name);
		if (inner < 0)
			return err_os(errno, "cannot open '%s'", name);
		TRY(each_entry(inner, name, depth, sync_entry));
	}
	return fsync(fd) == 0 || errno == EINVAL ? NULL : err_os(errno, "cannot flush '%s'", name);
}

struct err *tree_sync(const char *path)
{
	return visit_path(path, sync_entry);
}

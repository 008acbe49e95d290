/* Walks by descriptor: a link put in the way is removed or skipped, never followed. */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/os.h"

enum {
	DEPTH_MAX = 256,
	/* Somebody may add a file while we remove (Finder). */
	ROUNDS_MAX = 4,
};

typedef struct err *walk_fn(int dirfd, const char *name, const struct stat *st, int depth);

/* Call @visit for each entry of the folder @fd. */
static struct err *each_entry(int fd, const char *name, int depth, walk_fn *visit)
{
	AUTO(strs) names = STRS_INIT;
	if (depth >= DEPTH_MAX)
		return err_os(ELOOP, "cannot list '%s'", name);
	TRY(dir_names(fd, name, &names));
	for (size_t i = 0; i < names.count; i++) {
		struct stat st;
		if (fstatat(fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			TRY(visit(fd, names.items[i], &st, depth + 1));
		else if (errno != ENOENT)
			return err_os(errno, "cannot stat '%s'", names.items[i]);
	}
	return NULL;
}

static int open_dir_at(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Never into another file system: something mounted there is not ours to remove. */
static struct err *refuse_mount_point(int dirfd, const char *name, const struct stat *st, int depth)
{
	struct stat parent;
	if (depth == 0 || !S_ISDIR(st->st_mode))
		return NULL;
	if (fstat(dirfd, &parent) != 0)
		return err_os(errno, "cannot stat what holds '%s'", name);
	if (parent.st_dev == st->st_dev)
		return NULL;
	return err_hint(err_os(EBUSY, "cannot remove '%s': something is mounted there", name),
			"see what is mounted (`mount`), unmount it, then run the same command again");
}

static struct err *remove_entry(int dirfd, const char *name, const struct stat *st, int depth)
{
	TRY(refuse_mount_point(dirfd, name, st, depth));
	if (!S_ISDIR(st->st_mode)) {
		if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT)
			return err_os(errno, "cannot remove '%s'", name);
		return NULL;
	}
	AUTO_CLOSE int fd = open_dir_at(dirfd, name);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = open_dir_at(dirfd, name);
	if (fd < 0)
		return err_os(errno, "cannot open '%s'", name);
	if ((st->st_mode & 0700) != 0700 && fchmod(fd, 0700) != 0)
		return err_os(errno, "cannot change the mode of '%s'", name);
	for (int rounds = 1;; rounds++) {
		TRY(each_entry(fd, name, depth, remove_entry));
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return NULL;
		if (errno != ENOTEMPTY || rounds == ROUNDS_MAX)
			return err_os(errno, "cannot remove '%s'", name);
	}
}

static struct err *visit_path(const char *path, walk_fn *visit)
{
	struct stat st;
	bool there = false;
	TRY(file_lstat(path, &there, &st));
	return there ? visit(AT_FDCWD, path, &st, 0) : err_new(ERR_ABSENT, "'%s' does not exist", path);
}

struct err *tree_remove(const char *path)
{
	struct err *e = visit_path(path, remove_entry);
	return err_is(e, ERR_ABSENT) ? err_free(e) : e;
}

struct err *tree_retract(const char *path)
{
	AUTO_FREE char *dir = path_dir(path);
	AUTO_FREE char *gone = mem_printf("%s/%s%s", dir, TREE_GONE, path_base(path));
	struct stat st = {.st_mode = 0};
	bool there = false;
	TRY(file_lstat(path, &there, &st));
	if (!S_ISDIR(st.st_mode) || str_starts(path_base(path), TREE_GONE))
		return tree_remove(path);
	TRY(tree_remove(gone));
	struct err *e = file_rename(path, gone);
	if (!err_no_space(e))
		return e ? e : tree_remove(gone);
	err_free(e);
	return tree_remove(path);
}

/* By descriptor: another name may have taken the place since. What cannot be opened is changed by its name. */
static struct err *lock_entry(int dirfd, const char *name, const struct stat *st, int depth)
{
	mode_t mode = st->st_mode & 01555;
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return NULL;
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno != EACCES || S_ISDIR(st->st_mode)))
		return err_os(errno, "cannot open '%s'", name);
	if (S_ISDIR(st->st_mode))
		TRY(each_entry(fd, name, depth, lock_entry));
	if ((fd >= 0 ? fchmod(fd, mode) : fchmodat(dirfd, name, mode, AT_SYMLINK_NOFOLLOW)) != 0)
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
	if (S_ISDIR(st->st_mode))
		TRY(each_entry(fd, name, depth, sync_entry));
	/* the last one reaches the platter, and takes along what the others left with the drive */
	int errnum = depth == 0 ? os_full_sync(fd) : fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
	return errnum ? err_os(errnum, "cannot flush '%s'", name) : NULL;
}

struct err *tree_sync(const char *path)
{
	return visit_path(path, sync_entry);
}

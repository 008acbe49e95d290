#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/os.h"

static struct err *open_failed(int errnum, const char *path)
{
	if (errnum == ENOENT)
		return err_new(ERR_ABSENT, "'%s' does not exist", path);
	return err_os(errnum, "cannot open '%s'", path);
}

ssize_t fd_read(int fd, void *buffer, size_t size)
{
	ssize_t n;
	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n;
}

bool fd_pwrite(int fd, const void *data, size_t size, int64_t offset)
{
	for (const char *p = data; size > 0;) {
		ssize_t n = pwrite(fd, p, size, (off_t)offset);
		if (n < 0 && errno != EINTR)
			return false;
		n = n < 0 ? 0 : n;
		p += n;
		offset += n;
		size -= (size_t)n;
	}
	return true;
}

struct err *file_read(const char *path, size_t max, char **ret_data, size_t *ret_size)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return open_failed(errno, path);
	struct stat st;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) /* empty or full of anything: it may only not be waited for */
		return err_new(ERR_USAGE, "'%s' is a pipe where a file is needed", path);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd_read_all(fd, path, max, ret_data, ret_size);
}

struct err *fd_read_all(int fd, const char *path, size_t max, char **ret_data, size_t *ret_size)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return err_os(errno, "cannot stat '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_new(ERR_USAGE, "'%s' is a folder where a file is needed", path);
	size_t cap = st.st_size > 0 && (size_t)st.st_size <= max ? (size_t)st.st_size + 1 : 4096;
	size_t size = 0;
	AUTO_FREE char *data = mem_alloc(cap + 1);
	for (;;) {
		if (size == cap)
			data = mem_resize(data, (cap *= 2) + 1);
		ssize_t n = fd_read(fd, data + size, cap - size);
		if (n < 0)
			return err_os(errno, "cannot read '%s'", path);
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > max)
			return err_new(ERR_CORRUPT, "'%s' is larger than %zu bytes", path, max);
	}
	data[size] = '\0';
	*ret_data = TAKE(data);
	if (ret_size)
		*ret_size = size;
	return NULL;
}

struct err *file_write_all(int fd, const void *data, size_t size, const char *name)
{
	const char *p = data;
	while (size > 0) {
		ssize_t n = write(fd, p, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_os(errno, "cannot write '%s'", name);
		p += n;
		size -= (size_t)n;
	}
	return NULL;
}

struct err *file_sync(int fd, const char *name)
{
	int errnum = os_full_sync(fd);
	return errnum ? err_os(errnum, "cannot flush '%s'", name) : NULL;
}

/* Flush folder @path, so that renames in it last. */
struct err *dir_sync(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return open_failed(errno, path);
	if (fsync(fd) != 0 && errno != EINVAL)
		return err_os(errno, "cannot flush folder '%s'", path);
	return NULL;
}

static struct err *sync_parent(const char *path)
{
	AUTO_FREE char *dir = path_dir(path);
	return dir_sync(dir);
}

#define TEMP_MARK ".tmp-"
enum { TEMP_DIGITS = 16 };

/* Lock our new file; false when it is gone. A file system without locks has no sweeping either. */
static bool claim(int fd)
{
	struct stat st;
	while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
		;
	return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

struct err *file_temp_dead(const char *path, bool *ret_dead)
{
	const char *mark = strstr(path_base(path), TEMP_MARK);
	const char *digits = mark ? mark + strlen(TEMP_MARK) : "";
	struct stat st = {.st_mode = 0};
	bool there = false;
	*ret_dead = false;
	if (strlen(digits) != TEMP_DIGITS || strspn(digits, "0123456789abcdef") != TEMP_DIGITS)
		return NULL;
	TRY(file_lstat(path, &there, &st));
	if (!there || !S_ISREG(st.st_mode))
		return NULL;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? NULL : err_os(errno, "cannot open '%s'", path);
	*ret_dead = flock(fd, LOCK_SH | LOCK_NB) == 0;
	return *ret_dead || errno == EWOULDBLOCK || errno == EINTR ? NULL : err_os(errno, "cannot lock '%s'", path);
}

struct err *file_temp_open(const char *path, char **ret_name, int *ret_fd)
{
	for (int tries = 0; tries < 100; tries++) {
		uint64_t r;
		os_random(&r, sizeof(r));
		AUTO_FREE char *name = mem_printf("%s.tmp-%016llx", path, (unsigned long long)r);
		int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 && !claim(fd)) {
			close(fd); /* somebody swept it away before it was locked */
			continue;
		}
		if (fd >= 0) {
			*ret_name = TAKE(name);
			*ret_fd = fd;
			return NULL;
		}
		if (errno != EEXIST)
			return err_os(errno, "cannot create a file beside '%s'", path);
	}
	return err_os(EEXIST, "cannot create a file beside '%s'", path);
}

/* All of it is on the disk, or there is an error. */
static struct err *temp_close(int take_fd, const char *temp, const char *path, mode_t mode, struct err *take_e)
{
	struct err *e = take_e;
	if (!e && fchmod(take_fd, mode) != 0)
		e = err_os(errno, "cannot set the mode of '%s'", temp);
	if (!e)
		e = file_sync(take_fd, path);
	if (close(take_fd) != 0 && !e)
		e = err_os(errno, "cannot write '%s'", path);
	return e;
}

struct err *file_temp_commit(int take_fd, const char *temp, const char *path, mode_t mode, struct err *take_e)
{
	struct err *e = temp_close(take_fd, temp, path, mode, take_e);
	if (!e && rename(temp, path) != 0) {
		e = err_os(errno, "cannot rename to '%s'", path);
		if (e->errnum == EPERM) /* in a folder like /tmp */
			e = err_hint(e, "something of another user has that name: look at it, or use another folder");
	}
	if (e)
		unlink(temp);
	return e ? e : sync_parent(path);
}

/* Where there are no hard links (FAT), whoever makes the name in this moment loses what he wrote. */
static struct err *give_new_name(const char *temp, const char *path)
{
	bool there = false;
	if (link(temp, path) == 0)
		return NULL;
	int errnum = errno;
	if (errnum != EEXIST)
		TRY(file_lstat(path, &there, NULL));
	if (errnum == EEXIST || there)
		return err_hint(err_new(ERR_USAGE, "'%s' already exists", path), "choose another name, or remove it");
	if (errnum != EPERM && errnum != ENOTSUP && errnum != EMLINK)
		return err_os(errnum, "cannot rename to '%s'", path);
	return rename(temp, path) == 0 ? NULL : err_os(errno, "cannot rename to '%s'", path);
}

struct err *file_temp_commit_new(int take_fd, const char *temp, const char *path, mode_t mode, struct err *take_e)
{
	struct err *e = temp_close(take_fd, temp, path, mode, take_e);
	if (!e)
		e = give_new_name(temp, path);
	unlink(temp);
	return e ? e : sync_parent(path);
}

struct err *file_write(const char *path, const void *data, size_t size, mode_t mode)
{
	AUTO_FREE char *temp = NULL;
	int fd = -1;
	TRY(file_temp_open(path, &temp, &fd));
	return file_temp_commit(fd, temp, path, mode, file_write_all(fd, data, size, path));
}

static struct err *copy_bytes(int from, int to, const char *from_name, const char *to_name)
{
	enum { CHUNK = 1 << 18 };
	AUTO_FREE char *buffer = mem_alloc(CHUNK);
	for (;;) {
		ssize_t n = fd_read(from, buffer, CHUNK);
		if (n < 0)
			return err_os(errno, "cannot read '%s'", from_name);
		if (n == 0)
			return NULL;
		TRY(file_write_all(to, buffer, (size_t)n, to_name));
	}
}

struct err *file_copy(const char *from, const char *to, mode_t mode)
{
	AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return open_failed(errno, from);
	struct stat st;
	if (fstat(in, &st) != 0)
		return err_os(errno, "cannot stat '%s'", from);
	AUTO_FREE char *temp = NULL;
	int out = -1;
	TRY(file_temp_open(to, &temp, &out));
	struct err *e = NULL;
	if (!os_copy_range(in, out, st.st_size)) {
		if (lseek(in, 0, SEEK_SET) != 0 || lseek(out, 0, SEEK_SET) != 0 || ftruncate(out, 0) != 0)
			e = err_os(errno, "cannot copy '%s'", from);
		else
			e = copy_bytes(in, out, from, to);
	}
	return file_temp_commit(out, temp, to, mode, e);
}

struct err *dir_make(const char *path, mode_t mode)
{
	AUTO_FREE char *copy = mem_strdup(path);
	for (char *p = copy + 1;; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char kept = *p;
		*p = '\0';
		int errnum = mkdir(copy, mode) == 0 ? 0 : errno;
		if (errnum && errnum != EEXIST) {
			struct stat
				st; /* a file system that only reads says so before it says that the folder is there */
			if (stat(copy, &st) != 0 || !S_ISDIR(st.st_mode))
				return err_os(errnum, "cannot make folder '%s'", copy);
		}
		*p = kept;
		if (!kept)
			break;
	}
	bool there = false;
	TRY(dir_exists(path, &there));
	return there ? NULL : err_os(ENOTDIR, "cannot make folder '%s'", path);
}

struct err *dir_missing(const char *path, struct strs *missing)
{
	AUTO_FREE char *parent = path_dir(path);
	bool there = false;

	TRY(dir_exists(path, &there));
	if (there)
		return NULL;
	if (!streq(parent, path))
		TRY(dir_missing(parent, missing));
	strs_add(missing, path);
	return NULL;
}

struct err *file_rename(const char *from, const char *to)
{
	if (rename(from, to) != 0)
		return err_os(errno, "cannot rename '%s' to '%s'", from, to);
	AUTO_FREE char *a = path_dir(from);
	AUTO_FREE char *b = path_dir(to);
	TRY(dir_sync(b));
	return streq(a, b) ? NULL : dir_sync(a);
}

struct err *file_link(const char *from, const char *to)
{
	if (link(from, to) != 0)
		return err_os(errno, "cannot hard-link '%s' to '%s'", from, to);
	return sync_parent(to);
}

struct err *file_symlink(const char *target, const char *path)
{
	if (symlink(target, path) != 0)
		return err_os(errno, "cannot make the link '%s'", path);
	return sync_parent(path);
}

struct err *file_remove(const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
		return err_os(errno, "cannot remove '%s'", path);
	return NULL;
}

struct err *file_revoke(const char *path)
{
	bool there = false;
	TRY(file_lstat(path, &there, NULL));
	if (!there)
		return NULL;
	TRY(file_remove(path));
	return sync_parent(path);
}

struct err *tree_publish(const char *stage, const char *path)
{
	TRY(tree_sync(stage));
	return file_rename(stage, path);
}

char *file_absolute(const char *path)
{
	AUTO_FREE char *here = *path == '/' ? NULL : getcwd(NULL, 0);
	return here ? path_join(here, path) : mem_strdup(path);
}

static struct err *look(const char *path, int result, int errnum, const struct stat *st, bool *ret_there,
			struct stat *ret_st)
{
	if (result != 0 && errnum != ENOENT)
		return err_os(errnum, "cannot see whether '%s' is there", path);
	*ret_there = result == 0;
	if (result == 0 && ret_st)
		*ret_st = *st;
	return NULL;
}

struct err *file_stat(const char *path, bool *ret_there, struct stat *ret_st)
{
	struct stat st;
	int result = stat(path, &st);
	return look(path, result, errno, &st, ret_there, ret_st);
}

struct err *file_stat_optional(const char *path, bool *ret_there, struct stat *ret_st)
{
	struct stat st;
	int result = stat(path, &st);
	return look(path, result, result != 0 && errno == ENOTDIR ? ENOENT : errno, &st, ret_there, ret_st);
}

struct err *file_lstat(const char *path, bool *ret_there, struct stat *ret_st)
{
	struct stat st;
	int result = lstat(path, &st);
	return look(path, result, errno, &st, ret_there, ret_st);
}

struct err *file_link_text(const char *path, char **ret_text)
{
	char text[PATH_MAX + 1];
	struct stat st = {.st_mode = 0};
	bool there = false;

	*ret_text = NULL;
	TRY(file_lstat(path, &there, &st));
	if (!there || !S_ISLNK(st.st_mode))
		return NULL;
	ssize_t n = readlink(path, text, sizeof(text));
	if (n < 0 && errno != ENOENT && errno != EINVAL)
		return err_os(errno, "cannot tell where '%s' leads", path);
	*ret_text = n < 0 ? NULL : mem_strndup(text, (size_t)n);
	return NULL;
}

struct err *file_link_target(const char *path, char **ret_target)
{
	struct stat st = {.st_mode = 0};
	bool there = false;

	TRY(file_lstat(path, &there, &st));
	*ret_target = S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;
	if (S_ISLNK(st.st_mode) && !*ret_target && errno != ENOENT)
		return err_os(errno, "cannot tell where '%s' leads", path);
	return NULL;
}

struct err *file_exists(const char *path, bool *ret_there)
{
	struct stat st = {.st_mode = 0};
	bool there = false;
	TRY(file_stat(path, &there, &st));
	*ret_there = there && !S_ISDIR(st.st_mode);
	return NULL;
}

struct err *dir_exists(const char *path, bool *ret_there)
{
	struct stat st = {.st_mode = 0};
	bool there = false;
	TRY(file_stat(path, &there, &st));
	*ret_there = there && S_ISDIR(st.st_mode);
	return NULL;
}

struct err *file_size(const char *path, int64_t *ret_bytes)
{
	struct stat st = {.st_size = 0};
	bool there = false;
	TRY(file_stat(path, &there, &st));
	*ret_bytes = there ? (int64_t)st.st_size : -1;
	return NULL;
}

bool file_offered(const char *path)
{
	bool there = false;
	err_free(file_exists(path, &there));
	return there;
}

struct err *file_permits(const char *path, int mode)
{
	return access(path, mode) == 0 ? NULL : err_os(errno, "no access to '%s'", path);
}

/* The next entry; NULL at the end, or with errno set. */
static struct dirent *next_entry(DIR *dir)
{
	errno = 0;
	return readdir(dir);
}

struct err *dir_names(int fd, const char *shown, struct strs *names)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir) {
		struct err *e = err_os(errno, "cannot list '%s'", shown);
		if (copy >= 0)
			close(copy);
		return e;
	}
	rewinddir(dir); /* the copy shares its place with @fd */
	struct dirent *entry;
	while ((entry = next_entry(dir)))
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			strs_add(names, entry->d_name);
	int errnum = errno;
	closedir(dir);
	strs_sort(names);
	return errnum ? err_os(errnum, "cannot list '%s'", shown) : NULL;
}

struct err *dir_list(const char *path, struct strs *names)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	return fd < 0 ? err_os(errno, "cannot list '%s'", path) : dir_names(fd, path, names);
}

/*
 * calls.h - libc's calls as the library under test sees them: some are written down, one can be made to end otherwise
 *
 * What is defined here stands before libc's own in a program; the library is linked into it. For Linux: macOS binds
 * each library to its own. One program includes it.
 */
#ifndef COOPER_TESTS_CALLS_H
#define COOPER_TESTS_CALLS_H

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"

enum { NEVER = -1 };

static struct {
	const char *top;              /* paths below it are written down; NULL = nothing is */
	struct strs done;             /* "mode PATH", "flush PATH", "name PATH", below the top, "." = it */
	int fail_fsync, fail_readdir; /* after so many calls one ends with EIO; NEVER */
	int fail_removal;             /* the same of rename() and unlinkat() */
	int fail_realpath;            /* the same of realpath() */
	int fail_fork;                /* the same of fork(), with EAGAIN */
	int fail_pread;               /* the same of pread() */
	int killed;                   /* after so many children one is said to have been killed; NEVER */
	const char *fail_open;        /* this path cannot be opened: EIO */
	int fail_write;               /* write() ends with this number */
	int fail_read;                /* read() of so many bytes ends with EIO; 0 = none */
	int interrupted;              /* calls from now on that end with EINTR */
	size_t of_size;               /* of those, the ones for so many bytes; 0 = all */
	bool short_writes;            /* write() takes one byte */
	uint64_t random;              /* the first number that is asked for; 0 = any */
	const char *look_at;          /* once fstatat() has been asked for this name ... */
	const char *becomes;          /* ... it is a link to that */
	bool room_unknown, no_room;   /* statvfs() ends with EIO, or finds nothing free */
	const char *replaced;         /* the first flock() finds another file under this name */
} calls = {.fail_fsync = NEVER, .fail_readdir = NEVER, .fail_removal = NEVER, .fail_realpath = NEVER, .fail_fork = NEVER, .fail_pread = NEVER, .killed = NEVER};
static pthread_mutex_t calls_mutex = PTHREAD_MUTEX_INITIALIZER;

/* libc's own @name, as real_of(name); other libraries call before any constructor of ours has run. */
#define REAL(type, name, ...)                                                                                          \
	static type (*own_##name)(__VA_ARGS__);                                                                        \
	__attribute__((constructor)) static void find_##name(void)                                                     \
	{                                                                                                              \
		*(void **)&own_##name = dlsym(RTLD_NEXT, #name);                                                       \
	}
#define real_of(name) (own_##name ? own_##name : (find_##name(), own_##name))

REAL(int, fsync, int)
REAL(int, chmod, const char *, mode_t)
REAL(int, fchmod, int, mode_t)
REAL(int, rename, const char *, const char *)
REAL(int, open, const char *, int, ...)
REAL(char *, realpath, const char *, char *)
REAL(pid_t, fork, void)
REAL(int, unlinkat, int, const char *, int)
REAL(struct dirent *, readdir, DIR *)
REAL(ssize_t, read, int, void *, size_t)
REAL(ssize_t, pread, int, void *, size_t, off_t)
REAL(ssize_t, write, int, const void *, size_t)
REAL(ssize_t, pwrite, int, const void *, size_t, off_t)
REAL(pid_t, waitpid, pid_t, int *, int)
REAL(int, flock, int, int)
REAL(ssize_t, getrandom, void *, size_t, unsigned)
REAL(int, statvfs, const char *, struct statvfs *)
REAL(int, fstatat, int, const char *, struct stat *, int)

static void write_down(const char *what, const char *path)
{
	size_t n = calls.top ? strlen(calls.top) : 0;
	if (!n || strncmp(path, calls.top, n) != 0 || (path[n] && path[n] != '/'))
		return;
	AUTO_FREE char *below = mem_strdup(path[n] ? path + n + 1 : ".");
	char *temp = strstr(below, ".tmp-");
	if (temp)
		strcpy(temp, ".tmp");
	pthread_mutex_lock(&calls_mutex);
	strs_addf(&calls.done, "%s %s", what, below);
	pthread_mutex_unlock(&calls_mutex);
}

static bool is_interrupted(size_t size)
{
	bool now = calls.interrupted > 0 && (!calls.of_size || size == calls.of_size);
	calls.interrupted -= now;
	errno = now ? EINTR : errno;
	return now;
}

static bool is_due(int *left)
{
	return *left >= 0 && (*left)-- == 0;
}

static void write_down_fd(const char *what, int fd)
{
	char link[64], path[4096];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	if (n > 0) {
		path[n] = '\0';
		write_down(what, path);
	}
}

int chmod(const char *path, mode_t mode)
{
	write_down("mode", path);
	return real_of(chmod)(path, mode);
}

int fchmod(int fd, mode_t mode)
{
	write_down_fd("mode", fd);
	return real_of(fchmod)(fd, mode);
}

int fsync(int fd)
{
	write_down_fd("flush", fd);
	if (!is_due(&calls.fail_fsync))
		return real_of(fsync)(fd);
	errno = EIO;
	return -1;
}

int rename(const char *from, const char *to)
{
	write_down("name", to);
	if (!is_due(&calls.fail_removal))
		return real_of(rename)(from, to);
	errno = EIO;
	return -1;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	if (calls.fail_open && strcmp(path, calls.fail_open) == 0) {
		errno = EIO;
		return -1;
	}
	va_start(arguments, flags);
	int fd = real_of(open)(path, flags, flags & O_CREAT ? va_arg(arguments, mode_t) : 0);
	va_end(arguments);
	return fd;
}

char *realpath(const char *path, char *to)
{
	if (!is_due(&calls.fail_realpath))
		return real_of(realpath)(path, to);
	errno = EIO;
	return NULL;
}

pid_t fork(void)
{
	if (!is_due(&calls.fail_fork))
		return real_of(fork)();
	errno = EAGAIN;
	return -1;
}

int unlinkat(int dirfd, const char *name, int flags)
{
	if (!is_due(&calls.fail_removal))
		return real_of(unlinkat)(dirfd, name, flags);
	errno = EIO;
	return -1;
}

struct dirent *readdir(DIR *dir)
{
	if (!is_due(&calls.fail_readdir))
		return real_of(readdir)(dir);
	errno = EIO;
	return NULL;
}

ssize_t read(int fd, void *buffer, size_t size)
{
	if (calls.fail_read > 0 && size == (size_t)calls.fail_read) {
		errno = EIO;
		return -1;
	}
	return is_interrupted(size) ? -1 : real_of(read)(fd, buffer, size);
}

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	if (!is_due(&calls.fail_pread))
		return real_of(pread)(fd, buffer, size, offset);
	errno = EIO;
	return -1;
}

ssize_t write(int fd, const void *data, size_t size)
{
	if (calls.fail_write) {
		errno = calls.fail_write;
		return -1;
	}
	return is_interrupted(size) ? -1 : real_of(write)(fd, data, calls.short_writes && size > 1 ? 1 : size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	return is_interrupted(size) ? -1 : real_of(pwrite)(fd, data, size, offset);
}

int statvfs(const char *path, struct statvfs *st)
{
	if (calls.room_unknown)
		errno = EIO;
	if (calls.room_unknown || real_of(statvfs)(path, st) != 0)
		return -1;
	if (calls.no_room)
		st->f_bavail = 0;
	return 0;
}

pid_t waitpid(pid_t pid, int *status, int flags)
{
	if (is_interrupted(0))
		return -1;
	pid_t got = real_of(waitpid)(pid, status, flags);
	if (got > 0 && status && is_due(&calls.killed))
		*status = SIGKILL;
	return got;
}

int flock(int fd, int operation)
{
	const char *path = TAKE(calls.replaced);
	if (path) {
		unlink(path);
		fclose(fopen(path, "we"));
	}
	return is_interrupted(0) ? -1 : real_of(flock)(fd, operation);
}

ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
	if (!calls.random || size != sizeof(calls.random))
		return real_of(getrandom)(buffer, size, flags);
	memcpy(buffer, &calls.random, size);
	calls.random = 0;
	return (ssize_t)size;
}

int fstatat(int dirfd, const char *name, struct stat *st, int flags)
{
	int result = real_of(fstatat)(dirfd, name, st, flags);
	if (!calls.look_at || strcmp(name, calls.look_at) != 0)
		return result;
	calls.look_at = NULL;
	renameat(dirfd, name, dirfd, "was-here");
	(void)!symlinkat(calls.becomes, dirfd, name);
	return result;
}

#endif

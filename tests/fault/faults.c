/*
 * Linked into cooper with CONFIG=fault: every call of libc's that our own code makes and that can fail comes by here
 * (the linker's --wrap; the list of names is tests/fault/wrap). A place is a call with the functions it was made from.
 *
 *   COOPER_FAULT_LOG=FILE            each place that is reached for the first time in a process: "CALL PLACE
 * ADDRESS..." COOPER_FAULT="CALL PLACE ERRNO"  that place fails with that number, once in each process that reaches it
 *   COOPER_FAULT="CALL PLACE kill"   the process ends there as `kill -9` would end it, before the call
 *   COOPER_FAULT="CALL PLACE cut"    nothing goes on there, after the call: the power is gone; who sees it in the log
 *                                    ends all processes
 *
 * What is done is said in the log, too: "fired". A file is opened before anything is confined, and never closed.
 */
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAMES = 5, PLACES = 4096, NAME_BYTES = 32, LOG_FD = 900, KILL = -1, CUT = -2 };

static int log_fd = -1;
static char target_call[NAME_BYTES];
static unsigned target_place;
static int target_action;
static atomic_bool fired;
static _Atomic unsigned seen[PLACES];

extern char __executable_start, etext;
ssize_t __real_write(int fd, const void *bytes, size_t size);

__attribute__((constructor)) static void prepare(void)
{
	const char *path = getenv("COOPER_FAULT_LOG");
	const char *fault = getenv("COOPER_FAULT");
	char action[NAME_BYTES] = "";
	void *warm[1];

	backtrace(warm, 1);
	if (path)
		log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log_fd >= 0) { /* a child closes what it inherits: it must not meet the number again */
		int low = log_fd;
		log_fd = fcntl(low, F_DUPFD_CLOEXEC, LOG_FD);
		close(low);
	}
	if (fault && sscanf(fault, "%31s %x %31s", target_call, &target_place, action) == 3)
		target_action = !strcmp(action, "kill") ? KILL : !strcmp(action, "cut") ? CUT : atoi(action);
}

/* Functions outside of the program (libraries that call back) are left out: they are loaded anywhere. */
static unsigned place_of(const char *call, uintptr_t *addresses, int *ret_count)
{
	void *frames[FRAMES + 8];
	int found = backtrace(frames, FRAMES + 8), count = 0;
	unsigned hash = 2166136261u;

	for (const char *c = call; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	for (int i = 3; i < found && count < FRAMES; i++) {
		char *at = frames[i];
		if (at < &__executable_start || at >= &etext)
			continue;
		addresses[count] = (uintptr_t)(at - &__executable_start);
		hash = (hash ^ (unsigned)addresses[count++]) * 16777619u;
	}
	*ret_count = count;
	return hash ? hash : 1;
}

static bool first_time(unsigned place)
{
	for (unsigned i = 0; i < PLACES; i++) {
		unsigned have = atomic_load(&seen[(place + i) % PLACES]);
		if (have == place)
			return false;
		if (!have && atomic_compare_exchange_strong(&seen[(place + i) % PLACES], &have, place))
			return true;
	}
	return false;
}

static void say(const char *call, unsigned place, const uintptr_t *addresses, int count)
{
	char line[512];
	int length = snprintf(line, sizeof(line), "%s %08x", call, place);

	for (int i = 0; i < count; i++)
		length += snprintf(line + length, sizeof(line) - (size_t)length, " %lx", (unsigned long)addresses[i]);
	line[length++] = '\n';
	(void)!__real_write(log_fd, line, (size_t)length);
}

/* What to do at this call: 0, an errno, KILL or CUT. */
static int action_at(const char *call)
{
	uintptr_t addresses[FRAMES];
	int count, error = errno;
	unsigned place;

	if (log_fd < 0 && !target_action)
		return 0;
	place = place_of(call, addresses, &count);
	if (!target_action && first_time(place))
		say(call, place, addresses, count);
	errno = error;
	if (!target_action || place != target_place || strcmp(call, target_call) != 0 || atomic_exchange(&fired, true))
		return 0;
	if (target_action != CUT)
		(void)!__real_write(log_fd, "fired\n", 6);
	if (target_action == KILL)
		kill(getpid(), SIGKILL);
	return target_action;
}

static void cut(int action)
{
	if (action != CUT)
		return;
	(void)!__real_write(log_fd, "fired\n", 6);
	for (;;)
		pause();
}

#define STRINGIFY(name) #name
#define WRAP(type, name, failure, parameters, arguments)                                                               \
	type __real_##name parameters;                                                                                 \
	type __wrap_##name parameters;                                                                                 \
	type __wrap_##name parameters                                                                                  \
	{                                                                                                              \
		int action = action_at(STRINGIFY(name));                                                               \
		if (action > 0) {                                                                                      \
			errno = action;                                                                                \
			return failure;                                                                                \
		}                                                                                                      \
		type result = __real_##name arguments;                                                                 \
		cut(action);                                                                                           \
		return result;                                                                                         \
	}

WRAP(int, stat, -1, (const char *path, struct stat *st), (path, st))
WRAP(int, lstat, -1, (const char *path, struct stat *st), (path, st))
WRAP(int, fstat, -1, (int fd, struct stat *st), (fd, st))
WRAP(int, fstatat, -1, (int fd, const char *path, struct stat *st, int flags), (fd, path, st, flags))
WRAP(int, statvfs, -1, (const char *path, struct statvfs *st), (path, st))
WRAP(int, access, -1, (const char *path, int mode), (path, mode))
WRAP(ssize_t, pread, -1, (int fd, void *bytes, size_t size, off_t at), (fd, bytes, size, at))
WRAP(ssize_t, pwrite, -1, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
WRAP(int, fsync, -1, (int fd), (fd))
WRAP(int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(off_t, lseek, -1, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(int, dup2, -1, (int from, int to), (from, to))
WRAP(int, rename, -1, (const char *from, const char *to), (from, to))
WRAP(int, renameat, -1, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(int, link, -1, (const char *from, const char *to), (from, to))
WRAP(int, linkat, -1, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
WRAP(int, unlink, -1, (const char *path), (path))
WRAP(int, unlinkat, -1, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(int, mkdir, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, mkdirat, -1, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(int, symlink, -1, (const char *to, const char *path), (to, path))
WRAP(int, symlinkat, -1, (const char *to, int fd, const char *path), (to, fd, path))
WRAP(ssize_t, readlink, -1, (const char *path, char *to, size_t size), (path, to, size))
WRAP(ssize_t, readlinkat, -1, (int fd, const char *path, char *to, size_t size), (fd, path, to, size))
WRAP(char *, realpath, NULL, (const char *path, char *to), (path, to))
WRAP(int, chmod, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchmodat, -1, (int fd, const char *path, mode_t mode, int flags), (fd, path, mode, flags))
WRAP(int, futimens, -1, (int fd, const struct timespec times[2]), (fd, times))
WRAP(int, utimensat, -1, (int fd, const char *path, const struct timespec times[2], int flags),
     (fd, path, times, flags))
WRAP(int, chdir, -1, (const char *path), (path))
WRAP(char *, getcwd, NULL, (char *path, size_t size), (path, size))
WRAP(int, mkstemp, -1, (char *name), (name))
WRAP(char *, mkdtemp, NULL, (char *name), (name))
WRAP(int, flock, -1, (int fd, int operation), (fd, operation))
WRAP(ssize_t, copy_file_range, -1, (int a, off_t *from, int b, off_t *to, size_t size, unsigned flags),
     (a, from, b, to, size, flags))
WRAP(DIR *, fdopendir, NULL, (int fd), (fd))
WRAP(struct dirent *, readdir, NULL, (DIR * dir), (dir))
WRAP(pid_t, fork, -1, (void), ())
WRAP(int, execve, -1, (const char *path, char *const argv[], char *const env[]), (path, argv, env))
WRAP(pid_t, waitpid, -1, (pid_t pid, int *status, int options), (pid, status, options))
WRAP(int, setpgid, -1, (pid_t pid, pid_t group), (pid, group))
WRAP(pid_t, setsid, -1, (void), ())
WRAP(int, pipe2, -1, (int fds[2], int flags), (fds, flags))
WRAP(int, poll, -1, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout))
WRAP(int, socket, -1, (int domain, int type, int protocol), (domain, type, protocol))
WRAP(int, connect, -1, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
WRAP(int, bind, -1, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
WRAP(int, listen, -1, (int fd, int backlog), (fd, backlog))
WRAP(int, accept, -1, (int fd, struct sockaddr *address, socklen_t *size), (fd, address, size))
WRAP(int, getsockname, -1, (int fd, struct sockaddr *address, socklen_t *size), (fd, address, size))
WRAP(ssize_t, getrandom, -1, (void *bytes, size_t size, unsigned flags), (bytes, size, flags))

/* A pipe and a socket have no disk that is full or fails. */
static const char *kind_of(int fd, const char *file, const char *stream)
{
	struct stat st;
	return __real_fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ? stream : file;
}

#define WRAP_STREAM(name, bytes_type)                                                                                  \
	ssize_t __wrap_##name(int fd, bytes_type bytes, size_t size);                                                  \
	ssize_t __wrap_##name(int fd, bytes_type bytes, size_t size)                                                   \
	{                                                                                                              \
		int action = action_at(kind_of(fd, #name, #name "-stream"));                                           \
		if (action > 0) {                                                                                      \
			errno = action;                                                                                \
			return -1;                                                                                     \
		}                                                                                                      \
		return __real_##name(fd, bytes, size);                                                                 \
	}

ssize_t __real_read(int fd, void *bytes, size_t size);
WRAP_STREAM(read, void *)
WRAP_STREAM(write, const void *)

/* Whatever it says, the descriptor is gone. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int action = action_at("close");
	int result = __real_close(fd);

	if (action <= 0)
		return result;
	errno = action;
	return -1;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	int action = action_at(flags & (O_WRONLY | O_RDWR) ? "open-write" : "open");
	va_list arguments;

	if (action > 0) {
		errno = action;
		return -1;
	}
	va_start(arguments, flags);
	int fd = __real_open(path, flags, flags & O_CREAT ? va_arg(arguments, mode_t) : 0);
	va_end(arguments);
	return fd;
}

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
	int action = action_at(flags & (O_WRONLY | O_RDWR) ? "openat-write" : "openat");
	va_list arguments;

	if (action > 0) {
		errno = action;
		return -1;
	}
	va_start(arguments, flags);
	int fd = __real_openat(dir, path, flags, flags & O_CREAT ? va_arg(arguments, mode_t) : 0);
	va_end(arguments);
	return fd;
}

/* Returns what went wrong, and leaves errno alone. */
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
	int action = action_at("pthread_create");
	return action > 0 ? action : __real_pthread_create(thread, attributes, run, argument);
}

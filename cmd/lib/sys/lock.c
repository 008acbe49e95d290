#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/str.h"
#include "sys/tick.h"

static char *read_holder(int fd)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return str_escape(text);
}

/* Whether the locked descriptor is still the file at @path: its last holder may have removed it. */
static bool still_there(int fd, const char *path)
{
	struct stat a, b;
	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Whether a holder is in the way, and not the shared lock of somebody who looks. */
static struct err *is_held(int fd, const char *path, bool *ret_held)
{
	int result;
	do
		result = flock(fd, LOCK_SH | LOCK_NB);
	while (result != 0 && errno == EINTR);
	if (result != 0 && errno != EWOULDBLOCK)
		return err_os(errno, "cannot see whether '%s' is locked", path);
	*ret_held = result != 0;
	if (result == 0)
		flock(fd, LOCK_UN);
	return NULL;
}

/* EINVAL, EBADF: opened to read alone, on a file system that only reads. */
static bool is_full(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT || errnum == EROFS || errnum == EINVAL || errnum == EBADF;
}

struct err *lock_try(const char *path, const char *holder, int *ret_fd)
{
	for (;;) {
		AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 && errno == EROFS)
			fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_os(errno, "cannot open the lock '%s'", path);
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			if (errno != EWOULDBLOCK && errno != EINTR)
				return err_os(errno, "cannot lock '%s'", path);
			bool held = false;
			if (errno == EWOULDBLOCK)
				TRY(is_held(fd, path, &held));
			if (!held) {
				tick_sleep_ms(1);
				continue;
			}
			AUTO_FREE char *who = read_holder(fd);
			return err_new(ERR_BUSY, "held by %s", *who ? who : "another process");
		}
		if (!still_there(fd, path))
			continue;
		AUTO_FREE char *text = mem_printf("pid %d: %s\n", (int)getpid(), holder);
		if ((ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) < 0) && !is_full(errno))
			return err_os(errno, "cannot write the lock '%s'", path);
		*ret_fd = fd;
		fd = -1;
		return NULL;
	}
}

struct err *lock_wait(const char *path, const char *holder, int64_t timeout_ms, struct sink *sink, int *ret_fd)
{
	int64_t started = tick_ms();
	bool told = false;
	for (;;) {
		struct err *e = lock_try(path, holder, ret_fd);
		if (!err_is(e, ERR_BUSY))
			return e;
		if (timeout_ms && tick_ms() - started >= timeout_ms)
			return e;
		if (!told)
			event_note(sink, NULL, "waiting: %s", e->message);
		told = true;
		err_free(e);
		TRY(cancel_check());
		tick_sleep_ms(100);
	}
}

struct err *lock_held(const char *path, bool *ret_held, char **ret_holder)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe is not waited for */
	bool held = false;
	if (fd < 0 && errno != ENOENT)
		return err_os(errno, "cannot see whether '%s' is locked", path);
	if (fd >= 0)
		TRY(is_held(fd, path, &held));
	if (held && ret_holder)
		*ret_holder = read_holder(fd);
	*ret_held = held;
	return NULL;
}

struct err *lock_keep(const char *path, const char *holder, int *fd)
{
	int again = -1;
	if (still_there(*fd, path))
		return NULL;
	TRY(lock_try(path, holder, &again));
	close(*fd);
	*fd = again;
	return NULL;
}

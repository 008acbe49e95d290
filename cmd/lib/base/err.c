#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

PRINTF_LIKE(3, 0) static struct err *make(enum err_kind kind, int errnum, const char *fmt, va_list ap)
{
	struct err *e = mem_alloc(sizeof(*e));
	e->kind = kind;
	e->errnum = errnum;
	AUTO_FREE char *text = mem_vprintf(fmt, ap);
	e->message = str_escape(text);
	return e;
}

struct err *err_new(enum err_kind kind, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct err *e = make(kind, 0, fmt, ap);
	va_end(ap);
	return e;
}

/* macOS composes some texts in one buffer for all threads; nothing else calls strerror(). */
static pthread_mutex_t strerror_mutex = PTHREAD_MUTEX_INITIALIZER;

/* The way out where nobody who knows more names one. */
static const struct {
	int errnum;
	const char *text;
} remedies[] = {
	{ENOSPC, "free some space, then run the same command again; `cooper gc` removes unused files"},
	{EDQUOT, "your quota on this file system is used up: free some space, then run the same command again"},
	{EFBIG, "a limit on the size of files holds here: `ulimit -f` shows it"},
	{ENOTDIR, "one of these folders is a file: use another path, or move that file away"},
	{ELOOP, "a symbolic link leads back to itself: remove it"},
	{EACCES, "check who owns this and who may use it, and the folders above it (`ls -ld`)"},
	{EROFS, "this file system is mounted read-only: mount it writable, or use a folder elsewhere"},
	{EMFILE, "too few files may be open at once: `ulimit -n` shows and sets the limit"},
	{EIO, "the disk may be failing: the system's log says more"},
};

static const char *remedy_of(int errnum)
{
	for (size_t i = 0; i < ARRAY_LEN(remedies); i++)
		if (remedies[i].errnum == errnum)
			return remedies[i].text;
	return NULL;
}

struct err *err_os(int errnum, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct err *e = make(ERR_OS, errnum, fmt, ap);
	va_end(ap);
	AUTO_FREE char *words = e->message;
	pthread_mutex_lock(&strerror_mutex);
	e->message = mem_printf("%s: %s", words, strerror(errnum));
	pthread_mutex_unlock(&strerror_mutex);
	e->hint = mem_strdup(remedy_of(errnum));
	return e;
}

struct err *err_wrap(struct err *take_cause, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *context = mem_vprintf(fmt, ap);
	va_end(ap);
	AUTO_FREE char *cause = take_cause->message;
	AUTO_FREE char *shown = str_escape(context);
	take_cause->message = mem_printf("%s: %s", shown, cause);
	return take_cause;
}

struct err *err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *text = mem_vprintf(fmt, ap);
	va_end(ap);
	free(e->hint);
	e->hint = str_escape(text);
	return e;
}

struct err *err_detail(struct err *e, char *take_text)
{
	free(e->detail);
	e->detail = take_text;
	return e;
}

struct err *err_log(struct err *e, const char *path)
{
	free(e->log_path);
	e->log_path = mem_strdup(path);
	return e;
}

struct err *err_free(struct err *e)
{
	if (!e)
		return NULL;
	free(e->message);
	free(e->hint);
	free(e->detail);
	free(e->log_path);
	free(e);
	return NULL;
}

bool err_is(const struct err *e, enum err_kind kind)
{
	return e && e->kind == kind;
}

bool err_no_space(const struct err *e)
{
	return e && (e->errnum == ENOSPC || e->errnum == EDQUOT || e->errnum == EFBIG);
}

struct err *err_first(struct err *take_first, struct err *take_second)
{
	if (!take_first)
		return take_second;
	err_free(take_second);
	return take_first;
}

const struct exit_meaning exit_meanings[EXIT_CODES] = {
	{EXIT_DONE, "done"},
	{EXIT_FAILED, "failed"},
	{EXIT_USAGE, "usage or bad recipe"},
	{EXIT_PENDING, "changes pending"},
	{EXIT_VERIFY, "verification failed"},
	{EXIT_BUSY, "busy"},
	{EXIT_NETWORK, "network"},
	{EXIT_NOSPACE, "no space"},
	{EXIT_GUEST, "the guest did not come up"},
	{EXIT_HUNG_UP, "hung up"},
	{EXIT_INTERRUPTED, "interrupted"},
	{EXIT_TERMINATED, "terminated"},
};

enum exit_code err_exit_code(const struct err *e)
{
	if (!e)
		return EXIT_DONE;
	if (err_no_space(e))
		return EXIT_NOSPACE;
	switch (e->kind) {
	case ERR_USAGE:
		return EXIT_USAGE;
	case ERR_BUSY:
		return EXIT_BUSY;
	case ERR_NET:
		return EXIT_NETWORK;
	case ERR_CORRUPT:
		return EXIT_VERIFY;
	case ERR_GUEST:
		return EXIT_GUEST;
	case ERR_CANCELED:
		return EXIT_INTERRUPTED;
	case ERR_ABSENT:
	case ERR_OS:
	case ERR_CHILD:
	case ERR_TIMEOUT:
		return EXIT_FAILED;
	}
	return EXIT_FAILED;
}

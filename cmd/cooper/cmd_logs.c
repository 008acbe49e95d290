/* What a machine's supervisor, and its guest's console, have written. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "base/units.h"
#include "session_machine.h"
#include "sys/file.h"

enum { CHUNK = 64 * 1024, LINE_MAX_BYTES = 64 * 1024, FOLLOW_MS = 200, LINES_MOST = 1 << 30 };

static const struct option_spec options[] = {
	{"follow", 'f', NULL, "go on as it grows, also over restarts, until interrupted"},
	{"serial", 0, NULL, "the guest's console instead of the supervisor's log"},
	{"lines", 'n', "N", "no more than the last N lines"},
	STACK_OPTIONS,
	{NULL, 0, NULL, NULL},
};

struct reader {
	const char *path;
	int fd; /* -1 = there is none yet */
	struct stat st;
	int64_t offset;
	bool escape;     /* for a terminal: what a guest writes must not drive it */
	struct str line; /* of that, what has no end yet */
};

/* A log is what a start begins anew, and what is emptied where it has grown too large. */
static struct err *reader_open(struct reader *r)
{
	bool there = false;
	TRY(file_lstat(r->path, &there, NULL));
	if (!there)
		return NULL;
	r->fd = open(r->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &r->st) != 0)
		return err_os(errno, "cannot read '%s'", r->path);
	if (!S_ISREG(r->st.st_mode))
		return err_hint(err_new(ERR_USAGE, "'%s' is no file", r->path), "remove it; the next start makes it");
	r->offset = 0;
	return NULL;
}

static void reader_done(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	str_done(&r->line);
}

/* Go to where the last @count lines begin. */
static struct err *skip_to_last(struct reader *r, int64_t count)
{
	char buffer[CHUNK];
	int64_t at = r->st.st_size, lines = 0;

	while (at > 0) {
		int64_t from = at > CHUNK ? at - CHUNK : 0;
		ssize_t n = pread(r->fd, buffer, (size_t)(at - from), (off_t)from);
		if (n != at - from)
			return err_os(n < 0 ? errno : EIO, "cannot read '%s'", r->path);
		for (int64_t i = n - 1; i >= 0; i--) {
			bool is_end = buffer[i] == '\n' && from + i + 1 < r->st.st_size;
			lines += is_end;
			if (is_end && lines == count) {
				r->offset = from + i + 1;
				return NULL;
			}
		}
		at = from;
	}
	return NULL;
}

static void put_line(struct reader *r)
{
	AUTO(str) shown = STR_INIT;
	size_t size = r->line.len;

	while (size > 0 && str_text(&r->line)[size - 1] == '\r')
		size--;
	str_add_escaped(&shown, str_text(&r->line), size);
	puts(str_text(&shown));
	str_clear(&r->line);
}

static void put(struct reader *r, const char *bytes, size_t size)
{
	if (!r->escape) {
		fwrite(bytes, 1, size, stdout);
		return;
	}
	while (size > 0) {
		const char *end = memchr(bytes, '\n', size);
		size_t n = end ? (size_t)(end - bytes) : size;
		if (n > LINE_MAX_BYTES - r->line.len)
			n = LINE_MAX_BYTES - r->line.len, end = NULL;
		str_add_mem(&r->line, bytes, n);
		if (end || r->line.len == LINE_MAX_BYTES)
			put_line(r);
		bytes += n + (end != NULL);
		size -= n + (end != NULL);
	}
}

/* All that is there now; false when nobody reads us any more. */
static struct err *put_rest(struct reader *r, bool *ret_read)
{
	char buffer[CHUNK];

	for (;;) {
		ssize_t n = pread(r->fd, buffer, sizeof(buffer), (off_t)r->offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_os(errno, "cannot read '%s'", r->path);
		put(r, buffer, (size_t)n);
		r->offset += n;
		*ret_read = !ferror(stdout) && (n > 0 || fflush(stdout) == 0);
		if (n == 0 || !*ret_read || cancel_requested())
			return NULL;
	}
}

/* Another file has the name now, or this one was emptied: what comes is new from its beginning. */
static struct err *look_again(struct reader *r)
{
	struct stat now;
	bool there = false;
	TRY(file_lstat(r->path, &there, &now));
	if (r->fd >= 0 && there && now.st_ino == r->st.st_ino && now.st_dev == r->st.st_dev) {
		if (now.st_size < r->offset)
			r->offset = 0;
		return NULL;
	}
	if (!there)
		return NULL;
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	return reader_open(r);
}

static struct err *show(struct reader *r, bool follow)
{
	bool is_read = true;
	if (r->fd >= 0)
		TRY(put_rest(r, &is_read));
	while (follow && is_read && !cancel_requested()) {
		poll(NULL, 0, FOLLOW_MS);
		TRY(look_again(r));
		if (r->fd >= 0)
			TRY(put_rest(r, &is_read));
	}
	if (r->line.len > 0)
		put_line(r);
	return NULL;
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	const char *text = call_get(call, "lines");
	bool there = false, follow = call_has(call, "follow");
	int64_t count = 0;
	if (text && !num_parse(text, 0, LINES_MOST, &count))
		return err_new(ERR_USAGE, "'%s' is not a number of lines", text);
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(dir_exists(p.machine_dir, &there));
	if (!there)
		return session_absent(&p);
	AUTO_FREE char *path =
		path_join(p.machine_dir, call_has(call, "serial") ? "log/serial.log" : "log/supervisor.log");
	AUTO(reader) r = {.path = path, .fd = -1, .escape = isatty(STDOUT_FILENO)};
	TRY(reader_open(&r));
	if (r.fd < 0 && !follow)
		return err_hint(err_new(ERR_ABSENT, "the machine '%s' has no log yet: '%s'", p.machine_name, path),
				"`cooper up` or `cooper start` starts it");
	if (r.fd >= 0 && text && count == 0)
		r.offset = r.st.st_size;
	else if (r.fd >= 0 && text)
		TRY(skip_to_last(&r, count));
	TRY(show(&r, follow));
	call->exit_code = cancel_requested() ? 128 + cancel_signal() : EXIT_DONE;
	return NULL;
}

const struct subcommand cmd_logs = {
	.name = "logs",
	.operands = "[NAME]",
	.summary = "show what the machine's supervisor, or its guest's console, has written",
	.help = "On a terminal control characters are shown as \\xNN; elsewhere every byte is as it was written.\n" NAME_HELP,
	.options = options,
	.run = run,
};

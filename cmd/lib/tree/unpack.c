#include "tree/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/units.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/tick.h"
#include "tree/unpack_entries.h"

enum { POLL_MS = 100, STALL_MS = 5 * 60 * 1000, LINE_MAX_BYTES = 64 * 1024, FIELDS = 5 };

/* A sanitizer's own address space is far above any limit that would be one. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMIT_MEMORY = 0 };
#else
enum { LIMIT_MEMORY = 1 };
#endif

/* What parent and child both know; all descriptors are opened before the fork. */
struct job {
	const char *archive;
	const char *dir;
	const struct unpack_options *options;
	struct tree_writer *writer; /* made before the fork: making a digest takes locks that a thread may hold */
	int archive_fd;
	int dir_fd;
	int64_t packed_total;
};

/* ---- the child: says one line per message, fields separated by tabs */

struct child_listener {
	struct unpack_listener base;
	int fd;
};

static void say(int fd, struct str *line)
{
	str_add_char(line, '\n');
	struct err *e = file_write_all(fd, str_text(line), line->len, "pipe");
	if (e)
		_exit(1);
	str_clear(line);
}

static void add_field(struct str *line, const char *text)
{
	str_add_char(line, '\t');
	str_add_escaped(line, text ? text : "", text ? strlen(text) : 0);
}

static void say_progress(struct unpack_listener *l, int64_t packed)
{
	AUTO(str) line = STR_INIT;

	str_addf(&line, "progress\t%lld", (long long)packed);
	say(((struct child_listener *)l)->fd, &line);
}

static void say_warning(struct unpack_listener *l, const char *text)
{
	AUTO(str) line = STR_INIT;

	str_add(&line, "warning");
	add_field(&line, text);
	say(((struct child_listener *)l)->fd, &line);
}

static void say_error(int fd, const struct err *e)
{
	AUTO(str) line = STR_INIT;
	AUTO_FREE char *text = err_text(e);
	const struct err *root = e;

	while (root->cause)
		root = root->cause;
	str_addf(&line, "error\t%d\t%d", (int)e->kind, root->errnum);
	add_field(&line, text);
	add_field(&line, err_find_hint(e));
	say(fd, &line);
}

static void say_report(int fd, const struct unpack_report *report)
{
	AUTO(str) line = STR_INIT;

	str_addf(&line, "done\t%lld\t%lld\t%lld\t%s", (long long)report->entries, (long long)report->bytes,
		 (long long)report->excluded, report->tree);
	say(fd, &line);
}

static void limit(int what, int64_t most)
{
	struct rlimit r = {(rlim_t)most, (rlim_t)most};

	setrlimit(what, &r);
}

static void confine(const struct job *job, int pipe_fd)
{
	const struct archive_limits limits = archive_limits_of(job->options->limits);
	struct sigaction action = {.sa_handler = SIG_DFL};
	const int ours[] = {pipe_fd, job->archive_fd, job->dir_fd};

	os_die_with_parent();
	sigaction(SIGPIPE, &action, NULL);            /* where the line above does nothing: die when nobody listens */
	os_close_inherited(3, ours, ARRAY_LEN(ours)); /* another thread's pipes and locks are not ours to hold */
	umask(022);
	/* so that libarchive can decode the UTF-8 names of a zip; the parent's locale stays as it is */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "en_US.UTF-8");
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, limits.file_bytes + 1);
	if (LIMIT_MEMORY)
		os_limit_memory((6LL << 30) + job->options->memory_bytes);
	os_confine_writes(job->dir);
}

static struct err *unpack_in_child(const struct job *job, int pipe_fd, struct unpack_report *ret_report)
{
	struct child_listener listener = {{say_progress, say_warning}, pipe_fd};
	struct archive_reader *r = NULL;

	TRY(archive_open_fd(job->archive_fd, job->archive, job->options->memory_bytes, &r));
	struct err *e = unpack_entries(r, job->writer, job->options, &listener.base, ret_report);
	archive_close(r);
	return e;
}

NO_RETURN static void child_main(const struct job *job, int pipe_fd)
{
	struct unpack_report report;

	confine(job, pipe_fd);
	struct err *e = unpack_in_child(job, pipe_fd, &report);
	if (e)
		say_error(pipe_fd, e);
	else
		say_report(pipe_fd, &report);
	_exit(e != NULL); /* never exit(): the parent's unwritten output is not ours */
}

/* ---- the parent */

struct conversation {
	const struct job *job;
	const char *step;
	struct sink *sink;
	struct unpack_report *report;
	struct err *failure;
	struct str text; /* what has not become a line yet */
	bool finished;   /* the child has said how it ended */
};

static int64_t number(const char *text, int64_t max)
{
	int64_t value = 0;

	return num_parse(text, 0, max, &value) ? value : 0;
}

static void hear_error(struct conversation *c, char **fields)
{
	struct err *e = err_new((enum err_kind)number(fields[1], ERR_CANCELED), "%s", fields[3]);

	e->errnum = (int)number(fields[2], 4096);
	c->failure = fields[4][0] ? err_hint(e, "%s", fields[4]) : e;
	c->finished = true;
}

static void hear_report(struct conversation *c, char **fields)
{
	c->report->entries = number(fields[1], INT64_MAX);
	c->report->bytes = number(fields[2], INT64_MAX);
	c->report->excluded = number(fields[3], INT64_MAX);
	if (digest_valid(DIGEST_SHA256, fields[4]))
		memcpy(c->report->tree, fields[4], SHA256_HEX);
	c->finished = true;
}

static void hear(struct conversation *c, char *line)
{
	char *fields[FIELDS];

	for (int i = 0; i < FIELDS; i++) {
		size_t n = strcspn(line, "\t");

		fields[i] = line;
		line += n;
		if (*line)
			*line++ = '\0';
	}
	if (c->finished)
		return;
	if (streq(fields[0], "progress"))
		event_progress(c->sink, c->step, number(fields[1], INT64_MAX), c->job->packed_total, "B");
	else if (streq(fields[0], "warning"))
		event_warn(c->sink, c->step, "%s", fields[1]);
	else if (streq(fields[0], "error"))
		hear_error(c, fields);
	else if (streq(fields[0], "done"))
		hear_report(c, fields);
}

/* Take what has arrived; *ret_ended when the child has closed its end. */
static struct err *hear_some(struct conversation *c, int fd, bool *ret_ended)
{
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof(buffer));

	if (n < 0)
		return errno == EINTR ? NULL : err_os(errno, "cannot hear the unpacking child");
	*ret_ended = n == 0;
	for (ssize_t i = 0; i < n; i++) {
		if (buffer[i] == '\n') {
			hear(c, c->text.data ? c->text.data : (char[]){""});
			str_clear(&c->text);
		} else if (c->text.len < LINE_MAX_BYTES) {
			str_add_char(&c->text, buffer[i]);
		}
	}
	return NULL;
}

static struct err *listen_to(struct conversation *c, int fd)
{
	int64_t heard_ms = tick_ms();
	bool ended = false;

	while (!ended) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		TRY(cancel_check());
		if (poll(&p, 1, POLL_MS) > 0) {
			TRY(hear_some(c, fd, &ended));
			heard_ms = tick_ms();
		} else if (tick_ms() - heard_ms > STALL_MS) {
			return err_new(ERR_TIMEOUT, "no progress for %d minutes", STALL_MS / 60000);
		}
	}
	return NULL;
}

static struct err *explain_end(const struct conversation *c, int status)
{
	if (c->failure || (c->finished && c->report->tree[0]))
		return NULL;
	if (WIFSIGNALED(status))
		return err_hint(
			err_new(ERR_CORRUPT, "the unpacker was ended by signal %d", WTERMSIG(status)),
			"an archive that does this is damaged or hostile; nothing outside the folder was touched");
	return err_new(ERR_CORRUPT, "the unpacker ended without a word (status %d)",
		       WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

static struct err *converse(const struct job *job, const char *step, struct sink *sink,
			    struct unpack_report *ret_report)
{
	struct conversation c = {.job = job, .step = step, .sink = sink, .report = ret_report};
	int fds[2];
	int status = 0;

	TRY(os_pipe(fds));
	pid_t pid = fork();
	if (pid == 0)
		child_main(job, fds[1]);
	int errnum = errno;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_os(errnum, "cannot start a process");
	}
	struct err *e = listen_to(&c, fds[0]);
	if (e)
		kill(pid, SIGKILL);
	close(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	e = err_first(e, c.failure ? TAKE(c.failure) : NULL);
	e = e ? e : explain_end(&c, status);
	str_done(&c.text);
	return e;
}

static struct err *open_job(struct job *job)
{
	struct stat st;
	AUTO_CLOSE int dir = -1;

	job->archive_fd = open(job->archive, O_RDONLY | O_CLOEXEC);
	if (job->archive_fd < 0 && errno == ENOENT)
		return err_new(ERR_ABSENT, "it does not exist");
	if (job->archive_fd < 0 || fstat(job->archive_fd, &st) != 0)
		return err_os(errno, "cannot open it");
	job->packed_total = st.st_size;
	dir = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_os(errno, "cannot open the folder '%s'", job->dir);
	return tree_open_below(dir, job->options->into ? job->options->into : "", &job->dir_fd);
}

struct err *unpack_archive(const char *archive, const char *dir, const struct unpack_options *o, const char *step,
			   struct sink *sink, struct unpack_report *ret_report)
{
	struct job job = {.archive = archive, .dir = dir, .options = o, .archive_fd = -1, .dir_fd = -1};
	struct unpack_report report = {0};
	struct err *e = open_job(&job);

	if (!e) {
		job.writer = tree_writer_new(job.dir_fd, o->mtime ? o->mtime : UNPACK_MTIME);
		if (o->allow_collisions)
			tree_writer_allow_collisions(job.writer);
		e = converse(&job, step, sink, &report);
		tree_writer_free(job.writer);
	}
	if (job.archive_fd >= 0)
		close(job.archive_fd);
	if (job.dir_fd >= 0)
		close(job.dir_fd);
	if (e)
		return err_wrap(e, "cannot unpack '%s'", archive);
	if (ret_report)
		*ret_report = report;
	return NULL;
}

struct err *unpack_deb(const char *deb, const char *dir, const struct unpack_options *o, const char *step,
		       struct sink *sink, struct unpack_report *ret_report)
{
	struct unpack_options only_deb = *o;

	only_deb.only_format = "deb";
	return unpack_archive(deb, dir, &only_deb, step, sink, ret_report);
}

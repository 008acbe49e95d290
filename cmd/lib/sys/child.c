#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "base/units.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/tick.h"

#define DISK_RESERVE (INT64_C(128) << 20)
enum { TAIL_LINES = 20, LINE_MAX_BYTES = 4096, KILL_GRACE_MS = 3000, GUARD_MS = 500 };

/* What is known of a child while it runs. */
struct running {
	const struct child_spec *spec;
	pid_t pid;
	int out_fd;      /* collected stdout, -1 when not asked for */
	int log_fd;      /* output shown and logged */
	int file_fd;     /* log file, -1 = none */
	struct str *out; /* where stdout goes */
	size_t out_max;
	struct str line; /* unfinished line of the log */
	bool after_cr;
	struct strs tail; /* last lines */
	size_t shown;     /* bytes of lines so far */
	size_t passed;    /* the limit that its output went beyond; 0 = none */
	int unread;       /* errno: its output could not be read; 0 = none */
	int64_t started_ms, output_ms;
	int64_t reserve; /* bytes that a boxed one leaves free on the disk */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static const char *path_of(const char *const *env)
{
	for (; env && *env; env++)
		if (str_starts(*env, "PATH="))
			return *env + 5;
	return NULL;
}

static char *find_in(const char *name, const char *path)
{
	if (strchr(name, '/'))
		return mem_strdup(name);
	AUTO(strs) dirs = STRS_INIT;
	strs_split(&dirs, path ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", ":");
	strs_add(&dirs, "/opt/homebrew/bin"); /* which no PATH has until somebody's shell was told of it */
	for (size_t i = 0; i < dirs.count; i++) {
		AUTO_FREE char *full = path_join(dirs.items[i], name);
		if (*full != '/')
			continue; /* the current folder may be anybody's */
		if (file_offered(full) && access(full, X_OK) == 0)
			return TAKE(full);
	}
	return NULL;
}

/* Whether "NAME=VALUE" or "NAME" is about the same name as the entry @own of an environment. */
static bool is_setting_of(const char *setting, const char *own)
{
	size_t n = strcspn(setting, "=");
	return strncmp(setting, own, n) == 0 && own[n] == '=';
}

void child_env(const struct strs *settings, struct strs *ret_env)
{
	extern char **environ;

	for (char **own = environ; *own; own++) {
		bool given = false;
		for (size_t i = 0; i < settings->count; i++)
			given = given || is_setting_of(settings->items[i], *own);
		if (!given)
			strs_add(ret_env, *own);
	}
	for (size_t i = 0; i < settings->count; i++)
		if (strchr(settings->items[i], '='))
			strs_add(ret_env, settings->items[i]);
}

char *child_find(const char *name)
{
	return find_in(name, getenv("PATH"));
}

/* In our process group what ends us ends it, too, unless our caller protected both (nohup). */
static bool stays_ignored(int number)
{
	struct sigaction now;
	return (number == SIGHUP || number == SIGINT || number == SIGQUIT || number == SIGTERM) &&
	       sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* Why a program could not be run; the step is a constant or of the box, and our memory is a copy of the parent's. */
struct failure {
	int errnum;
	const char *step; /* of the box, NULL = exec itself */
};

NO_RETURN static void tell(int report, const struct failure *failure)
{
	ssize_t ignored = write(report, failure, sizeof(*failure));
	(void)ignored;
	_exit(127);
}

/* Only async-signal-safe calls from here to exec: other threads may hold any lock. */
NO_RETURN static void become(const struct child_spec *spec, const char *program, int in, int out, int err, int report,
			     const struct box_plan *box)
{
	struct failure failure = {.step = NULL};
	struct sigaction plain = {.sa_handler = SIG_DFL};
	for (int s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP && !(spec->terminal && stays_ignored(s)))
			sigaction(s, &plain, NULL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!spec->terminal)
		setpgid(0, 0);
	if (spec->die_with_parent || box)
		os_guard();
	failure.errnum = box ? os_box_enter(box, &failure.step) : 0;
	if (failure.errnum == 0)
		failure.step = NULL;
	else
		tell(report, &failure);
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 &&
	    (spec->pass_fd <= 0 || (spec->pass_fd == 3 ? fcntl(3, F_SETFD, 0) : dup2(spec->pass_fd, 3)) >= 0) &&
	    (!spec->cwd || chdir(spec->cwd) == 0)) {
		os_close_inherited(spec->pass_fd > 0 ? 4 : 3, &report, 1);
		if (spec->monitor)
			os_confine_monitor(spec->monitor);
		extern char **environ;
		char *const *env = spec->env ? (char *const *)(uintptr_t)spec->env : environ;
		execve(program, (char *const *)(uintptr_t)spec->argv, env);
	}
	failure.errnum = errno;
	tell(report, &failure);
}

static struct err *duplicate(int fd, int *ret_fd)
{
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	if (*ret_fd >= 0)
		return NULL;
	int errnum = errno == EINVAL ? EMFILE : errno; /* the limit is below 10 */
	return err_os(errnum, "cannot duplicate a descriptor");
}

/* Keep descriptors that become 0..3 out of each other's way; -1 stays -1. */
static struct err *move_high(int *fd)
{
	if (*fd < 0 || *fd > 9)
		return NULL;
	int low = *fd;
	struct err *e = duplicate(low, fd);
	close(low);
	return e;
}

static struct err *make_pipe(int fds[2])
{
	TRY(os_pipe(fds));
	return move_high(&fds[1]);
}

/* Open @path out of the way of 0..3. */
static struct err *open_high(const char *path, int flags, int *ret_fd)
{
	*ret_fd = open(path, flags | O_CLOEXEC, 0600);
	return *ret_fd < 0 ? err_os(errno, "cannot open '%s'", path) : move_high(ret_fd);
}

static struct err *explain(const struct failure *failure, const char *program)
{
	if (failure->step) {
		struct err *e =
			err_os(failure->errnum, "cannot put '%s' into its box: %s", path_base(program), failure->step);
		return err_no_space(e) ? e : err_hint(e, "`cooper doctor` says what this host allows");
	}
	return failure->errnum == ENOENT && access(program, F_OK) != 0
		       ? err_new(ERR_ABSENT, "program '%s' does not exist", program)
		       : err_os(failure->errnum, "cannot run '%s'", program);
}

/* Fork and exec with the given descriptors; the exec error comes back over a cloexec pipe. */
static struct err *spawn(const struct child_spec *spec, int in, int out, int err, pid_t *ret_pid)
{
	const char *path = spec->env ? path_of(spec->env) : getenv("PATH");
	AUTO_FREE char *found = find_in(spec->argv[0], path);
	if (!found)
		return err_hint(err_new(ERR_ABSENT, "program '%s' is not installed", spec->argv[0]),
				"install it, or see `cooper plan` for the host packages that are needed");
	AUTO_FREE char *program = os_program(found);
	int report[2] = {-1, -1};
	struct box_plan *box = NULL;
	struct err *e = spec->box ? os_box_prepare(spec->box, &box) : NULL;
	if (!e)
		e = make_pipe(report);
	pid_t pid = e ? -1 : fork();
	if (pid == 0)
		become(spec, program, in, out, err, report[1], box);
	if (!e && pid < 0)
		e = err_os(errno, "cannot start '%s'", spec->argv[0]);
	close_fd(&report[1]);
	struct failure reported = {.step = NULL};
	ssize_t n = e ? 0 : fd_read(report[0], &reported, sizeof(reported));
	close_fd(&report[0]);
	if (!e && n == (ssize_t)sizeof(reported)) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		e = explain(&reported, program); /* the step may be text of the box */
	} else if (!e) {
		*ret_pid = pid;
	}
	os_box_free(box);
	return e;
}

/* To open a pipe could wait for ever. */
static struct err *open_input_file(const char *path, int *ret_fd)
{
	struct stat st;
	TRY(open_high(path, O_RDONLY | O_NONBLOCK, ret_fd));
	if (fstat(*ret_fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
		close_fd(ret_fd);
		return err_new(ERR_USAGE, "'%s' is a pipe where a file is needed", path);
	}
	fcntl(*ret_fd, F_SETFL, fcntl(*ret_fd, F_GETFL) & ~O_NONBLOCK);
	return NULL;
}

static struct err *open_input(const struct child_spec *spec, int *ret_fd)
{
	const char *text = spec->input;
	if (spec->input_fd > 0)
		return duplicate(spec->input_fd, ret_fd);
	if (!text)
		return open_input_file(spec->input_path ? spec->input_path : "/dev/null", ret_fd);
	/* An unlinked file rather than a pipe: the child may read it whenever it likes. */
	const char *own = getenv("TMPDIR");
	const char *tmp = own && *own ? own : "/tmp";
	AUTO_FREE char *name = mem_printf("%s/cooper-input-XXXXXX", tmp);
	AUTO_CLOSE int fd = mkstemp(name);
	if (fd >= 0)
		unlink(name);
	if (fd < 0 || !fd_pwrite(fd, text, strlen(text), 0))
		return err_hint(err_os(errno, "cannot write a temporary file in '%s'", tmp),
				"make room there, or set TMPDIR to another folder");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return duplicate(fd, ret_fd);
}

static void finish_line(struct running *r)
{
	const struct child_spec *spec = r->spec;
	strs_add_last(&r->tail, str_text(&r->line), TAIL_LINES);
	event_emit(spec->sink, &(struct event){.kind = EVENT_OUTPUT, .step = spec->step, .text = str_text(&r->line)});
	str_clear(&r->line);
}

static void add_log(struct running *r, const char *bytes, size_t size)
{
	if (r->file_fd >= 0) {
		ssize_t ignored = write(r->file_fd, bytes, size);
		(void)ignored; /* a full disk shows in the child's own writes */
	}
	for (size_t i = 0; i < size; i++) {
		/* a progress bar is lines that end with CR; CR LF ends one */
		bool ends = bytes[i] == '\n' ? !r->after_cr : bytes[i] == '\r';
		if (ends || r->line.len >= LINE_MAX_BYTES)
			finish_line(r);
		r->after_cr = bytes[i] == '\r';
		if (bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\0')
			str_add_char(&r->line, bytes[i]);
	}
}

/* Read what is there; closed at end of file. What could not be read is no end. */
static void drain(struct running *r, int *fd_of)
{
	char buffer[16384];
	int fd = *fd_of;
	ssize_t n = read(fd, buffer, sizeof(buffer));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0)
		r->unread = errno;
	if (n <= 0) {
		close_fd(fd_of);
		return;
	}
	r->output_ms = tick_ms();
	size_t max = fd == r->out_fd ? r->out_max : r->spec->shown_max;
	size_t size = (fd == r->out_fd ? r->out->len : r->shown) + (size_t)n;
	if (max && size > max) {
		r->passed = max;
	} else if (fd == r->out_fd) {
		str_add_mem(r->out, buffer, (size_t)n);
	} else {
		r->shown = size;
		add_log(r, buffer, (size_t)n);
	}
}

/* What nobody else should lack because of one recipe; a small disk is filled by anything. */
static int64_t reserve_on(const char *path)
{
	int64_t part = os_disk_free(path) / 20;
	return part < DISK_RESERVE ? part : DISK_RESERVE;
}

/* Whether all that it said was taken. */
static struct err *check_output(const struct running *r)
{
	if (r->passed)
		return err_new(ERR_CORRUPT, "'%s' printed more than %zu bytes", r->spec->argv[0], r->passed);
	return r->unread ? err_os(r->unread, "cannot read the output of '%s'", r->spec->argv[0]) : NULL;
}

/* Why it may not go on. */
static struct err *check_limits(const struct running *r)
{
	const struct child_spec *spec = r->spec;
	int64_t now = tick_ms();
	bool late = spec->deadline_ms && now - r->started_ms > spec->deadline_ms;
	int64_t room = spec->box ? os_disk_free(spec->box->temp) : -1;
	TRY(cancel_check());
	TRY(check_output(r));
	if (room >= 0 && room < r->reserve)
		return err_hint(
			err_os(ENOSPC, "'%s' has filled the disk of '%s'", path_base(spec->argv[0]), spec->box->temp),
			"free some space, then run the same command again");
	if (!late && (!spec->silence_ms || now - r->output_ms <= spec->silence_ms))
		return NULL;
	AUTO(str) text = STR_INIT;
	str_add_duration(&text, late ? spec->deadline_ms : spec->silence_ms);
	return err_new(ERR_TIMEOUT, "'%s' %s %s", spec->argv[0],
		       late ? "did not end within" : "has printed nothing for", str_text(&text));
}

/* waitpid() without blocking; false while nothing has changed. */
static bool poll_status(pid_t pid, int flags, int *ret_wait_status)
{
	int status = 0;
	pid_t got = waitpid(pid, &status, WNOHANG | flags);
	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	*ret_wait_status = got < 0 ? CHILD_LOST : status;
	return true;
}

/* Whether the child has ended; an error when it stands still because only the foreground may use the terminal. */
static struct err *look(const struct running *r, bool *ret_ended, int *ret_wait_status)
{
	if (!poll_status(r->pid, WUNTRACED, ret_wait_status))
		return NULL;
	*ret_ended = *ret_wait_status == CHILD_LOST || !WIFSTOPPED(*ret_wait_status);
	if (*ret_ended || r->spec->terminal ||
	    (WSTOPSIG(*ret_wait_status) != SIGTTIN && WSTOPSIG(*ret_wait_status) != SIGTTOU))
		return NULL;
	return err_hint(err_new(ERR_CHILD, "'%s' was stopped: it tried to use the terminal", r->spec->argv[0]),
			"it asks for input, such as a password: configure it not to ask");
}

/* Pump output until the child has ended; kill it when it may not go on. */
static struct err *pump(struct running *r, int *ret_wait_status)
{
	bool ended = false;
	r->reserve = r->spec->box ? reserve_on(r->spec->box->temp) : 0;
	r->started_ms = r->output_ms = tick_ms();
	while (!ended || r->out_fd >= 0 || r->log_fd >= 0) {
		struct pollfd fds[2] = {{r->out_fd, POLLIN, 0}, {r->log_fd, POLLIN, 0}};
		bool closed = r->out_fd < 0 && r->log_fd < 0; /* it is about to end */
		int ready = poll(fds, 2, ended ? 0 : closed ? 1 : 50);
		bool idle = ready <= 0;
		if (ready > 0 && fds[0].revents)
			drain(r, &r->out_fd);
		if (ready > 0 && fds[1].revents)
			drain(r, &r->log_fd);
		if (ended && idle)
			break; /* a grandchild keeps the pipe open: what it says later is not ours */
		struct err *e = ended ? NULL : look(r, &ended, ret_wait_status);
		if (ended)
			continue;
		if (!e)
			e = check_limits(r);
		if (e) {
			child_stop(r->pid, KILL_GRACE_MS);
			return e;
		}
	}
	if (r->line.len)
		finish_line(r);
	return NULL;
}

static struct err *judge(struct running *r, int status, int *ret_status)
{
	struct err *e = NULL;
	if (status == CHILD_LOST)
		e = err_os(ECHILD, "cannot learn how '%s' ended", r->spec->argv[0]);
	else if (WIFSIGNALED(status))
		e = err_new(ERR_CHILD, "'%s' was ended by signal %d", r->spec->argv[0], WTERMSIG(status));
	else if (ret_status)
		*ret_status = WEXITSTATUS(status);
	else if (WEXITSTATUS(status) != 0)
		e = err_new(ERR_CHILD, "'%s' failed with exit status %d", r->spec->argv[0], WEXITSTATUS(status));
	return e ? e : check_output(r);
}

static struct err *with_tail(struct running *r, struct err *e)
{
	if (!e)
		return NULL;
	if (r->spec->log_path)
		e = err_log(e, r->spec->log_path);
	if (!r->tail.count)
		return e;
	e = err_detail(e, strs_join(&r->tail, "\n"));
	if (e->kind != ERR_CHILD || !strstr(e->detail, "No space left on device"))
		return e;
	e->errnum = ENOSPC; /* it says so itself: the remedy is another than for what failed of its own */
	return err_hint(e, "the disk is full: make room (`cooper gc` lists what is in nobody's use), then run the same "
			   "command again");
}

static struct err *start_piped(struct running *r, bool collect)
{
	int in = -1, out[2] = {-1, -1}, log[2] = {-1, -1};
	struct err *e = open_input(r->spec, &in);
	if (!e)
		e = make_pipe(log);
	if (!e && collect)
		e = make_pipe(out);
	if (!e)
		e = spawn(r->spec, in, collect ? out[1] : log[1], log[1], &r->pid);
	close_fd(&in);
	close_fd(&log[1]);
	close_fd(&out[1]);
	r->log_fd = log[0];
	r->out_fd = out[0];
	return e;
}

static struct err *run(const struct child_spec *spec, size_t max, struct str *out, int *ret_status)
{
	struct running r = {.spec = spec, .out_fd = -1, .log_fd = -1, .file_fd = -1, .out = out, .out_max = max};
	if (spec->log_path) {
		r.file_fd = open(spec->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (r.file_fd < 0)
			return err_os(errno, "cannot open the log '%s'", spec->log_path);
	}
	int status = 0;
	struct err *e = start_piped(&r, out != NULL);
	if (!e)
		e = pump(&r, &status);
	if (!e)
		e = judge(&r, status, ret_status);
	e = with_tail(&r, e);
	close_fd(&r.out_fd);
	close_fd(&r.log_fd);
	close_fd(&r.file_fd);
	str_done(&r.line);
	strs_done(&r.tail);
	return e;
}

struct err *child_run(const struct child_spec *spec)
{
	return run(spec, 0, NULL, NULL);
}

struct err *child_output(const struct child_spec *spec, size_t max, struct str *out)
{
	return run(spec, max, out, NULL);
}

struct err *child_status(const struct child_spec *spec, size_t max, struct str *out, int *ret_status)
{
	return run(spec, max, out, ret_status);
}

struct err *child_start(const struct child_spec *spec, pid_t *ret_pid)
{
	int in = -1, out = -1;
	TRY(open_high("/dev/null", O_RDONLY, &in));
	struct err *e = open_high(spec->log_path ? spec->log_path : "/dev/null", O_WRONLY | O_CREAT | O_APPEND, &out);
	if (!e)
		e = spawn(spec, in, out, out, ret_pid);
	close_fd(&in);
	close_fd(&out);
	return e;
}

bool child_poll(pid_t pid, int *ret_wait_status)
{
	int status = 0;
	return poll_status(pid, 0, ret_wait_status ? ret_wait_status : &status);
}

static void send_signal(pid_t pid, int number)
{
	kill(-pid, number);
	kill(pid, number);
}

static bool wait_until(pid_t pid, int64_t until)
{
	bool ended;
	while (!(ended = child_poll(pid, NULL)) && tick_ms() < until)
		tick_sleep_ms(10);
	return ended;
}

void child_stop(pid_t pid, int64_t grace_ms)
{
	send_signal(pid, SIGTERM);
	send_signal(pid, SIGCONT); /* a stopped one takes no signal */
	if (wait_until(pid, tick_ms() + grace_ms)) {
		kill(-pid, SIGKILL); /* grandchildren that outlived it */
		return;
	}
	kill(pid, SIGUSR1); /* a guard: kills all that it guards, which only it can find, and ends */
	bool ended = wait_until(pid, tick_ms() + GUARD_MS);
	kill(-pid, SIGKILL);
	if (ended)
		return;
	kill(pid, SIGKILL);
	wait_until(pid, tick_ms() + KILL_GRACE_MS); /* root's (sudo), or stuck in the kernel: we do not wait for ever */
}

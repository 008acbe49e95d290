#include "machine/control.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "base/units.h"
#include "machine/paths.h"
#include "machine/power.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/sock.h"
#include "sys/tick.h"

enum {
	LINE_MAX_BYTES = 256 * 1024,
	ANSWER_MS = 3000,
	APPEAR_MS = 5000, /* from the lock to the control socket */
	LOG_MAX = 1024 * 1024,
	LOG_TAIL = 2000,
	TERM_MS = 10 * 1000,
};

static const char *const kind_names[] = {
	[ERR_USAGE] = "usage",     [ERR_ABSENT] = "absent",     [ERR_BUSY] = "busy",   [ERR_OS] = "os",
	[ERR_NET] = "net",         [ERR_CORRUPT] = "corrupt",   [ERR_CHILD] = "child", [ERR_GUEST] = "guest",
	[ERR_TIMEOUT] = "timeout", [ERR_CANCELED] = "canceled",
};

char *control_failure_line(const struct err *e)
{
	AUTO_JSON *line = js_object();

	js_set_text(line, "event", "failed");
	js_set_text(line, "kind", kind_names[e->kind]);
	js_set_int(line, "errnum", e->errnum);
	js_set_text(line, "message", e->message);
	js_set_text(line, "hint", e->hint);
	js_set_text(line, "detail", e->detail);
	js_set_text(line, "log", e->log_path);
	return js_line(line);
}

/* The error of such a line. */
static struct err *failure_of(const struct json *line)
{
	const char *kind = js_get_text(line, "kind");
	const char *message = js_get_text(line, "message");
	const char *hint = js_get_text(line, "hint");
	const char *detail = js_get_text(line, "detail");
	const char *log = js_get_text(line, "log");
	enum err_kind found = ERR_GUEST;

	for (size_t i = 0; i < ARRAY_LEN(kind_names); i++)
		if (streq(kind_names[i], kind))
			found = (enum err_kind)i;
	struct err *e = err_new(found, "%s", message ? message : "the machine did not come up");
	e->errnum = (int)js_get_int(line, "errnum", 0);
	if (hint)
		e = err_hint(e, "%s", hint);
	if (detail)
		e = err_detail(e, mem_strdup(detail));
	return log ? err_log(e, log) : e;
}

static void fill_status(const struct json *line, struct machine_status *status)
{
	const char *phase = js_get_text(line, "phase");
	const char *accel = js_get_text(line, "accel");
	const char *api = js_get_text(line, "api");

	status->ready = js_get_bool(line, "ready", false);
	status->pid = (int)js_get_int(line, "pid", 0);
	status->qemu_pid = (int)js_get_int(line, "qemu_pid", 0);
	status->ssh_port = (int)js_get_int(line, "ssh_port", 0);
	status->generation = (int)js_get_int(line, "generation", 0);
	status->uptime_ms = js_get_int(line, "uptime_ms", 0);
	snprintf(status->phase, sizeof(status->phase), "%s", phase ? phase : "");
	snprintf(status->accel, sizeof(status->accel), "%s", accel ? accel : "");
	snprintf(status->api, sizeof(status->api), "%s", api ? api : "");
}

bool machine_running(const char *machine_dir, char **ret_holder)
{
	AUTO_FREE char *lock = path_join(machine_dir, "lock");
	return lock_held(lock, ret_holder);
}

/* Connect to a supervisor that holds the lock; it may need a moment to listen. ABSENT when it has gone. */
static struct err *call(const char *machine_dir, const char *what, int64_t timeout_ms, int *ret_fd)
{
	AUTO_FREE char *path = path_join(machine_dir, "ctl.sock");
	AUTO_FREE char *request = mem_printf("{\"do\":\"%s\"}\n", what);
	int64_t until = tick_ms() + timeout_ms;
	int fd = -1;

	for (;;) {
		struct err *e = sock_connect(path, &fd);
		if (!e)
			break;
		if (!err_is(e, ERR_ABSENT) || tick_ms() >= until || !machine_running(machine_dir, NULL))
			return e;
		err_free(e);
		tick_sleep_ms(20);
	}
	struct err *e = file_write_all(fd, request, strlen(request), path);
	if (e) {
		close(fd);
		return e;
	}
	*ret_fd = fd;
	return NULL;
}

struct err *machine_status(const char *machine_dir, struct machine_status *ret_status)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *text = NULL;
	AUTO_JSON *line = NULL;

	*ret_status = (struct machine_status){.running = machine_running(machine_dir, NULL)};
	if (!ret_status->running)
		return NULL;
	/* a supervisor that does not answer is running all the same */
	struct err *e = call(machine_dir, "status", /* timeout_ms= */ 500, &fd);
	if (!e)
		e = sock_read_line(fd, LINE_MAX_BYTES, tick_ms() + ANSWER_MS, &text);
	if (!e && text)
		e = js_parse(text, strlen(text), "the supervisor's answer", &line);
	if (!e)
		fill_status(line, ret_status);
	if (err_is(e, ERR_CANCELED))
		return e;
	err_free(e);
	return NULL;
}

/* What a boot is followed by: lines from @fd until ready, failed or the end. */
static struct err *follow(const struct machine_launch *launch, int fd, int64_t until, struct machine_status *status,
			  bool *ret_ready)
{
	*ret_ready = false;
	for (;;) {
		AUTO_FREE char *text = NULL;
		AUTO_JSON *line = NULL;
		TRY(sock_read_line(fd, LINE_MAX_BYTES, until, &text));
		if (!text)
			return NULL;
		TRY(js_parse(text, strlen(text), "the supervisor's report", &line));
		const char *what = js_get_text(line, "event");
		if (streq(what, "failed"))
			return failure_of(line);
		if (streq(what, "note"))
			event_note(launch->sink, launch->step, "%s", js_get_text(line, "text"));
		if (streq(what, "warn"))
			event_warn(launch->sink, launch->step, "%s", js_get_text(line, "text"));
		if (streq(what, "phase") || streq(what, "ready"))
			event_emit(launch->sink, &(struct event){.kind = EVENT_PHASE,
								 .step = launch->step,
								 .text = js_get_text(line, "phase"),
								 .ms = js_get_int(line, "ms", 0)});
		if (streq(what, "ready")) {
			fill_status(line, status);
			status->running = status->ready = true;
			*ret_ready = true;
			return NULL;
		}
	}
}

/* The last bytes of the supervisor's own log, for a supervisor that ended without a word. */
static struct err *died(const struct machine_launch *launch, const char *log, int wait_status)
{
	struct err *e;

	if (WIFSIGNALED(wait_status))
		e = err_new(ERR_CHILD, "the supervisor of machine '%s' was ended by signal %d", launch->name,
			    WTERMSIG(wait_status));
	else
		e = err_new(ERR_CHILD, "the supervisor of machine '%s' ended without a message (exit status %d)",
			    launch->name, WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1);
	int64_t size = file_size(log);
	AUTO_FREE char *text = log_tail(log, size > LOG_TAIL ? size - LOG_TAIL : 0, SIZE_MAX);
	if (*text)
		e = err_detail(e, TAKE(text));
	return err_log(e, log);
}

static struct err *make_log(const char *machine_dir, char **ret_path)
{
	AUTO_FREE char *dir = path_join(machine_dir, "log");
	AUTO_FREE char *path = path_join(dir, "supervisor.log");
	AUTO_FREE char *old = mem_printf("%s.1", path);

	TRY(dir_make(dir, 0700));
	if (file_size(path) > LOG_MAX)
		TRY(file_rename(path, old));
	*ret_path = TAKE(path);
	return NULL;
}

/* Wait for our child; a supervisor that has closed its report is about to end. */
static int reap(pid_t pid, int64_t timeout_ms)
{
	int64_t until = tick_ms() + timeout_ms;
	int status = 0;

	while (!child_poll(pid, &status)) {
		if (tick_ms() >= until) {
			child_stop(pid, TERM_MS);
			return SIGTERM;
		}
		tick_sleep_ms(10);
	}
	return status;
}

static struct err *spawn(const struct machine_launch *launch, int64_t until, struct machine_status *status)
{
	AUTO(strs) argv = STRS_INIT;
	AUTO_FREE char *log = NULL;
	bool ready = false;
	int report[2];
	pid_t pid = 0;

	TRY(make_log(launch->machine_dir, &log));
	strs_add_all(&argv, launch->argv);
	strs_add(&argv, MACHINE_REPORT_OPTION);
	TRY(os_pipe(report));
	struct child_spec spec = {.argv = (const char *const *)argv.items, .log_path = log, .pass_fd = report[1]};
	struct err *e = child_start(&spec, &pid);
	close(report[1]);
	if (!e)
		e = follow(launch, report[0], until, status, &ready);
	close(report[0]);
	if (pid == 0)
		return e;
	if (!e && ready)
		return NULL;
	if (err_is(e, ERR_CANCELED))
		return e;
	/* our own deadline, or a report that we cannot read: the supervisor has to go; else it is going */
	bool told = e && !err_is(e, ERR_TIMEOUT) && !err_is(e, ERR_CORRUPT);
	int wait_status = reap(pid, told || !e ? TERM_MS : 0);
	return e ? e : died(launch, log, wait_status);
}

struct err *machine_start(const struct machine_launch *launch, struct machine_status *ret_status)
{
	int64_t until = launch->deadline_ms ? tick_ms() + launch->deadline_ms : 0;
	struct err *e = NULL;

	*ret_status = (struct machine_status){.running = false};
	/* one that is just going away lets us start our own; one that came in between is joined */
	for (int tries = 0; tries < 5; tries++) {
		err_free(e);
		e = NULL;
		if (!machine_running(launch->machine_dir, NULL)) {
			e = spawn(launch, until, ret_status);
			if (!err_is(e, ERR_BUSY) || !machine_running(launch->machine_dir, NULL))
				return e;
			continue;
		}
		AUTO_CLOSE int fd = -1;
		bool ready = false;
		e = call(launch->machine_dir, "wait", APPEAR_MS, &fd);
		if (!e)
			e = follow(launch, fd, until, ret_status, &ready);
		if ((!e && ready) || (e && !err_is(e, ERR_ABSENT)))
			return e;
		tick_sleep_ms(200);
	}
	err_free(e);
	return err_hint(err_new(ERR_BUSY,
				"the machine '%s' keeps starting and stopping: another cooper process is using it",
				launch->name),
			"wait for the other command to end, then try again");
}

/* "pid 123: ..." of a lock that is held: that process is alive and is the supervisor. */
static pid_t holder_pid(const char *machine_dir)
{
	AUTO_FREE char *holder = NULL;
	int64_t pid = 0;

	if (!machine_running(machine_dir, &holder) || !str_starts(holder, "pid "))
		return 0;
	holder[4 + strcspn(holder + 4, ":")] = '\0';
	return num_parse(holder + 4, 2, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

static bool wait_gone(const char *machine_dir, int64_t timeout_ms)
{
	int64_t until = tick_ms() + timeout_ms;

	while (machine_running(machine_dir, NULL)) {
		if (tick_ms() >= until)
			return false;
		tick_sleep_ms(50);
	}
	return true;
}

/* A supervisor that was killed leaves a socket that nobody answers; a starting one has the lock before it has its own.
 */
static void forget_api(const char *machine_dir)
{
	const struct machine_spec spec = {.dir = (char *)(uintptr_t)machine_dir};
	AUTO_FREE char *api = machine_path(&spec, MACHINE_API_SOCKET);
	AUTO_FREE char *lock = path_join(machine_dir, "lock");
	AUTO_CLOSE int fd = -1;

	if (!file_exists(api))
		return;
	struct err *e = lock_try(lock, "cooper stop", &fd);
	if (!e)
		e = file_remove(api);
	err_free(e);
}

struct err *machine_stop(const char *machine_dir, int64_t timeout_ms, bool *ret_was_running)
{
	AUTO_CLOSE int fd = -1;
	bool running = machine_running(machine_dir, NULL);

	if (ret_was_running)
		*ret_was_running = running;
	if (!running) {
		forget_api(machine_dir);
		return NULL;
	}
	struct err *e = call(machine_dir, "stop", APPEAR_MS, &fd);
	bool asked = !e;
	err_free(e);
	if (asked && wait_gone(machine_dir, timeout_ms))
		return NULL;
	static const int signals[] = {SIGTERM, SIGKILL};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		pid_t pid = holder_pid(machine_dir);
		if (pid > 0)
			kill(pid, signals[i]);
		if (wait_gone(machine_dir, TERM_MS))
			return NULL;
	}
	return err_hint(err_new(ERR_TIMEOUT, "the machine '%s' does not stop", path_base(machine_dir)),
			"see log/supervisor.log in '%s'", machine_dir);
}

#include "machine/control.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "machine/paths.h"
#include "machine/power.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/sock.h"
#include "sys/tick.h"

enum {
	LOG_MAX = 1024 * 1024,
	LOG_TAIL = 2000,
	TOLD_MAX = 1000,
	TERM_MS = 10 * 1000,
};

/* A supervisor is another process: what it says is shown escaped, and not at any length. */
static void tell(const struct machine_launch *launch, enum event_kind kind, const struct json *line, const char *key)
{
	const char *said = js_get_text(line, key);
	AUTO_FREE char *some = mem_strndup(said ? said : "", said ? strnlen(said, TOLD_MAX) : 0);
	AUTO_FREE char *text = str_escape(some);

	event_emit(launch->sink,
		   &(struct event){.kind = kind, .step = launch->step, .text = text, .ms = js_get_int(line, "ms", 0)});
}

/* What a boot is followed by: lines from @fd until ready, failed or the end. */
static struct err *follow(const struct machine_launch *launch, int fd, int64_t until, struct machine_status *status,
			  bool *ret_ready)
{
	*ret_ready = false;
	for (;;) {
		AUTO_FREE char *text = NULL;
		AUTO_JSON *line = NULL;
		TRY(sock_read_line(fd, CALL_LINE_MAX, until, &text));
		if (!text)
			return NULL;
		TRY(js_parse(text, strlen(text), "the supervisor's report", &line));
		const char *what = js_get_text(line, "event");
		if (streq(what, "failed"))
			return call_failure(line);
		if (streq(what, "note"))
			tell(launch, EVENT_NOTE, line, "text");
		if (streq(what, "warn"))
			tell(launch, EVENT_WARN, line, "text");
		if (streq(what, "phase") || streq(what, "ready"))
			tell(launch, EVENT_PHASE, line, "phase");
		if (streq(what, "ready")) {
			status_fill(line, status);
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
	int64_t size = 0;
	err_free(file_size(log, &size)); /* without it there is less to show */
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
	int64_t size = 0;
	TRY(file_size(path, &size));
	if (size > LOG_MAX)
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
		bool running = false;
		TRY(machine_running(launch->machine_dir, &running, NULL));
		if (!running) {
			e = spawn(launch, until, ret_status);
			if (err_is(e, ERR_BUSY))
				e = err_first(machine_running(launch->machine_dir, &running, NULL), e);
			if (!running)
				return e;
			continue;
		}
		AUTO_CLOSE int fd = -1;
		bool ready = false;
		e = call_open(launch->machine_dir, "wait", CALL_APPEAR_MS, &fd);
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

static struct err *wait_gone(const char *machine_dir, int64_t timeout_ms, bool *ret_gone)
{
	int64_t until = tick_ms() + timeout_ms;
	bool running = true;

	for (;;) {
		TRY(machine_running(machine_dir, &running, NULL));
		*ret_gone = !running;
		if (!running || tick_ms() >= until)
			return NULL;
		tick_sleep_ms(50);
	}
}

static void remove_left(const struct machine_spec *spec, enum machine_file file)
{
	AUTO_FREE char *path = machine_path(spec, file);
	AUTO_FREE char *lock = path_join(spec->dir, "lock");
	AUTO_CLOSE int fd = -1;

	bool there = false;

	struct err *e = file_exists(path, &there);
	if (!e && there)
		e = lock_try(lock, "cooper stop", &fd);
	if (!e && there)
		e = file_remove(path);
	err_free(e);
}

/* A supervisor that was killed leaves sockets that nobody answers; a starting one has the lock before it has its own.
 */
static void forget_apis(const char *machine_dir)
{
	const struct machine_spec spec = {.dir = (char *)(uintptr_t)machine_dir};

	remove_left(&spec, MACHINE_API_SOCKET);
	remove_left(&spec, MACHINE_ROOT_SOCKET);
}

struct err *machine_stop(const char *machine_dir, int64_t timeout_ms, bool *ret_was_running)
{
	AUTO_JSON *answer = NULL;
	bool running = false, gone = false;

	TRY(machine_running(machine_dir, &running, NULL));
	if (ret_was_running)
		*ret_was_running = running;
	if (!running) {
		forget_apis(machine_dir);
		return NULL;
	}
	struct err *e = call_ask(machine_dir, "stop", &answer);
	bool asked = !e;
	err_free(e);
	if (asked)
		TRY(wait_gone(machine_dir, timeout_ms, &gone));
	if (gone)
		return NULL;
	static const int signals[] = {SIGTERM, SIGKILL};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		pid_t pid = machine_holder(machine_dir);
		if (pid > 0)
			kill(pid, signals[i]);
		if (pid > 0)
			kill(pid, SIGCONT); /* one that somebody has stopped cannot end */
		TRY(wait_gone(machine_dir, asked ? TERM_MS : timeout_ms, &gone));
		if (gone)
			return NULL;
	}
	return err_hint(err_new(ERR_TIMEOUT, "the machine '%s' does not stop", path_base(machine_dir)),
			"see log/supervisor.log in '%s'", machine_dir);
}

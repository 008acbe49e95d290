#include "machine/call.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "base/units.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/sock.h"
#include "sys/tick.h"

enum { TEXT_MAX = 4096 };

static const char *const kind_names[] = {
	[ERR_USAGE] = "usage",     [ERR_ABSENT] = "absent",     [ERR_BUSY] = "busy",   [ERR_OS] = "os",
	[ERR_NET] = "net",         [ERR_CORRUPT] = "corrupt",   [ERR_CHILD] = "child", [ERR_GUEST] = "guest",
	[ERR_TIMEOUT] = "timeout", [ERR_CANCELED] = "canceled",
};

char *call_failure_line(const struct err *e)
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

char *call_outcome_line(struct err *take_e, const char *done)
{
	char *line = take_e ? call_failure_line(take_e) : mem_printf("{\"event\":\"%s\"}", done);

	err_free(take_e);
	return line;
}

struct err *call_failure(const struct json *line)
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
	struct err *e = err_new(found, "%.*s", TEXT_MAX, message ? message : "the machine did not come up");
	e->errnum = (int)js_get_int(line, "errnum", 0);
	if (hint)
		e = err_hint(e, "%.*s", TEXT_MAX, hint);
	if (detail)
		e = err_detail(e, mem_strndup(detail, strnlen(detail, TEXT_MAX)));
	AUTO_FREE char *shown = log ? mem_strndup(log, strnlen(log, TEXT_MAX)) : NULL;
	AUTO_FREE char *path = shown ? str_escape(shown) : NULL;
	return path ? err_log(e, path) : e;
}

struct err *machine_running(const char *machine_dir, bool *ret_running, char **ret_holder)
{
	AUTO_FREE char *lock = path_join(machine_dir, "lock");
	return lock_held(lock, ret_running, ret_holder);
}

static struct err *open_with(const char *machine_dir, const char *request, int64_t timeout_ms, int *ret_fd)
{
	AUTO_FREE char *path = path_join(machine_dir, "ctl.sock");
	AUTO_FREE char *line = mem_printf("%s\n", request);
	int64_t until = tick_ms() + timeout_ms;
	int fd = -1;

	for (;;) {
		struct err *e = sock_connect(path, &fd);
		if (!e)
			break;
		bool running = false;
		if (err_is(e, ERR_ABSENT) && tick_ms() < until)
			e = err_first(machine_running(machine_dir, &running, NULL), e);
		if (!running)
			return e;
		err_free(e);
		tick_sleep_ms(20);
	}
	struct err *e = file_write_all(fd, line, strlen(line), path);
	if (e) {
		close(fd);
		if (e->errnum != EPIPE && e->errnum != ECONNRESET)
			return e;
		err_free(e); /* it ended between our two calls */
		return err_new(ERR_ABSENT, "the supervisor of machine '%s' hung up", path_base(machine_dir));
	}
	*ret_fd = fd;
	return NULL;
}

/* A request of one word. */
static struct json *request_of(const char *what)
{
	struct json *request = js_object();

	js_set_text(request, "do", what);
	return request;
}

struct err *call_open(const char *machine_dir, const char *what, int64_t timeout_ms, int *ret_fd)
{
	AUTO_JSON *request = request_of(what);
	AUTO_FREE char *line = js_line(request);

	return open_with(machine_dir, line, timeout_ms, ret_fd);
}

struct err *machine_check_stopped(const char *machine_dir)
{
	AUTO_FREE char *holder = NULL;
	bool running = false;

	TRY(machine_running(machine_dir, &running, &holder));
	if (!running)
		return NULL;
	return err_hint(err_new(ERR_BUSY, "the machine '%s' is running (%s)", path_base(machine_dir), holder),
			"stop it first: `cooper stop %s`", path_base(machine_dir));
}

pid_t machine_holder(const char *machine_dir)
{
	AUTO_FREE char *holder = NULL;
	bool running = false;
	int64_t pid = 0;

	err_free(machine_running(machine_dir, &running, &holder));
	if (!running || !str_starts(holder, "pid "))
		return 0;
	holder[4 + strcspn(holder + 4, ":")] = '\0';
	return num_parse(holder + 4, 2, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

/* Who holds the lock and says nothing, or nonsense, is told by its number: whoever it is, `cooper stop` ends it. */
static struct err *mute(const char *machine_dir, struct err *take_e)
{
	struct err *e = err_wrap(take_e, "the supervisor of machine '%s' (process %d) does not answer as it should",
				 path_base(machine_dir), (int)machine_holder(machine_dir));
	return err_hint(e, "`cooper stop` ends it, then `cooper start`; what it said is in '%s/log/supervisor.log'",
			machine_dir);
}

struct err *call_ask(const char *machine_dir, const char *what, struct json **ret_answer)
{
	AUTO_JSON *request = request_of(what);

	return call_tell(machine_dir, request, CALL_ANSWER_MS, ret_answer);
}

struct err *call_tell(const char *machine_dir, const struct json *request, int64_t timeout_ms,
		      struct json **ret_answer)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *asked = js_line(request);
	AUTO_JSON *line = NULL;

	struct err *e = open_with(machine_dir, asked, CALL_APPEAR_MS, &fd);
	if (err_is(e, ERR_ABSENT))
		return e;
	if (!e)
		e = sock_read_line(fd, CALL_LINE_MAX, tick_ms() + timeout_ms, &text);
	if (!e && !text)
		return err_new(ERR_ABSENT, "the supervisor of machine '%s' hung up", path_base(machine_dir));
	if (!e)
		e = js_parse(text, strlen(text), "the supervisor's answer", &line);
	if (!e && !js_is_object(line))
		e = err_new(ERR_CORRUPT, "its answer is no object");
	if (e)
		return err_is(e, ERR_CANCELED) ? e : mute(machine_dir, e);
	if (streq(js_get_text(line, "event"), "failed"))
		return call_failure(line);
	if (streq(js_get_text(line, "event"), "refused"))
		return err_hint(err_new(ERR_GUEST, "machine '%s' was started by another version of cooper, which cannot do that",
					path_base(machine_dir)),
				"`cooper restart`, then the same command again");
	*ret_answer = TAKE(line);
	return NULL;
}

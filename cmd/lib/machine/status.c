#include "machine/status.h"

#include <stdio.h>

#include "base/path.h"
#include "base/str.h"
#include "base/units.h"
#include "machine/accel.h"
#include "machine/call.h"
#include "machine/ssh_files.h"
#include "sys/tick.h"

enum { ASK_MS = 5 * 1000, ASK_EMULATED_MS = 15 * 1000, ENDING_MS = 2 * 1000 };

/* How a pause is called in a line. */
static const char *const pause_names[] = {
	[VMM_GOES_ON] = "no",        [VMM_DISK_FULL] = "disk-full", [VMM_DISK_FAILED] = "disk-failed",
	[VMM_PANICKED] = "panicked", [VMM_ASLEEP] = "asleep",       [VMM_PAUSED] = "paused",
};

void status_add(struct json *line, enum vmm_pause pause, const char *trouble, const char *console)
{
	js_set_text(line, "pause", pause_names[pause]);
	if (*trouble)
		js_set_text(line, "trouble", trouble);
	if (*console)
		js_set_text(line, "console", console);
}

static void copy_text(const struct json *line, const char *key, char *to, size_t size)
{
	const char *text = js_get_text(line, key);
	AUTO_FREE char *shown = str_escape(text ? text : "");

	snprintf(to, size, "%s", shown);
}

void status_fill(const struct json *line, struct machine_status *status)
{
	const char *pause = js_get_text(line, "pause");

	status->pid = (int)js_get_int(line, "pid", 0);
	status->qemu_pid = (int)js_get_int(line, "qemu_pid", 0);
	status->ssh_port = (int)js_get_int(line, "ssh_port", 0);
	status->generation = (int)js_get_int(line, "generation", 0);
	status->uptime_ms = js_get_int(line, "uptime_ms", 0);
	for (size_t i = 0; i < ARRAY_LEN(pause_names); i++)
		if (streq(pause, pause_names[i]))
			status->pause = (enum vmm_pause)i;
	status->ready = js_get_bool(line, "ready", false) && status->pause == VMM_GOES_ON;
	copy_text(line, "phase", status->phase, sizeof(status->phase));
	copy_text(line, "accel", status->accel, sizeof(status->accel));
	copy_text(line, "trouble", status->trouble, sizeof(status->trouble));
	copy_text(line, "console", status->console, sizeof(status->console));
	copy_text(line, "api", status->api, sizeof(status->api));
	copy_text(line, "root_api", status->root_api, sizeof(status->root_api));
}

/* One that is about to end has closed its socket and has its lock for a moment more: that moment is waited for. */
static struct err *ask(const char *machine_dir, bool *ret_running, struct json **ret_line)
{
	int64_t until = tick_ms() + ENDING_MS;

	for (;;) {
		struct err *e = call_ask(machine_dir, "status", ret_line);
		if (!err_is(e, ERR_ABSENT))
			return e;
		struct err *unseen = machine_running(machine_dir, ret_running, NULL);
		if (unseen || !*ret_running) {
			err_free(e);
			return unseen;
		}
		if (tick_ms() >= until)
			return e;
		err_free(e);
		tick_sleep_ms(50);
	}
}

static struct err *nonsense(const char *machine_dir)
{
	return err_hint(err_new(ERR_CORRUPT, "the supervisor of machine '%s' (process %d) speaks nonsense",
				path_base(machine_dir), (int)machine_holder(machine_dir)),
			"`cooper stop` ends it, then `cooper start`");
}

/* Only what it says it has done is done. */
static struct err *check_done(const char *machine_dir, const struct json *line, const char *event)
{
	return streq(js_get_text(line, "event"), event) ? NULL : nonsense(machine_dir);
}

struct err *machine_status(const char *machine_dir, struct machine_status *ret_status)
{
	AUTO_JSON *line = NULL;

	*ret_status = (struct machine_status){.running = false};
	TRY(machine_running(machine_dir, &ret_status->running, NULL));
	if (!ret_status->running)
		return NULL;
	struct err *e = ask(machine_dir, &ret_status->running, &line);
	if (err_is(e, ERR_ABSENT)) { /* it has the lock, and not yet its socket */
		snprintf(ret_status->phase, sizeof(ret_status->phase), "starting");
		return err_free(e);
	}
	TRY(e);
	if (!ret_status->running)
		return NULL;
	if (!js_get_text(line, "phase") || !js_get_text(line, "accel"))
		return nonsense(machine_dir);
	status_fill(line, ret_status);
	return NULL;
}

static struct err *silent(const char *name, const struct machine_status *status, int64_t waited_ms)
{
	AUTO(str) waited = STR_INIT;

	str_add_duration(&waited, waited_ms);
	struct err *e = err_new(ERR_GUEST, "the guest of machine '%s' does not answer: it was asked for %s", name,
				str_text(&waited));
	if (*status->console)
		e = err_detail(e, mem_printf("the console says: %s", status->console));
	return err_hint(e, "wait if the host is busy; else `cooper stop` (which forces it off), then `cooper start`");
}

/* It answers, and not as the guest that was made. */
static struct err *strange(const char *machine_dir, const char *name, const struct machine_status *status,
			   struct err *take_e)
{
	struct err *e = err_wrap(take_e, "the guest of machine '%s' does not answer as it should", name);

	e->kind = ERR_GUEST;
	return err_hint(
		e,
		"`cooper stop`, then `cooper start`; if it stays so, `cooper stop`, remove '%s/gen-%d', then `cooper "
		"up`: a new OS disk, with the same homes and containers",
		machine_dir, status->generation);
}

struct err *machine_answers(const char *machine_dir, const char *name, struct machine_status *status, int64_t *ret_ms)
{
	AUTO(machine_ssh) ssh = {.config = NULL};
	bool emulated = streq(status->accel, accel_words[ACCEL_TCG]);
	struct ssh_command command = {.argv = (const char *const[]){"true", NULL},
				      .deadline_ms = emulated ? ASK_EMULATED_MS : ASK_MS};
	int64_t from = tick_ms();
	AUTO(str) output = STR_INIT;

	machine_ssh_open(machine_dir, name, &ssh);
	struct err *e = ssh_run(&ssh.ssh, &command, &output, NULL);
	*ret_ms = tick_ms() - from;
	if (!e || err_is(e, ERR_CANCELED) || err_is(e, ERR_ABSENT))
		return e;
	struct err *gone = machine_status(machine_dir, status);
	if (gone || !status->ready || err_is(e, ERR_TIMEOUT)) {
		err_free(e);
		return gone || !status->ready ? gone : silent(name, status, *ret_ms);
	}
	return strange(machine_dir, name, status, e);
}

struct err *machine_ports(const char *machine_dir, struct json **ret_ports)
{
	return call_ask(machine_dir, "ports", ret_ports);
}

struct err *machine_forward(const char *machine_dir, const struct machine_spec *spec)
{
	AUTO_JSON *request = js_object();
	AUTO_JSON *line = NULL;

	js_set_text(request, "do", "forward");
	js_set(request, "ports", machine_spec_ports(spec));
	TRY(call_tell(machine_dir, request, CALL_FORWARD_MS, &line));
	return check_done(machine_dir, line, "forwarded");
}

struct err *machine_resume(const char *machine_dir)
{
	AUTO_JSON *line = NULL;

	TRY(call_ask(machine_dir, "resume", &line));
	return check_done(machine_dir, line, "resumed");
}

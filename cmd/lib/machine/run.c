#include "machine/run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/json.h"
#include "machine/accel.h"
#include "machine/call.h"
#include "machine/boot_note.h"
#include "machine/disk.h"
#include "machine/ending.h"
#include "machine/fit.h"
#include "machine/links.h"
#include "machine/paths.h"
#include "machine/pause.h"
#include "machine/power.h"
#include "machine/server.h"
#include "machine/ssh_files.h"
#include "machine/status.h"
#include "machine/vmm.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/signals.h"
#include "sys/tick.h"

enum {
	TICK_LEAST_MS = 10, /* between two looks: whoever has something to say all the time costs no more */
	TICK_BOOT_MS = 25,
	KEEP_MS = 500,
	TICK_READY_MS = 1000, /* sockets wake us; this is for the console and for signals */
	QUIT_MS = 5000,
	POWERDOWN_MS = 20 * 1000,
	POWERDOWN_MAX_MS = 90 * 1000,
	REBOOTS_MAX = 3, /* before ready; after it a guest may reboot as it likes */
	RESTARTS_MAX = 2,
	PORT_TRIES = 5,
	WORDS_LINES = 12, /* of what the monitor itself printed */
};

struct supervisor {
	struct machine_spec *spec; /* its ports may become others: stack_ports.h */
	const struct host_facts *facts;
	const struct machine_options *options;
	int lock_fd;
	struct server server;
	struct power power;
	struct links links;
	struct pause pause;
	struct json *verdicts;
	struct machine_start start;
	bool accel_known;         /* this one is known to work: no probe */
	bool may_fall_back;       /* another one is left to try */
	enum machine_phase phase; /* last told */
	int64_t power_ms;         /* when this process was started */
	int64_t boot_ms;          /* when the machine was */
	int64_t phase_ms;         /* when the phase was reached */
	int64_t kept_ms;          /* when its files were last looked at */
	bool ready;
	bool noted; /* this boot, for `up`; that a guest reboots itself is no other */
	bool stopping;
	bool busy; /* there is more to do at once */
	int reboots;
	int restarts;      /* after a failure that passes */
	int64_t looked_ms; /* the last tick */
	struct err *failure;
};

enum outcome { OUTCOME_ENDED, OUTCOME_REBOOT, OUTCOME_RESTART, OUTCOME_NO_KERNEL, OUTCOME_PORT_TAKEN, OUTCOME_FAILED };

static char *holder_text(const struct machine_spec *spec)
{
	return mem_printf("cooper machine run %s", spec->name);
}

static struct json *describe(const struct supervisor *s)
{
	struct json *line = js_object();

	const struct vmm_run *run = &s->power.run;
	pid_t monitor = run->monitor_pid ? run->monitor_pid : run->pid;

	js_set_bool(line, "ready", s->ready && run->running && !s->stopping && run->pause == VMM_GOES_ON);
	js_set_int(line, "pid", getpid());
	js_set_int(line, "qemu_pid", run->running ? monitor : 0);
	js_set_int(line, "ssh_port", s->start.ssh_port);
	js_set_int(line, "generation", generation_number(path_base(s->spec->gen_dir)));
	js_set_int(line, "uptime_ms", s->power_ms ? tick_ms() - s->power_ms : 0);
	js_set_text(line, "phase", s->stopping ? "stopping" : phase_name(s->phase));
	js_set_text(line, "accel", accel_words[s->start.accel]);
	const struct phase_failure *failure = s->ready ? phase_failure(s->power.watch) : NULL;
	status_add(line, run->pause, run->trouble, failure && failure->kind ? failure->cause : "");
	links_add(&s->links, line);
	return line;
}

static char *status_line(const void *arg)
{
	AUTO_JSON *line = describe(arg);
	return js_line(line);
}

static char *ports_line(const void *arg)
{
	const struct supervisor *s = arg;
	AUTO_JSON *line = port_table_json(&s->links.ports.table);
	return js_line(line);
}

static char *boot_line(const struct supervisor *s)
{
	AUTO_JSON *line = describe(s);

	js_set_text(line, "event", s->ready ? "ready" : "phase");
	js_set_int(line, "ms", s->boot_ms ? s->phase_ms - s->boot_ms : 0);
	return js_line(line);
}

static char *welcome_line(const void *arg)
{
	const struct supervisor *s = arg;
	return s->power_ms ? boot_line(s) : NULL;
}

static void tell_phase(struct supervisor *s, enum machine_phase phase)
{
	s->phase = phase;
	s->phase_ms = tick_ms();
	AUTO_FREE char *line = boot_line(s);
	server_tell(&s->server, line, s->ready);
	event_emit(s->options->sink, &(struct event){.kind = EVENT_PHASE,
						     .step = s->spec->name,
						     .text = phase_name(phase),
						     .ms = s->phase_ms - s->boot_ms});
}

static void tell_note(struct supervisor *s, const char *kind, const char *text)
{
	AUTO_JSON *line = js_object();

	js_set_text(line, "event", kind);
	js_set_text(line, "text", text);
	AUTO_FREE char *out = js_line(line);
	server_tell(&s->server, out, /* last= */ false);
	if (streq(kind, "warn"))
		event_warn(s->options->sink, s->spec->name, "%s", text);
	else
		event_note(s->options->sink, s->spec->name, "%s", text);
}

static void tell_warnings(struct supervisor *s, const struct strs *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		tell_note(s, "warn", warnings->items[i]);
}

/* A verdict is a cache: that it cannot be written is no reason to fail. */
static void remember(struct supervisor *s, bool works)
{
	if (s->start.accel == ACCEL_TCG)
		return;
	accel_remember(&s->verdicts, s->facts->boot_id, s->spec->qemu, s->start.accel, works);
	err_free(js_write(s->options->accel_path, s->verdicts, 0600));
}

/* Another accelerator is left to try, and this one has not shown that it works. */
static bool unproven(const struct supervisor *s)
{
	return s->may_fall_back && !s->accel_known && s->phase < PHASE_KERNEL;
}

/* A machine that stands still says so to all; while it boots that is its end. */
static void look_pause(struct supervisor *s)
{
	struct power *p = &s->power;
	enum vmm_pause before = s->pause.told;
	int64_t room = p->run.pause == VMM_DISK_FULL ? os_disk_free(s->spec->dir) : 0;

	if (pause_due(&s->pause, p->run.pause, room, tick_ms()))
		power_command(p, VMM_CONTINUE);
	if (s->pause.told == before || s->stopping)
		return;
	struct err *e = pause_error(s->spec->name, s->pause.told, p->run.trouble, s->spec->dir);
	if (e && !s->ready && s->pause.told != VMM_ASLEEP) {
		e = err_hint(e, s->pause.told == VMM_DISK_FULL
					? "make room there, then run the same command again"
					: "run the same command again; if it recurs, `accel: tcg` in the stack may help");
		s->failure = err_first(s->failure, unproven(s) ? err_free(e) : err_log(e, p->log_path));
		return;
	}
	tell_note(s, e ? "warn" : "note", e ? e->message : "the machine goes on");
	err_free(e);
}

/* For who asks: what the disk's room cannot carry is refused, with the reason. */
static struct err *resume(struct supervisor *s)
{
	struct power *p = &s->power;
	enum vmm_pause pause = p->run.pause;
	int64_t room = os_disk_free(s->spec->dir);
	bool full = pause == VMM_DISK_FULL && room >= 0 && room < PAUSE_ROOM_BYTES;

	if (pause == VMM_GOES_ON || (!full && power_command(p, VMM_CONTINUE)))
		power_look(p);
	return pause_error(s->spec->name, p->run.pause, p->run.trouble, s->spec->dir);
}

static char *resume_line(void *arg)
{
	return call_outcome_line(resume(arg), "resumed");
}

static char *forward_line(void *arg, const struct json *request)
{
	struct supervisor *s = arg;
	struct err *e = stack_ports_take(&s->links.stack_ports, s->spec, &s->power, &s->links.ports.table,
					 js_get(request, "ports"));
	return call_outcome_line(e, "forwarded");
}

/* Without its lock the machine would not count as running; without its socket nobody reaches us. */
static void keep_files(struct supervisor *s)
{
	int64_t now = tick_ms();
	AUTO_FREE char *lock = path_join(s->spec->dir, "lock");
	AUTO_FREE char *holder = holder_text(s->spec);

	if (s->stopping || now - s->kept_ms < KEEP_MS)
		return;
	s->kept_ms = now;
	bool there = true;
	err_free(dir_exists(s->spec->dir, &there));
	if (!there) {
		s->failure = err_first(s->failure,
				       err_new(ERR_ABSENT, "the folder of machine '%s' was removed", s->spec->name));
		return;
	}
	struct err *e = lock_keep(lock, holder, &s->lock_fd);
	if (err_is(e, ERR_BUSY))
		s->failure = err_first(s->failure, err_wrap(e, "the lock of machine '%s' was taken", s->spec->name));
	else
		err_free(err_first(e, server_keep(&s->server)));
}

static void look_links(struct supervisor *s)
{
	AUTO(strs) warnings = STRS_INIT;

	s->busy = links_look(&s->links, &s->power, &warnings);
	tell_warnings(s, &warnings);
}

/* Sleep until something happens, then take it in. */
static void tick(struct supervisor *s, int timeout_ms)
{
	/* once it is ready, nothing that the guest says there is of interest */
	int fds[] = {s->power.run.control_fd, s->power.run.ready ? -1 : s->power.run.ready_fd, s->links.ports.fd};

	server_wait(&s->server, fds, ARRAY_LEN(fds), s->busy ? 0 : timeout_ms);
	int64_t early_ms = s->looked_ms + TICK_LEAST_MS - tick_ms();
	if (early_ms > 0)
		server_wait(&s->server, NULL, 0, (int)early_ms);
	s->looked_ms = tick_ms();
	keep_files(s);
	power_look(&s->power);
	if (s->power.run.running)
		look_pause(s);
	if (s->power.run.ready)
		phase_advance(s->power.watch, PHASE_READY);
	s->busy = false;
	if (s->ready && !s->stopping && s->power.run.running)
		look_links(s);
	enum machine_phase reached = phase_reached(s->power.watch);
	if (reached <= s->phase)
		return;
	if (reached >= PHASE_KERNEL && !s->accel_known) {
		s->accel_known = true;
		remember(s, /* works= */ true);
	}
	if (reached == PHASE_READY && !s->ready) {
		struct err *e = generation_set_booted(s->spec->gen_dir);
		if (!e && !s->noted)
			e = boot_note_ready(s->spec, &s->start);
		s->noted = true;
		if (e) {
			s->failure = err_first(s->failure, e);
			return;
		}
		s->ready = true;
		s->start.first_boot = false;
		s->reboots = 0;
	}
	tell_phase(s, reached);
}

static bool wait_end(struct supervisor *s, int64_t ms)
{
	int64_t until = tick_ms() + ms;

	while (s->power.run.running && tick_ms() < until)
		tick(s, TICK_BOOT_MS);
	return !s->power.run.running;
}

/* A guest that is still booting does not listen to the power button. */
static void stop_monitor(struct supervisor *s)
{
	int64_t ms = accel_scale_ms(s->start.accel, POWERDOWN_MS);

	s->stopping = true;
	links_close(&s->links);
	if (s->ready && power_command(&s->power, VMM_POWER_BUTTON) &&
	    wait_end(s, ms > POWERDOWN_MAX_MS ? POWERDOWN_MAX_MS : ms))
		return;
	if (power_command(&s->power, VMM_QUIT) && wait_end(s, QUIT_MS))
		return;
	power_kill(&s->power);
}

static enum outcome fail(struct supervisor *s, struct err *take_e)
{
	s->failure = err_first(s->failure, take_e);
	return OUTCOME_FAILED;
}

static enum outcome fail_boot(struct supervisor *s)
{
	phase_expired(s->power.watch, s->start.accel);
	return fail(s, err_log(phase_error(s->power.watch, s->spec->name), s->power.serial_path));
}

/* The monitor ended by itself with an error: what it printed says why. */
static enum outcome fail_exit(struct supervisor *s, char *take_words)
{
	AUTO_FREE char *words = take_words;
	const char *monitor = s->power.vmm->name;
	int status = s->power.run.wait_status;
	struct err *e;

	if (WIFSIGNALED(status))
		e = err_new(ERR_CHILD, "%s of machine '%s' was ended by signal %d", monitor, s->spec->name,
			    WTERMSIG(status));
	else
		e = err_new(ERR_CHILD, "%s of machine '%s' failed with exit status %d", monitor, s->spec->name,
			    WEXITSTATUS(status));
	if (*words)
		e = err_detail(e, TAKE(words));
	return fail(s, err_log(e, s->power.log_path));
}

static enum outcome fall_back(struct supervisor *s)
{
	remember(s, /* works= */ false);
	return OUTCOME_NO_KERNEL;
}

static enum outcome judge_end(struct supervisor *s)
{
	AUTO_FREE char *words = log_tail(s->power.log_path, s->power.log_offset, WORDS_LINES);
	int port = 0;
	enum vmm_end end = s->power.vmm->judge(&s->power.run, words, s->start.accel, &port);

	if (end == VMM_PORT_TAKEN)
		return port == s->start.ssh_port ? OUTCOME_PORT_TAKEN : fail(s, fit_lost_port(s->spec, port));
	if (end == VMM_NO_ACCEL && s->may_fall_back)
		return fall_back(s);
	if (end == VMM_NO_ACCEL || end == VMM_FAILED)
		return fail_exit(s, TAKE(words));
	if (unproven(s))
		return fall_back(s);
	if (end == VMM_REBOOT) {
		if (s->ready || ++s->reboots <= REBOOTS_MAX)
			return OUTCOME_REBOOT;
		return fail(s, err_log(err_new(ERR_GUEST, "the machine '%s' rebooted %d times without becoming ready",
					       s->spec->name, REBOOTS_MAX + 1),
				       s->power.serial_path));
	}
	return s->ready ? OUTCOME_ENDED : fail_boot(s);
}

static bool expired(const struct supervisor *s)
{
	int64_t now = tick_ms();
	int64_t whole = accel_scale_ms(s->start.accel, s->spec->boot_timeout_ms);

	return now - s->phase_ms >
		       machine_phase_limit_ms(s->phase, s->spec->boot, s->start.first_boot, s->start.accel) ||
	       (whole > 0 && now - s->power_ms > whole);
}

/*
 * Whether the accelerator's probation is over without a kernel: of one that cannot do what the guest asks the monitor
 * stops the processors. What is no fault of it is not held against it.
 */
static bool give_up_accel(struct supervisor *s)
{
	const struct phase_failure *failure = phase_failure(s->power.watch);
	bool late = tick_ms() - s->power_ms > accel_probe_ms(s->spec->boot);

	if (!late && !failure->fatal && s->power.run.pause != VMM_PAUSED)
		return false;
	power_kill(&s->power);
	if (!failure->fatal || failure->kind == FAILURE_FIRMWARE)
		remember(s, /* works= */ false);
	return true;
}

/* From Ignition on the disks are written to: to start anew is for the user to say. */
static bool passing(const struct phase_watch *w)
{
	return phase_failure(w)->passing && phase_reached(w) < PHASE_IGNITION;
}

/* From power-on to the end of this process. */
static enum outcome run_once(struct supervisor *s)
{
	AUTO(strs) warnings = STRS_INIT;

	struct err *e = power_on(&s->power, &s->start, s->facts, &warnings);
	if (e)
		return fail(s, e);
	tell_warnings(s, &warnings);
	s->ready = false;
	s->pause = (struct pause){.told = VMM_GOES_ON};
	s->power_ms = tick_ms();
	tell_phase(s, PHASE_POWER);
	for (;;) {
		/* one that hung up is about to end */
		tick(s, s->ready && s->power.run.control_fd >= 0 ? TICK_READY_MS : TICK_BOOT_MS);
		if (s->failure) {
			stop_monitor(s);
			return OUTCOME_FAILED;
		}
		if (!s->power.run.running)
			return judge_end(s);
		if (s->server.stop_asked || cancel_requested()) {
			stop_monitor(s);
			return OUTCOME_ENDED;
		}
		if (s->ready)
			continue;
		if (unproven(s)) {
			if (give_up_accel(s))
				return OUTCOME_NO_KERNEL;
			continue;
		}
		if (phase_failure(s->power.watch)->fatal || expired(s)) {
			stop_monitor(s);
			if (passing(s->power.watch) && s->restarts++ < RESTARTS_MAX)
				return OUTCOME_RESTART;
			return fail_boot(s);
		}
	}
}

static enum outcome run_monitor(struct supervisor *s)
{
	enum outcome outcome = run_once(s);
	links_close(&s->links);
	return outcome;
}

static void tell_fallback(struct supervisor *s, enum accel next)
{
	AUTO_FREE char *text = mem_printf("%s failed to boot a kernel on this host; using %s instead, which is slower",
					  accel_words[s->start.accel], accel_words[next]);
	tell_note(s, "warn", text);
}

/* All starts of the machine: accelerators in turn, ports that were snatched, reboots. */
static struct err *run_machine(struct supervisor *s)
{
	AUTO(accel_list) list = {.count = 0};
	size_t at = 0;
	int port_tries = 0;

	TRY(accel_candidates(s->spec->accel, s->facts, s->spec->guest_arch, s->verdicts, s->spec->qemu, &list));
	TRY(ssh_files_choose_port(s->spec, /* anew= */ false, &s->start.ssh_port));
	bool booted = false;
	TRY(generation_booted(s->spec->gen_dir, &booted));
	s->start.first_boot = !booted;
	s->boot_ms = tick_ms();
	for (;;) {
		s->may_fall_back = at + 1 < list.count;
		s->start.accel = list.items[at];
		s->accel_known =
			s->start.accel == ACCEL_TCG ||
			accel_known(s->verdicts, s->facts->boot_id, s->spec->qemu, s->start.accel) == VERDICT_WORKS;
		switch (run_monitor(s)) {
		case OUTCOME_ENDED:
			if (!s->ready)
				return err_new(ERR_CANCELED, "the machine '%s' was stopped before it was ready",
					       s->spec->name);
			return NULL;
		case OUTCOME_REBOOT:
			s->start.first_boot = false;
			s->boot_ms = tick_ms();
			tell_note(s, "note", "the guest is rebooting");
			break;
		case OUTCOME_RESTART:
			tell_note(s, "warn",
				  "the host was overloaded and the guest's kernel failed: starting it again");
			break;
		case OUTCOME_NO_KERNEL:
			tell_fallback(s, list.items[at + 1]);
			at++;
			break;
		case OUTCOME_PORT_TAKEN:
			if (++port_tries == PORT_TRIES)
				return err_new(ERR_BUSY, "no free port on this host for ssh");
			TRY(ssh_files_choose_port(s->spec, /* anew= */ true, &s->start.ssh_port));
			break;
		case OUTCOME_FAILED:
			return TAKE(s->failure);
		}
	}
}

static struct err *prepare(struct supervisor *s)
{
	AUTO_FREE char *lock = path_join(s->spec->dir, "lock");
	AUTO_FREE char *log = path_join(s->spec->dir, "log");
	AUTO_FREE char *control = path_join(s->spec->dir, "ctl.sock");
	AUTO_FREE char *holder = holder_text(s->spec);

	TRY(machine_paths_check(s->spec));
	bool there = false;
	TRY(dir_exists(s->spec->gen_dir, &there));
	if (!there)
		return err_hint(
			err_new(ERR_ABSENT, "the machine '%s' has no OS disk in '%s'", s->spec->name, s->spec->gen_dir),
			"run `cooper up` to create it");
	struct err *e = lock_try(lock, holder, &s->lock_fd);
	if (e)
		return err_wrap(e, "the machine '%s' is running already", s->spec->name);
	TRY(server_check_starter(&s->server));
	TRY(dir_make(log, 0700));
	TRY(log_rotate(s->power.serial_path));
	TRY(log_rotate(s->power.log_path));
	links_init(&s->links, s->spec, s->options->program);
	TRY(log_rotate(s->links.forwards[FORWARD_USER].log_path));
	s->verdicts = accel_verdicts_read(s->options->accel_path);
	TRY(generation_firmware(s->spec, s->power.vmm));
	TRY(ending_begin(s->spec->dir, s->facts->boot_id));
	TRY(boot_note_begin(s->spec));
	return server_listen(&s->server, control);
}

struct err *machine_supervise(struct machine_spec *spec, const struct host_facts *facts,
			      const struct machine_options *options)
{
	struct supervisor s = {.spec = spec, .facts = facts, .options = options, .lock_fd = -1, .links = LINKS_INIT};
	const struct vmm *vmm = NULL;

	if (options->report_fd >= 0)
		signals_leave_session();
	server_init(&s.server, options->report_fd);
	s.server.status = status_line;
	s.server.welcome = welcome_line;
	s.server.resume = resume_line;
	s.server.forward = forward_line;
	s.server.ports = ports_line;
	s.server.arg = &s;
	struct err *e = vmm_choose(spec, facts, &vmm);
	if (!e) {
		power_init(&s.power, vmm, spec);
		e = prepare(&s);
	}
	if (!e)
		e = run_machine(&s);
	bool locked = s.lock_fd >= 0;
	if (locked)
		links_done(&s.links);
	power_done(&s.power);
	if (e) {
		AUTO_FREE char *line = call_failure_line(e);
		server_tell(&s.server, line, /* last= */ true);
	}
	server_done(&s.server);
	if (locked)
		ending_note(spec->dir, e);
	js_free(s.verdicts);
	if (locked)
		close(s.lock_fd);
	return e;
}

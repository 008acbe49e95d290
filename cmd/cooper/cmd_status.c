/* What state a machine is in, and whether its guest answers: asked of the guest, for a time that is told. */
#include <stdio.h>

#include "base/path.h"
#include "base/units.h"
#include "machine/autostart.h"
#include "machine/clients.h"
#include "machine/ending.h"
#include "machine/machine.h"
#include "machine/pause.h"
#include "session_machine.h"
#include "sys/file.h"
#include "table.h"
#include "ui.h"

struct report {
	const char *name;
	bool exists;
	bool autostart; /* when its user logs in */
	struct machine_status status;
	struct err *trouble;  /* why it cannot be used although it is on */
	int64_t answer_ms;    /* of the guest; 0 = it was not asked */
	struct json *proofs;  /* of this boot */
	struct json *ports;   /* of its containers */
	struct strs links;    /* places of the host that lead to its socket */
	struct ending ending; /* of one that does not run */
};

static const char *state(const struct report *r)
{
	if (!r->exists)
		return "absent";
	if (!r->status.running)
		return r->ending.crashed ? "crashed" : "stopped";
	if (r->status.pause != VMM_GOES_ON)
		return "paused";
	if (r->trouble)
		return "unresponsive";
	return r->status.ready ? "ready" : streq(r->status.phase, "stopping") ? "stopping" : "booting";
}

static void report_done(struct report *r)
{
	js_free(r->proofs);
	js_free(r->ports);
	strs_done(&r->links);
	err_free(r->trouble);
	ending_done(&r->ending);
}

/* A machine's state is told whether or not its user's settings can be read. */
static bool starts_at_login(const struct call *call, const struct project *p, const char *dir)
{
	const struct autostart autostart = {.os = p->facts.os, .dir = dir, .home = p->home.root};
	bool on = false;
	struct err *e = autostart_state(&autostart, &on);
	if (e)
		event_warn(call->sink, NULL, "cannot tell whether it starts when you log in: %s", e->message);
	err_free(e);
	return on;
}

/* Neither "stopped" nor "crashed" is known where the note of it cannot be read. */
static void look_ending(const struct call *call, const struct project *p, const char *dir, struct report *r)
{
	struct err *e = ending_read(dir, p->facts.boot_id, &r->ending);
	if (e)
		event_warn(call->sink, NULL, "how machine '%s' ended cannot be told: %s", r->name, e->message);
	err_free(e);
}

static struct err *look(const struct call *call, const struct project *p, const char *dir, struct report *r)
{
	*r = (struct report){.name = path_base(dir)};
	TRY(dir_exists(dir, &r->exists));
	r->autostart = r->exists && starts_at_login(call, p, dir);
	TRY(machine_status(dir, &r->status));
	struct machine_status *s = &r->status;
	if (s->ready)
		r->trouble = machine_answers(dir, r->name, s, &r->answer_ms);
	if (err_is(r->trouble, ERR_CANCELED) || err_is(r->trouble, ERR_ABSENT))
		return TAKE(r->trouble);
	if (!s->running)
		look_ending(call, p, dir, r);
	else if (!s->ready)
		r->trouble = pause_error(r->name, s->pause, s->trouble, dir);
	else if (!r->trouble)
		TRY(machine_proofs_read(dir, &r->proofs));
	if (s->ready && !r->trouble) /* one that was stopped meanwhile has none */
		err_free(machine_ports(dir, &r->ports));
	if (s->running)
		err_free(clients_links(dir, &r->links)); /* `cooper up` says what is wrong with one */
	return NULL;
}

static struct json *report_json(const struct report *r)
{
	const struct machine_status *s = &r->status;
	struct json *out = js_object();

	js_set_text(out, "name", r->name);
	js_set_text(out, "state", state(r));
	js_set_bool(out, "exists", r->exists);
	js_set_bool(out, "autostart", r->autostart);
	js_set_bool(out, "running", s->running);
	js_set_bool(out, "ready", s->ready && !r->trouble);
	if (!s->running && r->ending.crashed) {
		js_set_text(out, "end", r->ending.words);
		js_set_text(out, "ended", r->ending.at);
	}
	if (!s->running)
		return out;
	if (r->trouble)
		js_set_text(out, "trouble", r->trouble->message);
	js_set_text(out, "phase", s->phase);
	js_set_text(out, "accel", s->accel);
	js_set_int(out, "generation", s->generation);
	js_set_int(out, "ssh_port", s->ssh_port);
	js_set_int(out, "pid", s->pid);
	js_set_int(out, "qemu_pid", s->qemu_pid);
	js_set_int(out, "uptime_ms", s->uptime_ms);
	if (s->ready)
		js_set_int(out, "answer_ms", r->answer_ms);
	if (*s->api) {
		AUTO_FREE char *url = mem_printf("unix://%s", s->api);
		js_set_text(out, "api", url);
	}
	if (*s->root_api) {
		AUTO_FREE char *url = mem_printf("unix://%s", s->root_api);
		js_set_text(out, "root_api", url);
	}
	if (r->links.count)
		js_set(out, "sockets", js_texts(&r->links));
	const struct json *list = js_get(r->proofs, "proofs");
	if (list)
		js_set(out, "canaries", js_copy(list));
	list = js_get(r->ports, "ports");
	if (list)
		js_set(out, "ports", js_copy(list));
	if (js_get_int(r->ports, "beyond", 0) > 0)
		js_set_int(out, "ports_beyond", js_get_int(r->ports, "beyond", 0));
	return out;
}

/* Those that are on the host, then those that are not, with the reason. */
static void print_ports(const struct json *list, bool open)
{
	for (size_t i = 0; i < js_count(list); i++) {
		const struct json *port = js_at(list, i);
		const char *state = js_get_text(port, "state");
		const char *why = js_get_text(port, "why");
		AUTO_FREE char *who = str_escape(js_get_text(port, "container") ? js_get_text(port, "container") : "?");
		AUTO_FREE char *at = str_escape(js_get_text(port, "address") ? js_get_text(port, "address") : "?");
		AUTO_FREE char *what = str_escape(why ? why : state ? state : "?");
		if ((!why && !streq(state, "waiting")) == open)
			printf("  port %s:%d/%s: container '%s'%s%s\n", at, (int)js_get_int(port, "port", 0),
			       js_get_text(port, "protocol"), who,
			       open ? "" : ", not on this host: ", open ? "" : what);
	}
}

static void print_trouble(const struct report *r)
{
	AUTO(str) text = STR_INIT;

	for (size_t i = 0; r->trouble && i < 3; i++) {
		const char *parts[] = {r->trouble->message, r->trouble->detail, r->trouble->hint};
		ui_add_indented(&text, parts[i] ? parts[i] : "");
	}
	printf("%s", str_text(&text));
}

static void print_running(const struct report *r)
{
	const struct machine_status *s = &r->status;
	AUTO(str) up = STR_INIT;

	const char *is = s->ready && !r->trouble ? "ready" : state(r);
	AUTO_FREE char *phase = streq(is, "booting") ? mem_printf(" (%s)", s->phase) : mem_strdup("");
	str_add_duration(&up, s->uptime_ms);
	printf("'%s' is %s%s: generation %d under %s, up %s, ssh on 127.0.0.1:%d\n", r->name, is, phase, s->generation,
	       s->accel, str_text(&up), s->ssh_port);
	print_trouble(r);
	if (s->ready && !r->trouble && *s->trouble)
		printf("  a disk of the host failed: %s\n", s->trouble);
	if (*s->api && !r->trouble) {
		AUTO_FREE char *url = mem_printf("unix://%s", s->api);
		printf("  api: %s\n  clients: eval \"$(cooper env %s)\"\n", url, r->name);
	}
	for (size_t i = 0; i < r->links.count; i++)
		printf("  socket: %s\n", r->links.items[i]);
	print_ports(js_get(r->ports, "ports"), /* open= */ true);
	print_ports(js_get(r->ports, "ports"), /* open= */ false);
	if (js_get_int(r->ports, "beyond", 0) > 0)
		printf("  %lld more ports are published; no more than %d are forwarded\n",
		       (long long)js_get_int(r->ports, "beyond", 0), PUBLISHED_MAX);
	const struct json *list = js_get(r->proofs, "proofs");
	for (size_t i = 0; i < js_count(list); i++)
		printf("  runs %s: verified in a container, which printed '%s'\n", js_get_text(js_at(list, i), "arch"),
		       js_get_text(js_at(list, i), "container"));
}

static void print_stopped(const struct report *r)
{
	const char *at = r->ending.at && *r->ending.at ? r->ending.at : NULL;

	if (!r->ending.crashed)
		printf("'%s' is not running\n", r->name);
	else
		printf("'%s' is not running: it crashed%s%s: %s\n  `cooper up` starts it again\n", r->name,
		       at ? " at " : "", at ? at : "", r->ending.words);
}

static void print_report(const struct report *r, const struct home *home)
{
	AUTO_FREE char *others = r->exists ? NULL : session_others(home);
	if (!r->exists)
		printf("no machine '%s'; run `cooper up` to create it%s\n", r->name, others);
	else if (!r->status.running)
		print_stopped(r);
	else if (!*r->status.accel)
		printf("'%s' is starting\n", r->name);
	else
		print_running(r);
	if (r->autostart)
		printf("  starts when you log in\n");
}

static const struct option_spec options[] = {
	STACK_OPTIONS,
	{"all", 'a', NULL, "show every machine"},
	{"json", 0, NULL, "print JSON; with --all, a list"},
	{NULL, 0, NULL, NULL},
};

static struct err *run_one(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(report) r = {.name = NULL};
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(look(call, &p, p.machine_dir, &r));
	if (call_has(call, "json")) {
		AUTO_JSON *out = report_json(&r);
		print_json(out);
	} else {
		print_report(&r, &p.home);
	}
	call->exit_code = (int)err_exit_code(r.trouble);
	return NULL;
}

/* One that cannot be asked hides none of the others. */
static struct err *report_next(struct call *call, const struct project *p, const char *name, struct json *list)
{
	AUTO(report) r = {.name = NULL};
	AUTO_FREE char *dir = path_join(p->home.machines, name);
	struct err *e = look(call, p, dir, &r);
	if (err_is(e, ERR_CANCELED))
		return e;
	bool is_lost = e;
	r.trouble = err_first(r.trouble, e);
	if (list) {
		js_add(list, report_json(&r));
	} else if (is_lost) {
		printf("'%s' is %s\n", r.name, state(&r));
		print_trouble(&r);
	} else {
		print_report(&r, &p->home);
	}
	if (call->exit_code == EXIT_DONE)
		call->exit_code = (int)err_exit_code(r.trouble);
	return NULL;
}

static struct err *run_all(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) names = STRS_INIT;
	AUTO_JSON *list = call_has(call, "json") ? js_array() : NULL;
	if (call_arg(call, 0))
		return err_hint(err_new(ERR_USAGE, "--all and '%s' exclude each other", call_arg(call, 0)),
				"leave one of them out");
	TRY(project_start(&p));
	TRY(session_machines(&p.home, &names));
	for (size_t i = 0; i < names.count; i++)
		TRY(report_next(call, &p, names.items[i], list));
	if (list)
		print_json(list);
	else if (names.count == 0)
		printf("no machines; `cooper up` creates one\n");
	return NULL;
}

static struct err *run(struct call *call)
{
	return call_has(call, "all") ? run_all(call) : run_one(call);
}

const struct subcommand cmd_status = {
	.name = "status",
	.operands = "[NAME]",
	.summary = "show the machine's state, uptime, address and verified architectures",
	.help = "A machine that is ready is asked for a sign of life, for at most 5 s (15 s where it is emulated). The\n"
		"exit status is 0 for one that is ready, booting, stopping, stopped or absent, 7 for one that stands still because\n"
		"the host's disk is full, and 8 for one that stands still for another reason or does not answer; with --all,\n"
		"that of the first which is not 0.\n" NAME_HELP,
	.options = options,
	.run = run,
};

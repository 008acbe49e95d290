#include "guest/handlers.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "fmt/binfmt.h"
#include "sys/tick.h"

/* Where packages of any guest have their binfmt.d(5) files, and the one that brings emulators and these files. */
#define HANDLERS_DIR "/usr/lib/binfmt.d"
#define HANDLERS_PACKAGE "qemu-user-static"

enum {
	REBOOT_MS = 10 * 60 * 1000,
	BOOT_ID_MS = 10 * 1000, /* for one question: a connection from before the reboot may hang */
	POLL_MS = 1000,
};

/* --- decisions --- */

char *handlers_question(const struct strs *archs)
{
	AUTO(str) s = STR_INIT;

	str_add(&s, "for a in");
	for (size_t i = 0; i < archs->count; i++) {
		str_add_char(&s, ' ');
		quote_word(&s, archs->items[i]);
	}
	/* of several lines with one name the last is what systemd-binfmt leaves registered */
	str_add(&s, "; do echo \"== status $a\"; cat \"/proc/sys/fs/binfmt_misc/qemu-$a\" 2>/dev/null; "
		    "echo \"== line $a\"; cat " HANDLERS_DIR "/*.conf 2>/dev/null | grep \"^:qemu-$a:\" | tail -n 1; "
		    "done; echo '== end'; exit 0");
	return str_take(&s);
}

/* The lines between "== WHAT ARCH" and the next "== ", heap; NULL when there is no such part. */
static char *part(const char *answer, const char *what, const char *arch)
{
	AUTO_FREE char *head = mem_printf("== %s %s\n", what, arch);
	const char *from = strstr(answer, head);
	const char *end;

	if (!from)
		return NULL;
	from += strlen(head);
	end = strstr(from, "== ");
	return mem_strndup(from, end ? (size_t)(end - from) : strlen(from));
}

struct err *handlers_judge(const char *answer, const char *arch, enum handlers_state *ret_state, char **ret_conf,
			   char **ret_why)
{
	AUTO_FREE char *status = part(answer, "status", arch);
	AUTO_FREE char *line = part(answer, "line", arch);
	AUTO(str) conf = STR_INIT;

	*ret_conf = *ret_why = NULL;
	if (!status || !line)
		return err_new(ERR_GUEST, "the guest does not report its handler for '%s'", arch);
	*ret_state = HANDLERS_FINE;
	if (!*status)
		*ret_why = mem_strdup("no handler is registered");
	else if (binfmt_status_ok(status, ret_why))
		return NULL;
	*ret_state = HANDLERS_MISSING;
	if (!*line)
		return NULL;
	*ret_state = HANDLERS_FIX;
	struct err *e = binfmt_fix_flags(line, &conf);
	if (e) {
		free(*ret_why);
		*ret_why = NULL;
		return e;
	}
	*ret_conf = str_take(&conf);
	return NULL;
}

/* --- in the guest --- */

static struct err *ask(struct guest *g, const struct strs *archs, struct str *answer)
{
	AUTO_FREE char *question = handlers_question(archs);
	return guest_shell(g, question, answer, NULL);
}

static struct err *read_boot_id(struct guest *g, struct str *output)
{
	const char *argv[] = {"cat", "/proc/sys/kernel/random/boot_id", NULL};
	struct ssh_command command = {.argv = argv, .deadline_ms = BOOT_ID_MS};
	return ssh_run(&g->ssh, &command, output, NULL);
}

/* The machine's supervisor starts QEMU again; the guest is back when its kernel has another boot id. */
static struct err *reboot(struct guest *g)
{
	AUTO(str) before = STR_INIT;
	int64_t deadline = tick_ms() + REBOOT_MS;

	TRY(read_boot_id(g, &before));
	event_note(g->sink, g->step, "the guest is rebooting");
	/* it ends well before the guest goes down */
	TRY(guest_shell(g, "exec systemd-run --quiet --on-active=1 systemctl reboot", NULL, NULL));
	while (tick_ms() < deadline) {
		AUTO(str) now = STR_INIT;
		struct err *e = read_boot_id(g, &now);
		if (!e && !streq(str_text(&now), str_text(&before)))
			return NULL;
		if (err_is(e, ERR_CANCELED))
			return e;
		err_free(e);
		tick_sleep_ms(POLL_MS);
	}
	return err_hint(
		err_new(ERR_GUEST, "the guest did not come back from its reboot within %d minutes", REBOOT_MS / 60000),
		"its console log is in the machine's log folder; 'cooper status' shows whether it runs");
}

static struct err *install(struct guest *g)
{
	char *items[] = {HANDLERS_PACKAGE, NULL};
	struct guest_step step = {.name = "cooper-emulators", .packages = {.items = items, .count = 1}};
	enum guest_outcome outcome;

	event_note(g->sink, g->step, "the guest has no emulators: installing %s", items[0]);
	if (!g->os->packages_layer)
		return guest_step_run(g, &step, &outcome);
	AUTO_FREE char *layer = g->os->packages_layer(&step.packages);
	TRY(guest_shell(g, layer, NULL, NULL));
	return reboot(g);
}

static struct err *write_conf(struct guest *g, const char *arch, char *text)
{
	AUTO_FREE char *path = binfmt_conf_path(arch_of(arch));
	AUTO_FREE char *name = mem_printf("cooper-handler-%s", arch);
	struct guest_step step = {.name = name, .write_path = path, .write_text = text};
	enum guest_outcome outcome;
	return guest_step_run(g, &step, &outcome);
}

/* Writes what can be corrected; says whether that was anything, and whether any handler is missing. */
static struct err *correct(struct guest *g, const struct strs *archs, const char *answer, bool *ret_fixed,
			   const char **ret_missing)
{
	*ret_fixed = false;
	*ret_missing = NULL;
	for (size_t i = 0; i < archs->count; i++) {
		enum handlers_state state;
		AUTO_FREE char *conf = NULL;
		AUTO_FREE char *why = NULL;
		TRY(handlers_judge(answer, archs->items[i], &state, &conf, &why));
		if (state == HANDLERS_MISSING)
			*ret_missing = archs->items[i];
		if (state != HANDLERS_FIX)
			continue;
		TRY(write_conf(g, archs->items[i], conf));
		*ret_fixed = true;
	}
	return *ret_fixed ? guest_shell(g, "exec systemctl restart systemd-binfmt.service", NULL, NULL) : NULL;
}

static struct err *verify(struct guest *g, const struct strs *archs)
{
	AUTO(str) answer = STR_INIT;

	TRY(ask(g, archs, &answer));
	for (size_t i = 0; i < archs->count; i++) {
		enum handlers_state state;
		AUTO_FREE char *conf = NULL;
		AUTO_FREE char *why = NULL;
		TRY(handlers_judge(str_text(&answer), archs->items[i], &state, &conf, &why));
		if (state != HANDLERS_FINE)
			return err_hint(
				err_new(ERR_GUEST, "programs of '%s' cannot run in the guest: %s", archs->items[i],
					why),
				"'journalctl -u systemd-binfmt' in the guest has details; 'emulation: { package: "
				"... }' uses emulators from that package");
	}
	return NULL;
}

struct err *handlers_ensure(struct guest *g, enum provider provider, const struct strs *archs, bool *ret_changed)
{
	AUTO(str) answer = STR_INIT;
	const char *missing = NULL;
	bool fixed = false;

	*ret_changed = false;
	strs_done(&g->records); /* what the guest is now counts, not what was done to it once */
	TRY(ask(g, archs, &answer));
	TRY(correct(g, archs, str_text(&answer), &fixed, &missing));
	*ret_changed = fixed;
	if (missing && provider == PROVIDER_GUEST)
		return err_hint(err_new(ERR_GUEST, "the guest has no handler for programs of '%s'", missing),
				"'emulation: { provider: package }' installs one in the guest");
	if (missing) {
		AUTO(str) again = STR_INIT;
		*ret_changed = true;
		TRY(install(g));
		TRY(ask(g, archs, &again));
		TRY(correct(g, archs, str_text(&again), &fixed, &missing));
	}
	return *ret_changed ? verify(g, archs) : NULL;
}

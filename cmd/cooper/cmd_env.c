/* What the container clients of a shell need to reach a machine, for `eval "$(cooper env)"`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/quote.h"
#include "fmt/json.h"
#include "guest/connect.h"
#include "machine/paths.h"
#include "session_machine.h"
#include "sys/file.h"
#include "table.h"

static const struct option_spec options[] = {
	STACK_OPTIONS,
	{"shell", 0, "SHELL", "sh (bash, zsh), fish or csh; without it the one that SHELL names"},
	{"rootful", 0, NULL, "the podman of the guest's root instead of the login user's"},
	{"unset", 0, NULL, "print how to take these settings back"},
	{"json", 0, NULL, "print JSON"},
	{NULL, 0, NULL, NULL},
};

/* How a shell sets and unsets; what stands between name and value. */
struct dialect {
	const char *names; /* of shells, a blank around each */
	const char *set, *to, *unset, *end;
};

static const struct dialect dialects[] = {
	{" sh bash zsh dash ksh ", "export ", "=", "unset ", "\n"},
	{" fish ", "set -gx ", " ", "set -e ", ";\n"},
	{" csh tcsh ", "setenv ", " ", "unsetenv ", ";\n"},
};

static const struct dialect *find_dialect(const char *shell)
{
	AUTO_FREE char *word = mem_printf(" %s ", shell);
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (strstr(dialects[i].names, word))
			return &dialects[i];
	return NULL;
}

/* An unknown login shell is most likely like sh; one that was named has to be known. */
static struct err *choose_dialect(const char *given, const struct dialect **ret_dialect)
{
	const char *own = getenv("SHELL");
	*ret_dialect = find_dialect(given ? given : own ? path_base(own) : "sh");
	if (!*ret_dialect && given)
		return err_hint(err_new(ERR_USAGE, "'%s' is not a shell that is known here", given), "sh, fish or csh");
	if (!*ret_dialect)
		*ret_dialect = &dialects[0];
	return NULL;
}

/* Names and values, in order. docker takes a path as it stands, podman a URI. */
static struct json *settings(const struct project *p, bool rootful)
{
	const struct machine_spec spec = {.name = (char *)(uintptr_t)p->machine_name, .dir = p->machine_dir};
	AUTO_FREE char *path = machine_path(&spec, rootful ? MACHINE_ROOT_SOCKET : MACHINE_API_SOCKET);
	AUTO_FREE char *docker = mem_printf("unix://%s", path);
	AUTO_FREE char *podman = connect_uri(path);
	AUTO_FREE char *inside = guest_podman_socket(rootful ? 0 : guest_uid());
	struct json *all = js_object();

	js_set_text(all, "DOCKER_HOST", docker);
	js_set_text(all, "CONTAINER_HOST", podman);
	js_set_text(all, "DOCKER_BUILDKIT", "0"); /* else buildx fetches its own, and keeps the image */
	js_set_text(all, "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", inside); /* which its helper mounts, in the guest */
	js_set_text(all, "TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1");     /* where published ports are */
	return all;
}

static void print_settings(const struct json *all, const struct dialect *d, bool unset)
{
	for (struct js_member m = {.of = all}; js_next(&m);) {
		AUTO(str) word = STR_INIT;
		quote_word(&word, js_as_text(m.value));
		if (unset)
			printf("%s%s%s", d->unset, m.key, d->end);
		else
			printf("%s%s%s%s%s", d->set, m.key, d->to, str_text(&word), d->end);
	}
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	const struct dialect *dialect = NULL;
	struct machine_status status;
	bool there = false;
	TRY(choose_dialect(call_get(call, "shell"), &dialect));
	TRY(session_open_machine(call, call_arg(call, 0), &p));
	TRY(dir_exists(p.machine_dir, &there));
	if (!there && !call_has(call, "unset"))
		return session_absent(&p);
	AUTO_JSON *all = settings(&p, call_has(call, "rootful"));
	if (call_has(call, "json"))
		print_json(all);
	else
		print_settings(all, dialect, call_has(call, "unset"));
	TRY(machine_status(p.machine_dir, &status));
	if (!status.running && !call_has(call, "unset"))
		event_warn(call->sink, NULL, "the machine '%s' is not running; `cooper start` starts it",
			   p.machine_name);
	return NULL;
}

const struct subcommand cmd_env = {
	.name = "env",
	.operands = "[NAME]",
	.summary = "print the settings by which docker and podman reach the machine from this shell",
	.help = "sh, bash, zsh: eval \"$(cooper env)\"; fish: cooper env | source; csh: eval `cooper env`.\n"
		"With --unset the same takes them back. They stay good when the machine is restarted.\n" NAME_HELP,
	.options = options,
	.run = run,
};

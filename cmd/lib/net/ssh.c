#include "net/ssh.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "sys/child.h"

enum { OUTPUT_MAX = 1024 * 1024, LINES_MAX = 64 * 1024 * 1024 };

/* ssh_config(5): an argument may stand in double quotes; there is no way to put one inside. '%' starts a token, which
 * @tokens may have. */
static struct err *add_path(struct str *s, const char *keyword, const char *path, const char *tokens)
{
	if (strpbrk(path, "\"\r\n"))
		return err_hint(err_new(ERR_USAGE, "ssh cannot use a path with quotes or line breaks: '%s'", path),
				"choose another COOPER_HOME");
	str_addf(s, "\t%s \"", keyword);
	for (const char *p = path; *p; p++) {
		if (*p == '%')
			str_add_char(s, '%');
		str_add_char(s, *p);
	}
	str_addf(s, "%s\"\n", tokens);
	return NULL;
}

struct err *ssh_config_text(const struct ssh_settings *settings, char **ret_text)
{
	AUTO(str) s = STR_INIT;

	str_addf(&s,
		 "# Written by cooper at each start of the machine; use it with ssh -F.\n"
		 "Host %s\n\tHostName 127.0.0.1\n\tPort %d\n\tUser %s\n\tHostKeyAlias %s\n",
		 settings->host, settings->port, settings->user, settings->host);
	TRY(add_path(&s, "IdentityFile", settings->identity, ""));
	str_add(&s, "\tIdentitiesOnly yes\n\tIdentityAgent none\n\tPreferredAuthentications publickey\n"
		    "\tBatchMode yes\n\tStrictHostKeyChecking yes\n");
	TRY(add_path(&s, "UserKnownHostsFile", settings->known_hosts, ""));
	/* sshd of an emulated guest that has just booted may need more than 15 s for its first line */
	str_add(&s, "\tGlobalKnownHostsFile /dev/null\n\tUpdateHostKeys no\n\tCheckHostIP no\n"
		    "\tHostKeyAlgorithms ssh-ed25519\n\tForwardAgent no\n\tForwardX11 no\n\tGSSAPIAuthentication no\n"
		    "\tConnectTimeout 60\n\tServerAliveInterval 15\n\tServerAliveCountMax 8\n\tTCPKeepAlive yes\n"
		    "\tLogLevel ERROR\n");
	if (settings->control_path) {
		str_add(&s, "\tControlMaster auto\n\tControlPersist 60\n");
		TRY(add_path(&s, "ControlPath", settings->control_path, "-%r"));
	}
	*ret_text = str_take(&s);
	return NULL;
}

char *ssh_known_hosts_line(const char *host, const char *public_key)
{
	AUTO(strs) words = STRS_INIT;

	strs_split(&words, public_key, " \t\r\n");
	if (words.count < 2)
		return mem_strdup("");
	return mem_printf("%s %s %s\n", host, words.items[0], words.items[1]);
}

void ssh_argv(const struct ssh *ssh, const char *const *remote, bool terminal, struct strs *argv)
{
	strs_add(argv, ssh->program ? ssh->program : "ssh");
	strs_add(argv, "-F");
	strs_add(argv, ssh->config_path);
	if (remote)
		strs_add(argv, terminal ? "-t" : "-T");
	strs_add(argv, "--");
	strs_add(argv, ssh->host);
	if (remote)
		strs_take(argv, quote_argv(remote));
}

/* In -L a colon ends a path unless escaped, and '%' starts a token: ssh_config(5), LocalForward */
static void add_forward_path(struct str *s, const char *path)
{
	for (const char *p = path; *p; p++) {
		if (*p == ':')
			str_add_char(s, '\\');
		if (*p == '%')
			str_add_char(s, '%');
		str_add_char(s, *p);
	}
}

/* A connection of its own: it must end when this process does. */
static void add_own_connection(const struct ssh *ssh, const char *user, struct strs *argv)
{
	strs_add_all(argv, (const char *[]){ssh->program ? ssh->program : "ssh", "-F", ssh->config_path, "-o",
					    "ControlMaster=no", "-o", "ControlPath=none", NULL});
	if (user)
		strs_add_all(argv, (const char *[]){"-l", user, NULL});
}

void ssh_forward_argv(const struct ssh *ssh, const char *user, const char *local, const char *remote, struct strs *argv)
{
	AUTO(str) spec = STR_INIT;

	add_forward_path(&spec, local);
	str_add_char(&spec, ':');
	add_forward_path(&spec, remote);
	add_own_connection(ssh, user, argv);
	strs_add_all(argv,
		     (const char *[]){"-N", "-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindUnlink=yes", "-o",
				      "StreamLocalBindMask=0177", "-L", str_text(&spec), "--", ssh->host, NULL});
}

void ssh_own_argv(const struct ssh *ssh, const char *user, const char *const *remote, struct strs *argv)
{
	add_own_connection(ssh, user, argv);
	strs_add_all(argv, (const char *[]){"-T", "--", ssh->host, NULL});
	strs_take(argv, quote_argv(remote));
}

static const char *name_of(const struct ssh_command *command)
{
	return command->name ? command->name : command->argv[0];
}

/* What ssh says of one that is not the one it was told, and has no other language for. */
static bool other_host_key(const struct strs *said)
{
	for (size_t i = 0; i < said->count; i++)
		if (strstr(said->items[i], "HOST IDENTIFICATION HAS CHANGED"))
			return true;
	return false;
}

static struct err *judge(const struct ssh *ssh, const struct ssh_command *command, const struct strs *said, int status,
			 int *ret_status)
{
	if (status == SSH_FAILED && other_host_key(said))
		return err_hint(
			err_new(ERR_GUEST,
				"the guest of '%s' has another host key than the one that the machine was made with",
				ssh->host),
			"whoever is root there replaced it: `cooper status` says what to do");
	if (status == SSH_FAILED)
		return err_hint(err_new(ERR_GUEST, "ssh cannot reach '%s'", ssh->host),
				"`cooper status` shows whether the machine runs");
	const char *name = name_of(command);
	if (status != 0 && status == command->timeout_status)
		return err_new(ERR_TIMEOUT, "'%s' did not end in time in the guest", name);
	if (ret_status)
		*ret_status = status;
	else if (status != 0)
		return err_new(ERR_CHILD, "'%s' failed in the guest with exit status %d", name, status);
	return NULL;
}

/* A program of the guest that prints without end is the guest's fault, and nothing that was downloaded. */
static struct err *flooded(const struct ssh_command *command, struct err *take_e)
{
	struct err *e = err_wrap(take_e, "'%s' in the guest", name_of(command));

	e->kind = ERR_GUEST;
	return err_hint(e, "a program of the guest is broken, or was replaced: `cooper ssh` shows what it prints");
}

/* Keeps the last lines of what ssh and the remote program say, for the error. */
struct listener {
	struct sink sink;
	struct sink *next;
	struct strs tail;
};

enum { LISTENER_LINES = 20 };

static void listen_to(struct sink *sink, const struct event *event)
{
	struct listener *l = (struct listener *)(void *)sink;

	if (event->kind == EVENT_OUTPUT)
		strs_add_last(&l->tail, event->text, LISTENER_LINES);
	event_emit(l->next, event);
}

struct err *ssh_run(const struct ssh *ssh, const struct ssh_command *command, struct str *output, int *ret_status)
{
	AUTO(strs) argv = STRS_INIT;
	struct listener l = {.sink = {listen_to}, .next = command->sink, .tail = STRS_INIT};
	int status = 0;

	ssh_argv(ssh, command->argv, /* terminal= */ false, &argv);
	struct child_spec spec = {
		.argv = (const char *const *)argv.items,
		.input = command->input,
		.input_path = command->input_path,
		.input_fd = command->input_fd,
		.deadline_ms = command->deadline_ms,
		.shown_max = LINES_MAX,
		.sink = &l.sink,
		.step = command->step,
		.log_path = command->log_path,
	};
	size_t max = command->max_output ? command->max_output : OUTPUT_MAX;
	struct err *e = child_status(&spec, max, output, &status);
	if (!e)
		e = judge(ssh, command, &l.tail, status, ret_status);
	else if (err_is(e, ERR_CORRUPT))
		e = flooded(command, e);
	if (e && !e->detail && l.tail.count > 0)
		e = err_detail(e, strs_join(&l.tail, "\n"));
	strs_done(&l.tail);
	return e;
}

void ssh_end_shared(const struct ssh *ssh)
{
	const char *argv[] = {ssh->program ? ssh->program : "ssh", "-F", ssh->config_path, "-O", "exit", "--",
			      ssh->host,			   NULL};
	struct child_spec child = {.argv = argv, .deadline_ms = 10 * 1000};

	err_free(child_run(&child));
}

#include "guest/connect.h"

#include <string.h>
#include <unistd.h>

#include "fmt/json.h"
#include "sys/child.h"

enum {
	GUEST_UID_OF_ROOT = 1000, /* the login user is never root */
	PODMAN_MS = 60 * 1000,
	LIST_MAX = 1024 * 1024,
};

int guest_uid(void)
{
	uid_t uid = getuid();
	return uid ? (int)uid : GUEST_UID_OF_ROOT;
}

char *guest_podman_socket(int uid)
{
	return uid ? mem_printf("/run/user/%d/podman/podman.sock", uid) : mem_strdup("/run/podman/podman.sock");
}

char *connect_uri(const struct connection *c)
{
	AUTO_FREE char *socket = guest_podman_socket(c->uid);
	return mem_printf("ssh://%s@127.0.0.1:%d%s", c->user, c->port, socket);
}

/* podman 3 marks the default by an asterisk behind its name. */
static bool is_named(const char *listed, const char *name)
{
	size_t n = strlen(name);
	return listed && strncmp(listed, name, n) == 0 && (streq(listed + n, "") || streq(listed + n, "*"));
}

enum connect_state connect_state(const struct connection *c, const char *list, bool *ret_default)
{
	AUTO_FREE char *uri = connect_uri(c);
	AUTO_JSON *root = NULL;

	*ret_default = false;
	err_free(js_parse(list, strlen(list), "podman's connections", &root));
	for (size_t i = 0; i < js_count(root); i++) {
		const struct json *item = js_at(root, i);
		const char *name = js_get_text(item, "Name");
		if (!is_named(name, c->name))
			continue;
		*ret_default = js_get_bool(item, "Default", str_ends(name, "*"));
		if (!streq(js_get_text(item, "Identity"), c->identity))
			return CONNECT_FOREIGN;
		return streq(js_get_text(item, "URI"), uri) ? CONNECT_SAME : CONNECT_CHANGED;
	}
	return CONNECT_ABSENT;
}

static const char *program(const struct connection *c)
{
	return c->program ? c->program : "podman";
}

static struct child_spec podman(const struct connection *c, const char *const *argv)
{
	return (struct child_spec){.argv = argv, .env = c->env, .deadline_ms = PODMAN_MS};
}

/* *ret_list NULL: there is no podman. No connection at all may be an error to podman: as good as an empty list. */
static struct err *list_connections(const struct connection *c, char **ret_list)
{
	const char *argv[] = {program(c), "system", "connection", "list", "--format", "json", NULL};
	struct child_spec spec = podman(c, argv);
	AUTO(str) out = STR_INIT;
	int status = 0;

	*ret_list = NULL;
	struct err *e = child_status(&spec, LIST_MAX, &out, &status);
	if (err_is(e, ERR_ABSENT)) {
		err_free(e);
		return NULL;
	}
	TRY(e);
	*ret_list = mem_strdup(status == 0 ? str_text(&out) : "[]");
	return NULL;
}

static struct err *remove_connection(const struct connection *c)
{
	const char *argv[] = {program(c), "system", "connection", "remove", c->name, NULL};
	struct child_spec spec = podman(c, argv);
	return child_run(&spec);
}

static struct err *add_connection(const struct connection *c, bool as_default)
{
	AUTO_FREE char *uri = connect_uri(c);
	AUTO(strs) argv = STRS_INIT;

	strs_add_all(&argv, (const char *[]){program(c), "system", "connection", "add", NULL});
	if (as_default)
		strs_add(&argv, "--default");
	strs_add_all(&argv, (const char *[]){"--identity", c->identity, c->name, uri, NULL});
	struct child_spec spec = podman(c, (const char *const *)argv.items);
	return child_run(&spec);
}

/* Where the user has a connection of the machine's name, ours gets this one. */
static struct connection renamed(const struct connection *c, const char *name)
{
	struct connection other = *c;
	other.name = name;
	return other;
}

static char *other_name(const struct connection *c)
{
	return mem_printf("cooper-%s", c->name);
}

static struct err *add_in(const struct connection *c, const char *list)
{
	bool is_default = false;
	enum connect_state state = connect_state(c, list, &is_default);

	if (state == CONNECT_SAME)
		return NULL;
	if (state == CONNECT_FOREIGN)
		return err_hint(err_new(ERR_USAGE, "podman has a connection '%s' that is not cooper's", c->name),
				"rename it: podman system connection rename %s OTHER; or change machine.name", c->name);
	struct err *e = state == CONNECT_CHANGED ? remove_connection(c) : NULL;
	if (!e)
		e = add_connection(c, is_default);
	return e ? err_wrap(e, "cannot add machine '%s' to podman", c->name) : NULL;
}

struct err *connect_add(const struct connection *c, struct sink *sink, char **ret_name)
{
	AUTO_FREE char *list = NULL;
	bool is_default = false;

	TRY(list_connections(c, &list));
	*ret_name = NULL;
	if (!list) {
		event_note(sink, NULL,
			   "podman is not installed on this host; use `cooper ssh -- podman`, or install it and run "
			   "`cooper up` again");
		return NULL;
	}
	bool foreign = connect_state(c, list, &is_default) == CONNECT_FOREIGN;
	AUTO_FREE char *name = foreign ? other_name(c) : mem_strdup(c->name);
	struct connection ours = renamed(c, name);
	if (foreign)
		event_warn(sink, NULL, "podman's connection '%s' is not cooper's, and stays: the machine's is '%s'",
			   c->name, name);
	TRY(add_in(&ours, list));
	*ret_name = TAKE(name);
	return NULL;
}

struct err *connect_remove(const struct connection *c)
{
	AUTO_FREE char *list = NULL;
	AUTO_FREE char *name = other_name(c);
	const struct connection ours[] = {*c, renamed(c, name)};
	bool is_default = false;

	TRY(list_connections(c, &list));
	for (size_t i = 0; list && i < ARRAY_LEN(ours); i++) {
		enum connect_state state = connect_state(&ours[i], list, &is_default);
		if (state == CONNECT_SAME || state == CONNECT_CHANGED)
			TRY(remove_connection(&ours[i]));
	}
	return NULL;
}

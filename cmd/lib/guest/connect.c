#include "guest/connect.h"

#include <string.h>
#include <unistd.h>

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

char *connect_program(void)
{
	char *path = child_find("podman");
	return path ? path : child_find("podman-remote");
}

char *connect_uri(const char *socket)
{
	AUTO(str) s = STR_INIT;

	str_add(&s, "unix://");
	str_add_percent(&s, socket, "/-._~+,=@");
	return str_take(&s);
}

/* Whether @text is a name below the folder @dir. */
static bool is_below(const char *text, const char *dir)
{
	size_t n = strlen(dir);
	return text && strncmp(text, dir, n) == 0 && text[n] == '/';
}

/* Connections that an older cooper made lead through ssh, with a key of the machine's. */
static bool is_ours(const struct json *item, const char *dir)
{
	AUTO_FREE char *uri = connect_uri(dir);
	return is_below(js_get_text(item, "URI"), uri) || is_below(js_get_text(item, "Identity"), dir);
}

/* podman 3 marks the default by an asterisk behind its name. */
static bool is_named(const char *listed, const char *name)
{
	size_t n = strlen(name);
	return listed && strncmp(listed, name, n) == 0 && (streq(listed + n, "") || streq(listed + n, "*"));
}

enum connect_state connect_state(const struct connection *c, const struct json *list)
{
	for (size_t i = 0; i < js_count(list); i++) {
		const struct json *item = js_at(list, i);
		if (!is_named(js_get_text(item, "Name"), c->name))
			continue;
		if (!is_ours(item, c->dir))
			return CONNECT_FOREIGN;
		return streq(js_get_text(item, "URI"), c->uri) ? CONNECT_SAME : CONNECT_CHANGED;
	}
	return CONNECT_ABSENT;
}

static struct child_spec podman(const char *const *argv, const char *const *env)
{
	return (struct child_spec){.argv = argv, .env = env, .deadline_ms = PODMAN_MS};
}

/* Of no connections podman 3 prints nothing, or null. */
struct err *connect_list(const char *program, const char *const *env, struct json **ret_list)
{
	const char *argv[] = {program, "system", "connection", "list", "--format", "json", NULL};
	struct child_spec spec = podman(argv, env);
	AUTO(str) out = STR_INIT;

	TRY(child_output(&spec, LIST_MAX, &out));
	if (out.len == 0 || streq(str_text(&out), "null\n")) {
		*ret_list = js_array();
		return NULL;
	}
	return js_parse(str_text(&out), out.len, "podman's list of connections", ret_list);
}

static struct err *run_podman(const struct connection *c, const char *verb, const char *uri)
{
	const char *argv[] = {c->program, "system", "connection", verb, c->name, uri, NULL};
	struct child_spec spec = podman(argv, c->env);
	return child_run(&spec);
}

/* Where the user has a connection of the machine's name, ours gets this one. */
static char *other_name(const struct connection *c)
{
	return mem_printf("cooper-%s", c->name);
}

static struct connection renamed(const struct connection *c, const char *name)
{
	struct connection other = *c;
	other.name = name;
	return other;
}

/* `add` puts it in the place of one that is there, which stays the default if it was. */
static struct err *put(const struct connection *c, enum connect_state state, char **ret_name)
{
	struct err *e = state == CONNECT_SAME ? NULL : run_podman(c, "add", c->uri);
	if (e)
		return err_wrap(e, "cannot tell podman of connection '%s'", c->name);
	*ret_name = mem_strdup(c->name);
	return NULL;
}

struct err *connect_put(const struct connection *c, const struct json *list, struct sink *sink, char **ret_name)
{
	AUTO_FREE char *name = other_name(c);
	const struct connection other = renamed(c, name);
	enum connect_state state = connect_state(c, list);
	enum connect_state other_state = connect_state(&other, list);

	*ret_name = NULL;
	if (state != CONNECT_FOREIGN)
		return put(c, state, ret_name);
	if (other_state == CONNECT_FOREIGN) {
		event_warn(sink, NULL,
			   "podman's connections '%s' and '%s' are not this machine's, and stay: none was made; "
			   "`podman --url %s` reaches it, or rename one (podman system connection rename %s NEW)",
			   c->name, name, c->uri, c->name);
		return NULL;
	}
	if (other_state == CONNECT_ABSENT)
		event_warn(sink, NULL,
			   "podman's connection '%s' is not this machine's, and stays: the machine's is '%s'", c->name,
			   name);
	return put(&other, other_state, ret_name);
}

static bool is_there(const struct connection *c, const struct json *list)
{
	enum connect_state state = connect_state(c, list);
	return state == CONNECT_SAME || state == CONNECT_CHANGED;
}

/* podman 5 reads connections from containers.conf, where podman 4 wrote them, and removes none from there. */
struct err *connect_drop(const struct connection *c, struct sink *sink)
{
	AUTO_FREE char *name = other_name(c);
	const struct connection ours[] = {*c, renamed(c, name)};
	AUTO_JSON *list = NULL;
	AUTO_JSON *left = NULL;
	bool any = false;

	TRY(connect_list(c->program, c->env, &list));
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (!is_there(&ours[i], list))
			continue;
		TRY(run_podman(&ours[i], "remove", NULL));
		any = true;
	}
	if (any)
		TRY(connect_list(c->program, c->env, &left));
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (is_there(&ours[i], left))
			event_warn(
				sink, NULL,
				"podman's connection '%s' stays: it is in containers.conf, which this podman does not "
				"write; remove its lines there",
				ours[i].name);
	return NULL;
}

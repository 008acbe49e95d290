/* A link where programs look for docker's socket that read no settings. It is ours when it leads into the machine's folder. */
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "machine/client.h"
#include "machine/paths.h"
#include "sys/file.h"

enum link_state { LINK_ABSENT, LINK_SAME, LINK_CHANGED, LINK_FOREIGN };

static struct err *state_of(const struct machine_spec *spec, const char *path, enum link_state *ret_state)
{
	AUTO_FREE char *socket = machine_path(spec, MACHINE_API_SOCKET);
	AUTO_FREE char *inside = path_join(spec->dir, "");
	AUTO_FREE char *text = NULL;
	bool there = false;

	TRY(file_lstat(path, &there, NULL));
	TRY(file_link_text(path, &text));
	*ret_state = !there                        ? LINK_ABSENT
		     : !text                       ? LINK_FOREIGN
		     : streq(text, socket)         ? LINK_SAME
		     : str_starts(text, inside)    ? LINK_CHANGED
						   : LINK_FOREIGN;
	return NULL;
}

static struct err *wanted_path(const struct clients *wanted, char **ret_path)
{
	const char *home = getenv("HOME");

	*ret_path = NULL;
	if (!wanted->socket)
		return NULL;
	if (wanted->socket[0] == '~' && !(home && home[0] == '/'))
		return err_hint(err_new(ERR_USAGE, "HOME is not set to an absolute path"),
				"set it, or name the socket by its whole path (connect: { socket: })");
	*ret_path = wanted->socket[0] == '~' ? path_join(home, wanted->socket + 2) : mem_strdup(wanted->socket);
	return NULL;
}

static const char *path_of(const struct json *places, size_t i)
{
	const char *path = js_get_text(js_at(places, i), "path");
	return path && *path == '/' ? path : NULL;
}

static struct err *told(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			bool *ret_told)
{
	AUTO_FREE char *path = NULL;

	TRY(wanted_path(wanted, &path));
	*ret_told = !path || client_place(places, "path", js_text(path));
	for (size_t i = 0; *ret_told && i < js_count(places); i++) {
		enum link_state state = LINK_ABSENT;
		const char *noted = path_of(places, i);
		if (!noted)
			continue;
		struct err *e = state_of(spec, noted, &state); /* tell() says so */
		if (err_is(e, ERR_CANCELED))
			return e;
		*ret_told = !e && (state == LINK_SAME || state == LINK_FOREIGN) && (wanted->as_noted || streq(noted, path));
		err_free(e);
	}
	return NULL;
}

/* As with docker's context, a machine goes whatever is left. */
static struct err *drop_or_warn(const struct machine_spec *spec, const struct json *place, struct sink *sink)
{
	const char *path = js_get_text(place, "path");
	enum link_state state = LINK_ABSENT;
	AUTO(strs) made = STRS_INIT;

	struct err *e = state_of(spec, path, &state);
	if (!e && (state == LINK_SAME || state == LINK_CHANGED))
		e = file_remove(path);
	if (err_is(e, ERR_CANCELED))
		return e;
	if (e)
		event_warn(sink, NULL, "the link '%s' may be left: %s", path, e->message);
	err_free(e);
	js_copy_texts(js_get(place, "made"), &made);
	for (size_t i = made.count; i > 0; i--)
		(void)rmdir(made.items[i - 1]); /* what is not empty is used */
	return NULL;
}

static struct err *settle(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			  struct sink *sink, struct json **ret_places)
{
	AUTO_FREE char *path = NULL;
	AUTO(strs) made = STRS_INIT;
	AUTO_JSON *left = js_array();

	TRY(wanted_path(wanted, &path));
	for (size_t i = 0; i < js_count(places); i++) {
		const char *noted = path_of(places, i);
		if (noted && (wanted->as_noted || streq(noted, path)))
			js_add(left, js_copy(js_at(places, i)));
		else if (noted)
			TRY(drop_or_warn(spec, js_at(places, i), sink));
	}
	if (path && js_count(left) == 0) {
		AUTO_FREE char *folder = path_dir(path);
		err_free(dir_missing(folder, &made)); /* tell() says so */
		struct json *place = js_object();
		js_set_text(place, "path", path);
		js_set(place, "made", js_texts(&made));
		js_add(left, place);
	}
	*ret_places = TAKE(left);
	return NULL;
}

static struct err *put(const struct machine_spec *spec, const char *path, struct sink *sink, struct str *outcome)
{
	AUTO_FREE char *socket = machine_path(spec, MACHINE_API_SOCKET);
	AUTO_FREE char *folder = path_dir(path);
	enum link_state state = LINK_ABSENT;

	TRY(state_of(spec, path, &state));
	if (state == LINK_FOREIGN) {
		event_warn(sink, NULL, "'%s' is not this machine's, and stays: remove it, and `cooper up` puts a link there",
			   path);
		return NULL;
	}
	TRY(dir_make(folder, 0755));
	if (state == LINK_CHANGED)
		TRY(file_remove(path));
	if (state != LINK_SAME)
		TRY(file_symlink(socket, path));
	str_addf(outcome, "%s%s", outcome->len ? ", " : "", path);
	return NULL;
}

/* The place is often root's (/var/run): the machine is up all the same. */
static struct err *tell(const struct machine_spec *spec, const struct clients *wanted UNUSED, const struct json *places,
			struct sink *sink, struct str *outcome, struct json **ret_place UNUSED)
{
	AUTO_FREE char *socket = machine_path(spec, MACHINE_API_SOCKET);

	for (size_t i = 0; i < js_count(places); i++) {
		const char *path = path_of(places, i);
		struct err *e = path ? put(spec, path, sink, outcome) : NULL;
		if (err_is(e, ERR_CANCELED))
			return e;
		if (e)
			event_warn(sink, NULL, "no link leads to the machine's socket: %s; as root: ln -s '%s' '%s'",
				   e->message, socket, path);
		err_free(e);
	}
	return NULL;
}

static struct err *forget(const char *machine_dir, const char *name, const struct json *places, struct sink *sink)
{
	const struct machine_spec spec = {.name = (char *)(uintptr_t)name, .dir = (char *)(uintptr_t)machine_dir};

	for (size_t i = 0; i < js_count(places); i++)
		if (path_of(places, i))
			TRY(drop_or_warn(&spec, js_at(places, i), sink));
	return NULL;
}

const struct client client_socket = {
	.name = "socket", .place_key = "path", .told = told, .settle = settle, .tell = tell, .forget = forget};

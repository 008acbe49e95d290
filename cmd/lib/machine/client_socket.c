/* A link where programs look for docker's socket that read no settings. It is ours when it leads into the machine's folder. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "base/quote.h"
#include "machine/client.h"
#include "machine/paths.h"
#include "sys/file.h"

enum link_state { LINK_ABSENT, LINK_SAME, LINK_CHANGED, LINK_FOREIGN };

/* Whether the link of @place led there when it was ours. */
static bool said(const struct json *place, const char *text)
{
	const struct json *leads = js_get(place, "leads");
	for (size_t i = 0; i < js_count(leads); i++)
		if (client_is(js_at(leads, i), js_text(text)))
			return true;
	return false;
}

/* Whether a link that was ours, and led to @text, is still: the home has another name now, or was moved. */
static bool was_moved(const struct machine_spec *spec, const char *text)
{
	AUTO_FREE char *dir = path_dir(text);
	AUTO_FREE char *before = realpath(dir, NULL);
	AUTO_FREE char *now = realpath(spec->dir, NULL);
	return !before || streq(before, now);
}

/* @place: of the note, or NULL. */
static struct err *state_of(const struct machine_spec *spec, const char *path, const struct json *place,
			    enum link_state *ret_state)
{
	AUTO_FREE char *socket = machine_path(spec, MACHINE_API_SOCKET);
	AUTO_FREE char *inside = path_join(spec->dir, "");
	AUTO_FREE char *text = NULL;
	bool there = false;

	struct err *e = file_lstat(path, &there, NULL);
	if (e && (e->errnum == ENOTDIR || e->errnum == ENAMETOOLONG))
		e = err_free(e); /* nor can there be one */
	if (!e && there)
		e = file_link_text(path, &text);
	if (e)
		return e;
	*ret_state = !there                        ? LINK_ABSENT
		     : !text                       ? LINK_FOREIGN
		     : streq(text, socket)         ? LINK_SAME
		     : str_starts(text, inside) || (said(place, text) && was_moved(spec, text))
			     ? LINK_CHANGED
			     : LINK_FOREIGN;
	return NULL;
}

/* Why no link can be there whatever is there now, else NULL. */
static const char *hindrance(const struct machine_spec *spec, const struct clients *wanted)
{
	const char *home = getenv("HOME");
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO_FREE char *all = path_dir(machines);
	AUTO_FREE char *inside = path_join(all, "");

	if (wanted->socket && wanted->socket[0] == '~' && !(home && home[0] == '/'))
		return "HOME is not set to an absolute path";
	return wanted->socket && str_starts(wanted->socket, inside) ? "it would be among cooper's own files" : NULL;
}

/* Heap; NULL where none is asked for, or can be. */
static char *wanted_path(const struct machine_spec *spec, const struct clients *wanted)
{
	if (!wanted->socket || hindrance(spec, wanted))
		return NULL;
	return wanted->socket[0] == '~' ? path_join(getenv("HOME"), wanted->socket + 2) : mem_strdup(wanted->socket);
}

/* A place that cannot be told now is as it was. */
static bool is_kept(const struct clients *wanted, const char *path, const char *noted)
{
	return wanted->as_noted || (path ? streq(noted, path) : wanted->socket != NULL);
}

static const char *path_of(const struct json *places, size_t i)
{
	const char *path = js_get_text(js_at(places, i), "path");
	return path && *path == '/' ? path : NULL;
}

static struct err *told(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			bool *ret_told)
{
	AUTO_FREE char *path = wanted_path(spec, wanted);

	*ret_told = path ? client_place(places, "path", js_text(path)) != NULL : !wanted->socket;
	for (size_t i = 0; *ret_told && i < js_count(places); i++) {
		enum link_state state = LINK_ABSENT;
		const char *noted = path_of(places, i);
		if (!noted)
			continue;
		struct err *e = state_of(spec, noted, js_at(places, i), &state); /* tell() says so */
		if (err_is(e, ERR_CANCELED))
			return e;
		*ret_told = !e && (state == LINK_SAME || state == LINK_FOREIGN) && is_kept(wanted, path, noted);
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

	struct err *e = state_of(spec, path, place, &state);
	bool ours = state == LINK_SAME || state == LINK_CHANGED;
	if (!e && ours)
		e = file_remove(path);
	if (err_is(e, ERR_CANCELED))
		return e;
	if (!e && ours)
		event_note(sink, NULL, "removed the link '%s', which led to the machine's socket", path);
	if (e)
		event_warn(sink, NULL, "the link '%s' may be left: %s", path, e->message);
	err_free(e);
	js_copy_texts(js_get(place, "made"), &made);
	for (size_t i = made.count; i > 0; i--)
		(void)rmdir(made.items[i - 1]); /* what is not empty is used */
	return NULL;
}

/* What the link said and says: a home that has another name now knows it again. */
static void add_leads(const struct machine_spec *spec, struct json *place)
{
	AUTO_FREE char *socket = machine_path(spec, MACHINE_API_SOCKET);
	struct json *leads = js_copy(js_get(place, "leads"));

	if (!leads)
		leads = js_array();
	if (!said(place, socket))
		js_add(leads, js_text(socket));
	js_set(place, "leads", leads);
}

static struct json *new_place(const char *path)
{
	AUTO_FREE char *folder = path_dir(path);
	AUTO(strs) made = STRS_INIT;
	struct json *place = js_object();

	err_free(dir_missing(folder, &made)); /* tell() says so */
	js_set_text(place, "path", path);
	js_set(place, "made", js_texts(&made));
	return place;
}

static struct err *settle(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			  struct sink *sink, struct json **ret_places)
{
	AUTO_FREE char *path = wanted_path(spec, wanted);
	AUTO_JSON *left = js_array();
	struct json *place = NULL;

	for (size_t i = 0; i < js_count(places); i++) {
		const char *noted = path_of(places, i);
		if (noted && is_kept(wanted, path, noted)) {
			add_leads(spec, place = js_copy(js_at(places, i)));
			js_add(left, place);
		} else if (noted) {
			TRY(drop_or_warn(spec, js_at(places, i), sink));
		}
	}
	if (path && js_count(left) == 0) {
		add_leads(spec, place = new_place(path));
		js_add(left, place);
	}
	*ret_places = TAKE(left);
	return NULL;
}

static struct err *put(const struct machine_spec *spec, const char *path, const struct json *place, struct sink *sink,
		       struct str *outcome)
{
	AUTO_FREE char *socket = machine_path(spec, MACHINE_API_SOCKET);
	AUTO_FREE char *folder = path_dir(path);
	enum link_state state = LINK_ABSENT;

	TRY(state_of(spec, path, place, &state));
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

/* Root can make it where this user cannot. */
static void tell_failure(const struct machine_spec *spec, const char *path, const struct err *e, struct sink *sink)
{
	AUTO_FREE char *socket = machine_path(spec, MACHINE_API_SOCKET);
	AUTO_FREE char *folder = path_dir(path);
	AUTO(str) command = STR_INIT;

	if (e->errnum != EACCES && e->errnum != EPERM) {
		event_warn(sink, NULL, "no link leads to the machine's socket: %s", e->message);
		return;
	}
	str_add(&command, "mkdir -p ");
	quote_word(&command, folder);
	str_add(&command, " && ln -s ");
	quote_word(&command, socket);
	str_add(&command, " ");
	quote_word(&command, path);
	event_warn(sink, NULL, "no link leads to the machine's socket: %s; as root: %s", e->message,
		   str_text(&command));
}

/* The place is often root's (/var/run): the machine is up all the same. */
static struct err *tell(const struct machine_spec *spec, const struct clients *wanted, const struct json *places,
			struct sink *sink, struct str *outcome, struct json **ret_place UNUSED)
{
	const char *why = hindrance(spec, wanted);

	if (why)
		event_warn(sink, NULL, "no link '%s' leads to the machine's socket: %s", wanted->socket, why);
	for (size_t i = 0; i < js_count(places); i++) {
		const char *path = path_of(places, i);
		struct err *e = path ? put(spec, path, js_at(places, i), sink, outcome) : NULL;
		if (err_is(e, ERR_CANCELED))
			return e;
		if (e)
			tell_failure(spec, path, e, sink);
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

#include "machine/clients.h"

#include <errno.h>

#include "base/path.h"
#include "fmt/json.h"
#include "machine/client.h"
#include "sys/file.h"

#define NOTE_FILE "connection.json"

static const struct client *const clients[] = {&client_podman, &client_docker, &client_socket};

struct clients clients_of(const struct recipe *stack)
{
	const struct stack_recipe *s = &stack->stack;
	return (struct clients){
		.podman = s->connect_podman, .docker = s->connect_docker, .socket = s->connect_socket};
}

/* One that has places to settle is asked in any case. */
static bool is_wanted(const struct client *client, const struct clients *wanted)
{
	return client == &client_podman ? wanted->podman : client == &client_docker ? wanted->docker : true;
}

/* A note that is damaged says nothing: everybody is told again. */
static struct err *read_note(const char *machine_dir, struct json **ret_note)
{
	AUTO_FREE char *path = path_join(machine_dir, NOTE_FILE);
	AUTO_JSON *note = NULL;
	struct err *e = js_read(path, &note);
	if (err_is(e, ERR_OS))
		return e;
	err_free(e);
	*ret_note = js_is_object(note) ? TAKE(note) : js_object();
	return NULL;
}

bool client_is(const struct json *value, struct json *take_other)
{
	AUTO_JSON *other = take_other;
	AUTO_FREE char *a = value ? js_canonical(value) : NULL;
	AUTO_FREE char *b = other ? js_canonical(other) : NULL;
	return streq(a, b);
}

const struct json *client_place(const struct json *places, const char *key, struct json *take_value)
{
	AUTO_JSON *value = take_value;
	for (size_t i = 0; i < js_count(places); i++)
		if (client_is(js_get(js_at(places, i), key), js_copy(value)))
			return js_at(places, i);
	return NULL;
}

struct err *clients_noted(const char *machine_dir, struct clients *ret_noted)
{
	AUTO_JSON *note = NULL;

	TRY(read_note(machine_dir, &note));
	*ret_noted = (struct clients){.podman = js_count(js_get(note, client_podman.name)) > 0,
				      .docker = js_count(js_get(note, client_docker.name)) > 0,
				      .as_noted = true};
	return NULL;
}

struct err *clients_any(const char *machine_dir, const struct clients *wanted, bool *ret_any)
{
	AUTO_JSON *note = NULL;

	struct err *e = read_note(machine_dir, &note);
	if (e && e->errnum == ENOTDIR) /* no machine is there, and who makes one says why it cannot */
		e = err_free(e);
	if (e)
		return e;
	*ret_any = wanted->podman || wanted->docker || wanted->socket || js_count(js_get(note, client_socket.name)) > 0;
	return NULL;
}

struct err *clients_told(const struct machine_spec *spec, struct clients wanted, bool *ret_told)
{
	AUTO_JSON *note = NULL;

	*ret_told = true;
	TRY(read_note(spec->dir, &note));
	for (size_t i = 0; *ret_told && i < ARRAY_LEN(clients); i++)
		if (is_wanted(clients[i], &wanted))
			TRY(clients[i]->told(spec, &wanted, js_get(note, clients[i]->name), ret_told));
	return NULL;
}

/* @take_place, and the places that are others. */
static void set_place(struct json *note, const struct client *client, struct json *take_place)
{
	struct json *places = js_array();
	const struct json *before = js_get(note, client->name);

	for (size_t i = 0; i < js_count(before); i++)
		if (!client_is(js_get(js_at(before, i), client->place_key),
			       js_copy(js_get(take_place, client->place_key))))
			js_add(places, js_copy(js_at(before, i)));
	js_add(places, take_place);
	js_set(note, client->name, places);
}

static struct err *settle(const struct client *client, const struct machine_spec *spec, const struct clients *wanted,
			  const char *path, struct json *note, struct sink *sink)
{
	struct json *places = NULL;
	TRY(client->settle(spec, wanted, js_get(note, client->name), sink, &places));
	js_set(note, client->name, places);
	return js_write(path, note, 0600);
}

struct err *clients_tell(const struct machine_spec *spec, struct clients wanted, struct sink *sink, struct str *outcome)
{
	AUTO_FREE char *path = path_join(spec->dir, NOTE_FILE);
	AUTO_JSON *note = NULL;

	TRY(read_note(spec->dir, &note));
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		struct json *place = NULL;
		AUTO(str) words = STR_INIT;
		if (!is_wanted(clients[i], &wanted))
			continue;
		if (clients[i]->settle)
			TRY(settle(clients[i], spec, &wanted, path, note, sink));
		TRY(clients[i]->tell(spec, &wanted, js_get(note, clients[i]->name), sink, &words, &place));
		str_addf(outcome, "%s%s", outcome->len && words.len ? ", " : "", str_text(&words));
		if (!place)
			continue;
		set_place(note, clients[i], place);
		TRY(js_write(path, note, 0600));
	}
	return NULL;
}

struct err *clients_links(const char *machine_dir, struct strs *paths)
{
	AUTO_FREE char *inside = path_join(machine_dir, "");
	AUTO_JSON *note = NULL;

	TRY(read_note(machine_dir, &note));
	const struct json *places = js_get(note, client_socket.name);
	for (size_t i = 0; i < js_count(places); i++) {
		const char *path = js_get_text(js_at(places, i), client_socket.place_key);
		AUTO_FREE char *text = NULL;
		if (path)
			TRY(file_link_text(path, &text));
		if (text && str_starts(text, inside))
			strs_add(paths, path);
	}
	return NULL;
}

struct err *clients_forget(const char *machine_dir, const char *name, struct sink *sink)
{
	AUTO_FREE char *path = path_join(machine_dir, NOTE_FILE);
	AUTO_JSON *note = NULL;

	struct err *e = js_read(path, &note);
	if (err_is(e, ERR_CORRUPT))
		event_warn(sink, NULL, "a link to the socket of '%s', or a docker context, may be left: %s", name,
			   e->message);
	err_free(e);
	note = js_free(note);
	TRY(read_note(machine_dir, &note));
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		TRY(clients[i]->forget(machine_dir, name, js_get(note, clients[i]->name), sink));
	return NULL;
}

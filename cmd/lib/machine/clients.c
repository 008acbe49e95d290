#include "machine/clients.h"

#include "base/path.h"
#include "fmt/json.h"
#include "machine/client.h"

#define NOTE_FILE "connection.json"

static const struct client *const clients[] = {&client_podman, &client_docker};

struct clients clients_of(const struct recipe *stack)
{
	return (struct clients){.podman = stack->stack.connect_podman, .docker = stack->stack.connect_docker};
}

static bool is_wanted(const struct client *client, struct clients wanted)
{
	return client == &client_podman ? wanted.podman : wanted.docker;
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
	ret_noted->podman = js_count(js_get(note, client_podman.name)) > 0;
	ret_noted->docker = js_count(js_get(note, client_docker.name)) > 0;
	return NULL;
}

struct err *clients_told(const struct machine_spec *spec, struct clients wanted, bool *ret_told)
{
	AUTO_JSON *note = NULL;

	*ret_told = true;
	TRY(read_note(spec->dir, &note));
	for (size_t i = 0; *ret_told && i < ARRAY_LEN(clients); i++)
		if (is_wanted(clients[i], wanted))
			TRY(clients[i]->told(spec, js_get(note, clients[i]->name), ret_told));
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

struct err *clients_tell(const struct machine_spec *spec, struct clients wanted, struct sink *sink, struct str *outcome)
{
	AUTO_FREE char *path = path_join(spec->dir, NOTE_FILE);
	AUTO_JSON *note = NULL;

	TRY(read_note(spec->dir, &note));
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		struct json *place = NULL;
		AUTO(str) words = STR_INIT;
		if (!is_wanted(clients[i], wanted))
			continue;
		TRY(clients[i]->tell(spec, js_get(note, clients[i]->name), sink, &words, &place));
		str_addf(outcome, "%s%s", outcome->len && words.len ? ", " : "", str_text(&words));
		if (!place)
			continue;
		set_place(note, clients[i], place);
		TRY(js_write(path, note, 0600));
	}
	return NULL;
}

struct err *clients_forget(const char *machine_dir, const char *name, struct sink *sink)
{
	AUTO_JSON *note = NULL;

	TRY(read_note(machine_dir, &note));
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		TRY(clients[i]->forget(machine_dir, name, js_get(note, clients[i]->name), sink));
	return NULL;
}

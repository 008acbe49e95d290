/* podman: connections, by its own command; see guest/connect.h. */
#include <stdlib.h>

#include "base/path.h"
#include "guest/connect.h"
#include "machine/client.h"
#include "machine/paths.h"
#include "sys/child.h"
#include "sys/file.h"

/* --- which files it uses, by which settings --- */

static const char *const settings_names[] = {"HOME", "XDG_CONFIG_HOME", "CONTAINERS_CONF", "PODMAN_CONNECTIONS_CONF"};

/* "HOME=/home/ann" of each; the name alone of one that is not set: as child_env() takes them */
static void settings_now(struct strs *settings)
{
	for (size_t i = 0; i < ARRAY_LEN(settings_names); i++) {
		const char *value = getenv(settings_names[i]);
		strs_addf(settings, "%s%s%s", settings_names[i], value ? "=" : "", value ? value : "");
	}
}

/* Every file that one of podman's versions keeps connections in. See: containers.conf(5), podman-system-connection(1)
 */
static void connection_files(struct strs *paths)
{
	const char *const own[] = {getenv("PODMAN_CONNECTIONS_CONF"), getenv("CONTAINERS_CONF")};
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (own[i] && *own[i])
			strs_add(paths, own[i]);
	AUTO_FREE char *usual = home ? path_join(home, ".config") : NULL;
	const char *dir = config && *config ? config : usual;
	if (dir) {
		strs_take(paths, path_join(dir, "containers/podman-connections.json"));
		strs_take(paths, path_join(dir, "containers/containers.conf"));
	}
	strs_add(paths, "/etc/containers/containers.conf");
}

/* How they look, a line for each: another line is a reason to ask podman again, and nothing else. */
static struct err *look_at_files(struct strs *looks)
{
	AUTO(strs) paths = STRS_INIT;

	connection_files(&paths);
	for (size_t i = 0; i < paths.count; i++) {
		struct stat st = {.st_size = 0};
		bool there = false;
		TRY(file_stat_optional(paths.items[i], &there, &st));
		if (there)
			strs_addf(looks, "%s %llu %lld %lld", paths.items[i], (unsigned long long)st.st_ino,
				  (long long)st.st_size, (long long)file_mtime_ns(&st));
	}
	return NULL;
}

static struct err *told(const struct machine_spec *spec UNUSED, const struct clients *wanted UNUSED,
			const struct json *places, bool *ret_told)
{
	AUTO_FREE char *program = connect_program();
	AUTO(strs) settings = STRS_INIT;
	AUTO(strs) looks = STRS_INIT;

	*ret_told = true;
	if (!program)
		return NULL;
	settings_now(&settings);
	TRY(look_at_files(&looks));
	const struct json *place = client_place(places, "settings", js_texts(&settings));
	*ret_told = place && streq(js_get_text(place, "program"), program) &&
		    client_is(js_get(place, "files"), js_texts(&looks));
	return NULL;
}

/* The login user's podman by the machine's name, the system's by NAME-root. */
static struct err *put_connections(const struct machine_spec *spec, const char *program, struct sink *sink,
				   char **ret_name)
{
	AUTO_JSON *list = NULL;
	AUTO_FREE char *root_name = mem_printf("%s-root", spec->name);
	AUTO_FREE char *path = machine_path(spec, MACHINE_API_SOCKET);
	AUTO_FREE char *root_path = machine_path(spec, MACHINE_ROOT_SOCKET);
	AUTO_FREE char *uri = connect_uri(path);
	AUTO_FREE char *root_uri = connect_uri(root_path);
	AUTO_FREE char *root_given = NULL;
	struct connection user = {.program = program, .name = spec->name, .uri = uri, .dir = spec->dir};
	struct connection root = {.program = program, .name = root_name, .uri = root_uri, .dir = spec->dir};

	TRY(connect_list(program, NULL, &list));
	TRY(connect_put(&user, list, sink, ret_name));
	return connect_put(&root, list, sink, &root_given);
}

static struct err *tell(const struct machine_spec *spec, const struct clients *wanted UNUSED,
			const struct json *places UNUSED, struct sink *sink, struct str *outcome,
			struct json **ret_place)
{
	AUTO_FREE char *program = connect_program();
	AUTO_FREE char *name = NULL;
	AUTO(strs) settings = STRS_INIT;
	AUTO(strs) looks = STRS_INIT;

	if (!program) {
		event_note(sink, NULL,
			   "podman is not installed on this host; use `cooper ssh -- podman`, or install it and run "
			   "`cooper up` again");
		str_add(outcome, "podman is not installed on this host");
		return NULL;
	}
	TRY(put_connections(spec, program, sink, &name));
	TRY(look_at_files(&looks));
	settings_now(&settings);
	struct json *place = js_object();
	js_set(place, "settings", js_texts(&settings));
	js_set_text(place, "program", program);
	js_set(place, "files", js_texts(&looks));
	*ret_place = place;
	if (name)
		str_addf(outcome, "podman --connection %s", name);
	else
		str_add(outcome, "no connection of podman");
	return NULL;
}

static struct err *drop_connections(const char *program, const char *machine_dir, const char *name,
				    const struct strs *settings, struct sink *sink)
{
	AUTO_FREE char *root_name = mem_printf("%s-root", name);
	AUTO(strs) env = STRS_INIT;
	child_env(settings, &env);
	struct connection user = {
		.program = program, .env = (const char *const *)env.items, .name = name, .uri = "", .dir = machine_dir};
	struct connection root = user;
	root.name = root_name;
	TRY(connect_drop(&user, sink));
	return connect_drop(&root, sink);
}

/* A machine goes whatever podman says: what is left then leads nowhere, and is the user's to remove. */
static struct err *drop_or_warn(const char *program, const char *machine_dir, const char *name,
				const struct strs *settings, struct sink *sink)
{
	struct err *e = drop_connections(program, machine_dir, name, settings, sink);

	if (!e || err_is(e, ERR_CANCELED))
		return e;
	AUTO_FREE char *words = strs_join(settings, " ");
	event_warn(sink, NULL, "podman's connection '%s' may be left (%s): %s", name, words, e->message);
	return err_free(e);
}

static struct err *forget(const char *machine_dir, const char *name, const struct json *places, struct sink *sink)
{
	AUTO_FREE char *program = connect_program();
	AUTO(strs) settings = STRS_INIT;

	if (!program)
		return NULL;
	settings_now(&settings);
	for (size_t i = 0; i < js_count(places); i++) {
		const struct json *list = js_get(js_at(places, i), "settings");
		AUTO(strs) noted = STRS_INIT;
		js_copy_texts(list, &noted);
		if (!client_is(list, js_texts(&settings)))
			TRY(drop_or_warn(program, machine_dir, name, &noted, sink));
	}
	return drop_or_warn(program, machine_dir, name, &settings, sink);
}

const struct client client_podman = {
	.name = "podman", .place_key = "settings", .told = told, .tell = tell, .forget = forget};

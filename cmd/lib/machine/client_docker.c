/* docker: a context in its folder of settings; see guest/docker_context.h. */
#include <stdlib.h>

#include "guest/docker_context.h"
#include "machine/client.h"
#include "machine/paths.h"

/* With what it borrows. */
struct context {
	char *folder, *name, *socket;
	struct docker_context docker;
};

static void context_done(struct context *c)
{
	free(c->folder);
	free(c->name);
	free(c->socket);
}

/* The names of contexts are everybody's: "cooper" for the machine of that name, "cooper-dev" for another. */
static void context_init(struct context *c, char *take_folder, const struct machine_spec *spec)
{
	c->folder = take_folder;
	c->name = streq(spec->name, "cooper") ? mem_strdup(spec->name) : mem_printf("cooper-%s", spec->name);
	c->socket = machine_path(spec, MACHINE_API_SOCKET);
	c->docker =
		(struct docker_context){.folder = c->folder, .name = c->name, .socket = c->socket, .dir = spec->dir};
}

static const struct json *place_of(const struct json *places, const char *folder)
{
	return client_place(places, "folder", js_text(folder));
}

/* One of the user's by that name was told of, and is his matter. */
static struct err *is_told(const struct docker_context *c, const struct json *places, bool *ret_told)
{
	enum docker_state state = DOCKER_ABSENT;
	TRY(docker_context_state(c, &state));
	*ret_told = state == DOCKER_SAME || (state == DOCKER_FOREIGN && place_of(places, c->folder));
	return NULL;
}

/* Docker's folder where docker is used, else NULL; heap. */
static struct err *used_folder(char **ret_folder)
{
	AUTO_FREE char *folder = docker_folder();
	bool used = false;

	if (folder)
		TRY(docker_is_used(folder, &used));
	*ret_folder = used ? TAKE(folder) : NULL;
	return NULL;
}

static struct err *told(const struct machine_spec *spec, const struct clients *wanted UNUSED,
			const struct json *places, bool *ret_told)
{
	AUTO_FREE char *folder = NULL;

	*ret_told = true;
	TRY(used_folder(&folder));
	if (!folder)
		return NULL;
	AUTO(context) c = {.name = NULL};
	context_init(&c, TAKE(folder), spec);
	return is_told(&c.docker, places, ret_told);
}

/* A new context may become the current one; never again, for then the user has left it. */
static struct err *put(const struct docker_context *c, struct sink *sink, struct strs *made, struct str *outcome)
{
	enum docker_state state = DOCKER_ABSENT;
	bool current = false;

	TRY(docker_context_state(c, &state));
	if (state == DOCKER_FOREIGN) {
		event_warn(
			sink, NULL,
			"docker's context '%s' is not this machine's, and stays: none was made; DOCKER_HOST=unix://%s "
			"reaches it, or remove that (docker context rm %s)",
			c->name, c->socket, c->name);
		return NULL;
	}
	if (state != DOCKER_SAME)
		TRY(docker_context_put(c, made));
	if (state == DOCKER_ABSENT)
		TRY(docker_context_use(c, &current));
	str_addf(outcome, current ? "docker" : "docker --context %s", c->name);
	return NULL;
}

/* Docker's folder is often not writable (`sudo docker` makes it root's): the machine is up all the same. */
static struct err *tell(const struct machine_spec *spec, const struct clients *wanted UNUSED,
			const struct json *places, struct sink *sink, struct str *outcome, struct json **ret_place)
{
	AUTO_FREE char *folder = NULL;
	AUTO(strs) made = STRS_INIT;

	TRY(used_folder(&folder));
	if (!folder)
		return NULL;
	AUTO(context) c = {.name = NULL};
	context_init(&c, TAKE(folder), spec);
	js_copy_texts(js_get(place_of(places, c.folder), "made"), &made);
	struct err *e = put(&c.docker, sink, &made, outcome);
	if (err_is(e, ERR_CANCELED))
		return e;
	if (e)
		event_warn(sink, NULL,
			   "docker is not told of the machine: %s; mend that and run `cooper up`, or have none "
			   "(connect: { docker: false })",
			   e->message);
	if (e && made.count == 0)
		return err_free(e);
	err_free(e);
	*ret_place = js_object();
	js_set_text(*ret_place, "folder", c.folder);
	js_set(*ret_place, "made", js_texts(&made));
	return NULL;
}

/* As with podman, a machine goes whatever is left. */
static struct err *drop_or_warn(const struct docker_context *c, const struct strs *made, struct sink *sink)
{
	struct err *e = docker_context_drop(c, made);

	if (!e || err_is(e, ERR_CANCELED))
		return e;
	event_warn(sink, NULL, "docker's context '%s' may be left in '%s': %s", c->name, c->folder, e->message);
	return err_free(e);
}

static struct err *forget(const char *machine_dir, const char *name, const struct json *places, struct sink *sink)
{
	const struct machine_spec spec = {.name = (char *)(uintptr_t)name, .dir = (char *)(uintptr_t)machine_dir};
	char *now = docker_folder();

	for (size_t i = 0; i < js_count(places); i++) {
		AUTO(context) c = {.name = NULL};
		AUTO(strs) made = STRS_INIT;
		const char *folder = js_get_text(js_at(places, i), "folder");
		if (!folder)
			continue;
		js_copy_texts(js_get(js_at(places, i), "made"), &made);
		context_init(&c, mem_strdup(folder), &spec);
		struct err *e = drop_or_warn(&c.docker, &made, sink);
		if (e) {
			free(now);
			return e;
		}
	}
	if (!now)
		return NULL;
	AUTO(context) c = {.name = NULL};
	context_init(&c, now, &spec);
	return drop_or_warn(&c.docker, /* made= */ NULL, sink);
}

const struct client client_docker = {
	.name = "docker", .place_key = "folder", .told = told, .tell = tell, .forget = forget};

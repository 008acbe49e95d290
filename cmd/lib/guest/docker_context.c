#include "guest/docker_context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "sys/child.h"
#include "sys/file.h"

#define CURRENT "currentContext"
#define UNIX "unix://"

/* Where docker's clients look when nobody told them anything. */
static const char system_socket[] = "/var/run/docker.sock";

char *docker_folder(void)
{
	const char *own = getenv("DOCKER_CONFIG");
	const char *home = getenv("HOME");

	if (own && *own)
		return file_absolute(own);
	return home && *home == '/' ? path_join(home, ".docker") : NULL;
}

struct err *docker_is_used(const char *folder, bool *ret_used)
{
	AUTO_FREE char *program = child_find("docker");
	struct stat st = {.st_mode = 0};
	bool there = false;
	struct err *e = file_stat(folder, &there, &st);
	bool leads_nowhere = e && e->errnum == ENOTDIR; /* a way of somebody who wants no configuration: /dev/null */
	*ret_used = there ? S_ISDIR(st.st_mode) : program && !leads_nowhere;
	return leads_nowhere ? err_free(e) : e;
}

static char *context_dir(const struct docker_context *c)
{
	char id[SHA256_HEX];
	digest_bytes(c->name, strlen(c->name), id);
	return mem_printf("%s/contexts/meta/%s", c->folder, id);
}

/* docker takes what follows "unix://" as it stands: no escapes. */
static const char *socket_of(const struct json *meta)
{
	const char *host = js_get_text(js_get(js_get(meta, "Endpoints"), "docker"), "Host");
	return host && str_starts(host, UNIX) ? host + strlen(UNIX) : NULL;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	return path && strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* *ret_meta NULL: there is none. */
static struct err *read_meta(const struct docker_context *c, struct json **ret_meta)
{
	AUTO_FREE char *dir = context_dir(c);
	AUTO_FREE char *path = path_join(dir, "meta.json");
	struct err *e = js_read(path, ret_meta);

	bool absent = err_is(e, ERR_ABSENT) || (e && e->errnum == ENOTDIR);
	if (err_is(e, ERR_OS) && !absent)
		return e;
	if (absent)
		*ret_meta = NULL;
	else if (e)
		*ret_meta = js_object();
	return err_free(e);
}

struct err *docker_context_state(const struct docker_context *c, enum docker_state *ret_state)
{
	AUTO_JSON *meta = NULL;
	TRY(read_meta(c, &meta));
	const char *socket = socket_of(meta);
	*ret_state = !meta                       ? DOCKER_ABSENT
		     : !is_below(socket, c->dir) ? DOCKER_FOREIGN
		     : streq(socket, c->socket)  ? DOCKER_SAME
						 : DOCKER_CHANGED;
	return NULL;
}

struct err *docker_context_put(const struct docker_context *c, struct strs *made)
{
	AUTO_FREE char *dir = context_dir(c);
	AUTO_FREE char *path = path_join(dir, "meta.json");
	AUTO_FREE char *host = mem_printf(UNIX "%s", c->socket);
	AUTO_JSON *meta = js_object();
	struct json *about = js_object();
	struct json *endpoints = js_object();
	struct json *docker = js_object();

	js_set_text(about, "Description", "cooper's machine");
	js_set_text(docker, "Host", host);
	js_set_bool(docker, "SkipTLSVerify", false);
	js_set(endpoints, "docker", docker);
	js_set_text(meta, "Name", c->name);
	js_set(meta, "Metadata", about);
	js_set(meta, "Endpoints", endpoints);
	TRY(dir_missing(dir, made));
	TRY(dir_make(dir, 0755));
	return js_write(path, meta, 0644);
}

/* --- the current context --- */

/* docker's config.json, the file itself where it is a link. *ret_config NULL: there is none. */
static struct err *read_config(const struct docker_context *c, char **ret_path, mode_t *ret_mode,
			       struct json **ret_config)
{
	AUTO_FREE char *name = path_join(c->folder, "config.json");
	struct stat st = {.st_mode = 0600};
	bool there = false;

	*ret_config = NULL;
	TRY(file_stat(name, &there, &st));
	*ret_mode = st.st_mode & 0777;
	*ret_path = there ? realpath(name, NULL) : TAKE(name);
	if (!*ret_path)
		return err_os(errno, "cannot find '%s'", name);
	if (!there)
		return NULL;
	TRY(js_read(*ret_path, ret_config));
	return js_is_object(*ret_config) ? NULL : err_new(ERR_CORRUPT, "'%s' is not docker's configuration", *ret_path);
}

struct err *docker_context_use(const struct docker_context *c, bool *ret_used)
{
	AUTO_FREE char *path = NULL;
	AUTO_JSON *config = NULL;
	mode_t mode = 0;
	bool listens = false;

	*ret_used = false;
	TRY(file_exists(system_socket, &listens));
	if (listens || getenv("DOCKER_HOST") || getenv("DOCKER_CONTEXT"))
		return NULL;
	TRY(read_config(c, &path, &mode, &config));
	if (js_get(config, CURRENT))
		return NULL;
	if (!config)
		config = js_object();
	js_set_text(config, CURRENT, c->name);
	TRY(js_write(path, config, mode));
	*ret_used = true;
	return NULL;
}

/* The configuration without that member; no file where nothing else was in it and @made says that it was not docker's.
 */
static struct err *stop_using(const struct docker_context *c, bool remove_empty)
{
	AUTO_FREE char *path = NULL;
	AUTO_JSON *config = NULL;
	AUTO_JSON *rest = js_object();
	mode_t mode = 0;

	TRY(read_config(c, &path, &mode, &config));
	if (!streq(js_get_text(config, CURRENT), c->name))
		return NULL;
	for (struct js_member m = {.of = config}; js_next(&m);)
		if (!streq(m.key, CURRENT))
			js_set(rest, m.key, js_copy(m.value));
	if (js_count(rest) == 0 && remove_empty)
		return file_remove(path);
	return js_write(path, rest, mode);
}

struct err *docker_context_drop(const struct docker_context *c, const struct strs *made)
{
	AUTO_FREE char *dir = context_dir(c);
	AUTO_FREE char *path = path_join(dir, "meta.json");
	enum docker_state state = DOCKER_ABSENT;

	TRY(docker_context_state(c, &state));
	if (state == DOCKER_ABSENT || state == DOCKER_FOREIGN)
		return NULL;
	TRY(stop_using(c, made && strs_has(made, c->folder)));
	TRY(file_remove(path));
	(void)rmdir(dir);
	for (size_t i = made ? made->count : 0; i > 0; i--)
		(void)rmdir(made->items[i - 1]); /* what is not empty is used */
	return NULL;
}

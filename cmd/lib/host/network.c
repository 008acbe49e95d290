#include "host/network.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/path.h"
#include "net/fetch_env.h"
#include "sys/file.h"

enum { TEXT_MAX_BYTES = 4 * 1024 * 1024, DEPTH_MAX = 4 };

/* In small letters first, as curl does: of http_proxy it reads no other. */
static const char *setting(const char *name)
{
	AUTO_FREE char *capitals = mem_strdup(name);
	const char *value = getenv(name);

	for (char *p = capitals; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return value && *value ? value : getenv(capitals);
}

static void add_proxies(struct guest_network *n, const char *loopback, struct strs *warnings)
{
	static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy"};
	const char *except = setting("no_proxy");

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = setting(names[i]);
		if (value && *value)
			guest_network_add_proxy(n, names[i], value, loopback, warnings);
	}
	if (n->proxy.count)
		guest_network_add_proxy(n, "no_proxy", except ? except : "", loopback, warnings);
}

static struct err *add_file(struct guest_network *n, const char *path, size_t *ret_found)
{
	AUTO_FREE char *text = NULL;

	TRY(file_read(path, TEXT_MAX_BYTES, &text, NULL));
	*ret_found = guest_network_add_certificates(n, text);
	return NULL;
}

/* A bundle that was named has something in it. */
static struct err *add_bundle(struct guest_network *n, const char *path)
{
	size_t found = 0;

	TRY(add_file(n, path, &found));
	return found ? NULL : err_new(ERR_CORRUPT, "'%s' holds no certificate in PEM", path);
}

static struct err *add_below(struct guest_network *n, const char *path, int depth)
{
	AUTO(strs) names = STRS_INIT;
	struct stat st = {.st_mode = 0};
	bool there = false;
	size_t found = 0;

	TRY(file_stat_optional(path, &there, &st));
	if (there && S_ISREG(st.st_mode))
		return add_file(n, path, &found);
	if (!there || !S_ISDIR(st.st_mode) || depth == DEPTH_MAX)
		return NULL;
	TRY(dir_list(path, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *below = path_join(path, names.items[i]);
		TRY(add_below(n, below, depth + 1));
	}
	return NULL;
}

static struct err *note_of(struct strs *warnings, struct err *take_e)
{
	if (!take_e || err_is(take_e, ERR_CANCELED))
		return take_e;
	strs_addf(warnings, "%s: the machine does not trust the authorities in it", take_e->message);
	return err_free(take_e);
}

struct err *host_network(const char *loopback, struct guest_network *ret_network, struct strs *warnings)
{
	struct fetch_env env;

	fetch_env_read(&env);
	add_proxies(ret_network, loopback, warnings);
	for (const char *const *folder = host_authorities; *folder; folder++)
		TRY(note_of(warnings, add_below(ret_network, *folder, 0)));
	return env.ca ? note_of(warnings, add_bundle(ret_network, env.ca)) : NULL;
}

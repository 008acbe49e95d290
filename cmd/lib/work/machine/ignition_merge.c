#include "work/machine/ignition_merge.h"

#include <string.h>

/* --- what the user's may be --- */

static struct err *check_version(const struct json *config)
{
	static const char *const known[] = {"3.0.0", "3.1.0", "3.2.0", "3.3.0"};
	const char *version = json_get_text(json_get(config, "ignition"), "version");

	for (size_t i = 0; version && i < ARRAY_LEN(known); i++)
		if (streq(version, known[i]))
			return NULL;
	return err_hint(err_new(ERR_USAGE, "its 'ignition.version' is %s%s%s, not 3.0.0 to 3.3.0", version ? "'" : "",
				version ? version : "missing", version ? "'" : ""),
			"3.3.0 is what every image takes; butane writes it for 'variant: fcos, version: 1.4.0'");
}

/* Whatever has a `source` is fetched at the first boot: from where nobody can tell what it will be then. */
static struct err *check_pinned(const struct json *value)
{
	const char *source = json_get_text(value, "source");

	if (source && *source && !str_starts(source, "data:") &&
	    !json_get_text(json_get(value, "verification"), "hash"))
		return err_hint(err_new(ERR_USAGE, "'%s' is fetched at the first boot and has no digest", source),
				"add \"verification\": {\"hash\": \"sha256-...\"} beside the source");
	for (size_t i = 0; json_is_object(value) && i < json_count(value); i++)
		TRY(check_pinned(json_value_at(value, i)));
	for (size_t i = 0; json_is_array(value) && i < json_count(value); i++)
		TRY(check_pinned(json_at(value, i)));
	return NULL;
}

static struct err *check(const struct json *config)
{
	if (!json_is_object(config))
		return err_new(ERR_USAGE, "it is no JSON object");
	TRY(check_version(config));
	if (json_get(json_get(json_get(config, "ignition"), "config"), "replace"))
		return err_hint(err_new(ERR_USAGE, "'ignition.config.replace' would drop the machine's own"),
				"'merge' adds to it");
	return check_pinned(config);
}

struct err *ignition_read(const char *path, char **ret_text)
{
	AUTO_JSON *config = NULL;
	struct err *e = json_read(path, &config);

	if (!e)
		e = check(config);
	if (e && e->kind == ERR_CORRUPT)
		e->kind = ERR_USAGE; /* the user wrote it */
	if (e)
		return err_wrap(e, "the Ignition configuration '%s'", path);
	*ret_text = json_canonical(config);
	return NULL;
}

/* --- what both name --- */

static const struct json *list_of(const struct json *config, const char *section, const char *list)
{
	return json_get(json_get(config, section), list);
}

static const struct json *find(const struct json *list, const char *key, const char *name)
{
	for (size_t i = 0; name && i < json_count(list); i++)
		if (json_get_text(json_at(list, i), key) && streq(json_get_text(json_at(list, i), key), name))
			return json_at(list, i);
	return NULL;
}

static struct err *taken(const char *what, const char *name)
{
	return err_hint(err_new(ERR_USAGE, "%s '%s' is the machine's own", what, name),
			"'cooper tool ignition' shows what the machine brings");
}

/* Files, folders and links share their names. */
static struct err *check_paths(const struct json *ours, const struct json *theirs)
{
	static const char *const kinds[] = {"files", "directories", "links"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct json *list = list_of(theirs, "storage", kinds[i]);
		for (size_t j = 0; j < json_count(list); j++) {
			const char *path = json_get_text(json_at(list, j), "path");
			for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
				if (find(list_of(ours, "storage", kinds[k]), "path", path))
					return taken("the path", path);
		}
	}
	return NULL;
}

static struct err *check_disks(const struct json *ours, const struct json *theirs)
{
	static const char *const kinds[] = {"filesystems", "disks"};
	const struct json *own = list_of(ours, "storage", "filesystems");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct json *list = list_of(theirs, "storage", kinds[i]);
		for (size_t j = 0; j < json_count(list); j++) {
			const char *device = json_get_text(json_at(list, j), "device");
			const char *path = json_get_text(json_at(list, j), "path");
			if (find(own, "device", device))
				return taken("the disk", device);
			if (find(own, "path", path))
				return taken("the file system at", path);
		}
	}
	return NULL;
}

/* A drop-in adds to a unit; everything else about one of ours would change it. */
static struct err *check_units(const struct json *ours, const struct json *theirs)
{
	const struct json *list = list_of(theirs, "systemd", "units");

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *unit = json_at(list, i);
		const char *name = json_get_text(unit, "name");
		const struct json *own = find(list_of(ours, "systemd", "units"), "name", name);
		if (!own)
			continue;
		for (size_t j = 0; j < json_count(unit); j++)
			if (!streq(json_key_at(unit, j), "name") && !streq(json_key_at(unit, j), "dropins"))
				return taken("the unit", name);
		for (size_t j = 0; j < json_count(json_get(unit, "dropins")); j++) {
			const char *dropin = json_get_text(json_at(json_get(unit, "dropins"), j), "name");
			if (find(json_get(own, "dropins"), "name", dropin))
				return taken("the drop-in", dropin);
		}
	}
	return NULL;
}

/* Keys and groups are joined; what we set of a user stays. */
static struct err *check_users(const struct json *ours, const struct json *theirs)
{
	const struct json *list = list_of(theirs, "passwd", "users");

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *user = json_at(list, i);
		const char *name = json_get_text(user, "name");
		const struct json *own = find(list_of(ours, "passwd", "users"), "name", name);
		for (size_t j = 0; own && j < json_count(user); j++) {
			const char *key = json_key_at(user, j);
			bool joined = streq(key, "name") || streq(key, "groups") || streq(key, "sshAuthorizedKeys");
			if (joined || !json_get(own, key))
				continue;
			AUTO_FREE char *what = mem_printf("'%s' of the user", key);
			return taken(what, name);
		}
	}
	return NULL;
}

struct err *ignition_conflict(const struct json *ours, const char *text)
{
	AUTO_JSON *theirs = NULL;

	TRY(json_parse(text, strlen(text), "the user's Ignition configuration", &theirs));
	TRY(check_paths(ours, theirs));
	TRY(check_disks(ours, theirs));
	TRY(check_units(ours, theirs));
	return check_users(ours, theirs);
}

#include "machine/ignition_merge.h"

#include <string.h>

#include "base/path.h"
#include "fmt/json.h"
#include "recipe/problems.h"
#include "sys/beneath.h"

#define UNITS_DIR "/etc/systemd/system"
#define SEE_OURS "`cooper tool ignition` shows the machine's own configuration"

static const char *const node_kinds[] = {"files", "directories", "links"};

struct merge {
	const struct ignition_limits *limits;
	const struct json *ours;
	struct problems problems;
};

/* --- what the user's says --- */

/* The node of a text, or NULL: JSON's null is as good as nothing. */
static const struct yaml_node *text_node(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);
	return node && node->kind == YAML_SCALAR && node->type == YAML_TEXT ? node : NULL;
}

static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = text_node(map, key);
	return node ? node->text : NULL;
}

static size_t count(const struct yaml_node *list)
{
	return list && list->kind != YAML_SCALAR ? list->count : 0;
}

static const struct yaml_node *their_list(const struct yaml_node *root, const char *section, const char *list)
{
	const struct yaml_node *node = yaml_get(yaml_get(root, section), list);
	return node && node->kind == YAML_LIST ? node : NULL;
}

static void taken(struct merge *m, const struct yaml_node *at, const char *what)
{
	problem_add(&m->problems, at, SEE_OURS, "%s '%s' is the machine's own", what, at->text);
}

static void check_version(struct merge *m, const struct yaml_node *root)
{
	const struct yaml_node *ignition = yaml_get(root, "ignition");
	const struct yaml_node *version = yaml_get(ignition, "version");
	AUTO_FREE char *hint = mem_printf("butane writes 3.%d.0 for `variant: fcos` with `version: 1.%d.0`",
					  m->limits->minor, m->limits->minor + 1);

	for (int minor = 0; version && version->quoted && minor <= m->limits->minor; minor++) {
		AUTO_FREE char *known = mem_printf("3.%d.0", minor);
		if (streq(version->text, known))
			return;
	}
	if (!version)
		problem_add(&m->problems, ignition ? ignition : root, hint, "'ignition.version' is missing");
	else
		problem_add(&m->problems, version, hint,
			    "the image takes the specifications \"3.0.0\" to \"3.%d.0\", not this one",
			    m->limits->minor);
}

/* What a further configuration holds cannot be looked at here, and would win over the machine's own. */
static void check_further(struct merge *m, const struct yaml_node *root)
{
	const struct yaml_node *config = yaml_get(yaml_get(root, "ignition"), "config");
	const struct yaml_node *replace = yaml_get(config, "replace");

	if (text_node(replace, "source"))
		problem_add(&m->problems, yaml_key(config, "replace"), "leave it out: this file is merged as a whole",
			    "'replace' would drop the machine's own configuration");
	if (count(yaml_get(config, "merge")))
		problem_add(&m->problems, yaml_key(config, "merge"), "put its content into this file",
			    "a further configuration cannot be checked against the machine's own");
}

/* Whatever has a `source` is fetched at the first boot: from where nobody can tell what it will be then. */
static void check_sources(struct merge *m, const struct yaml_node *value)
{
	const struct yaml_node *source = value->kind == YAML_MAP ? text_node(value, "source") : NULL;

	if (source && *source->text && !str_starts(source->text, "data:")) {
		if (!m->limits->network)
			problem_add(&m->problems, source,
				    "put it in as a \"data:\" URL (butane: `local:`), or use a guest step",
				    "the image has no network while Ignition runs");
		else if (!text_of(yaml_get(value, "verification"), "hash"))
			problem_add(&m->problems, source, "add \"verification\": {\"hash\": \"sha256-...\"} beside it",
				    "files fetched at the first boot need a digest");
	}
	for (size_t i = 0; i < count(value); i++)
		if (value->kind != YAML_MAP || !streq(value->keys[i]->text, "config")) /* refused already */
			check_sources(m, value->values[i]);
}

static void check_kargs(struct merge *m, const struct yaml_node *root)
{
	if (!m->limits->kargs && count(yaml_get(root, "kernelArguments")))
		problem_add(&m->problems, yaml_key(root, "kernelArguments"),
			    "the image's recipe has them: `boot: cmdline`",
			    "the image's kernel is started with the arguments that cooper gives it");
}

/* --- what both name --- */

static const struct json *our_list(const struct merge *m, const char *section, const char *list)
{
	return js_get(js_get(m->ours, section), list);
}

static const struct json *find(const struct json *list, const char *key, const char *name)
{
	for (size_t i = 0; name && i < js_count(list); i++)
		if (js_get_text(js_at(list, i), key) && streq(js_get_text(js_at(list, i), key), name))
			return js_at(list, i);
	return NULL;
}

/* Files, folders and links share their names, and units are files, too. */
/* Of what is theirs as well as ours, theirs wins in the guest. */
static bool may_be_theirs(const char *path)
{
	return streq(path, "/etc/hostname") || streq(path, "/etc/hosts");
}

static bool is_our_path(const struct merge *m, const char *path)
{
	if (may_be_theirs(path))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(node_kinds); i++)
		if (find(our_list(m, "storage", node_kinds[i]), "path", path))
			return true;
	if (!str_starts(path, UNITS_DIR "/"))
		return false;
	path += strlen(UNITS_DIR "/");
	return find(our_list(m, "systemd", "units"), "name", path) != NULL;
}

/* A file or link where one of ours has a folder would take that one's place. */
static bool is_above_ours(const struct merge *m, const char *path)
{
	AUTO_FREE char *folder = mem_printf("%s/", path);

	for (size_t i = 0; i < ARRAY_LEN(node_kinds); i++) {
		const struct json *list = our_list(m, "storage", node_kinds[i]);
		for (size_t j = 0; j < js_count(list); j++)
			if (str_starts(js_get_text(js_at(list, j), "path"), folder))
				return true;
	}
	return str_starts(UNITS_DIR "/", folder);
}

static void check_paths(struct merge *m, const struct yaml_node *root)
{
	for (size_t i = 0; i < ARRAY_LEN(node_kinds); i++) {
		const struct yaml_node *list = their_list(root, "storage", node_kinds[i]);
		for (size_t j = 0; j < count(list); j++) {
			const struct yaml_node *path = text_node(list->values[j], "path");
			if (!path)
				continue;
			if (*path->text != '/' || !path_is_plain(path->text + 1))
				problem_add(&m->problems, path, NULL,
					    "a path must be absolute, without '.', '..', '//' or '/' at its end");
			else if (is_our_path(m, path->text))
				taken(m, path, "the path");
			else if (!streq(node_kinds[i], "directories") && is_above_ours(m, path->text))
				problem_add(&m->problems, path, SEE_OURS, "the machine has files of its own below '%s'",
					    path->text);
		}
	}
}

static void check_disks(struct merge *m, const struct yaml_node *root)
{
	static const char *const kinds[] = {"filesystems", "disks"};
	const struct json *own = our_list(m, "storage", "filesystems");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct yaml_node *list = their_list(root, "storage", kinds[i]);
		for (size_t j = 0; j < count(list); j++) {
			const struct yaml_node *device = text_node(list->values[j], "device");
			const struct yaml_node *path = text_node(list->values[j], "path");
			if (device && find(own, "device", device->text))
				taken(m, device, "the disk");
			else if (path && find(own, "path", path->text))
				taken(m, path, "the file system at");
		}
	}
}

static void check_dropins(struct merge *m, const char *unit, const struct yaml_node *dropins, const struct json *own)
{
	for (size_t i = 0; i < count(dropins); i++) {
		const struct yaml_node *name = text_node(dropins->values[i], "name");
		if (!name)
			continue;
		AUTO_FREE char *path = mem_printf(UNITS_DIR "/%s.d/%s", unit, name->text);
		if (find(js_get(own, "dropins"), "name", name->text) || is_our_path(m, path))
			taken(m, name, "the drop-in");
	}
}

/* A drop-in adds to a unit; everything else about one of ours would change it. */
static void check_units(struct merge *m, const struct yaml_node *root)
{
	const struct yaml_node *list = their_list(root, "systemd", "units");

	for (size_t i = 0; i < count(list); i++) {
		const struct yaml_node *unit = list->values[i];
		const struct yaml_node *name = text_node(unit, "name");
		if (!name)
			continue;
		const struct json *own = find(our_list(m, "systemd", "units"), "name", name->text);
		AUTO_FREE char *path = mem_printf(UNITS_DIR "/%s", name->text);
		bool changes = false;
		for (size_t j = 0; j < unit->count; j++)
			changes = changes ||
				  (!streq(unit->keys[j]->text, "name") && !streq(unit->keys[j]->text, "dropins"));
		if (changes && (own || is_our_path(m, path)))
			taken(m, name, "the unit");
		check_dropins(m, name->text, yaml_get(unit, "dropins"), own);
	}
}

/* Keys and groups are joined, and the machine has no use for the others of these; without the rest nobody gets in. */
static void check_users(struct merge *m, const struct yaml_node *root)
{
	static const char *const free_keys[] = {"name", "groups", "sshAuthorizedKeys", "passwordHash", "gecos"};
	const struct yaml_node *list = their_list(root, "passwd", "users");

	for (size_t i = 0; i < count(list); i++) {
		const struct yaml_node *user = list->values[i];
		const char *name = text_of(user, "name");
		if (!find(our_list(m, "passwd", "users"), "name", name))
			continue;
		for (size_t j = 0; j < user->count; j++) {
			bool is_free = false;
			for (size_t k = 0; k < ARRAY_LEN(free_keys); k++)
				is_free = is_free || streq(user->keys[j]->text, free_keys[k]);
			if (is_free || user->values[j]->type == YAML_NULL)
				continue;
			problem_add(&m->problems, user->keys[j],
				    "groups, keys, a password's hash and a name in full can be added",
				    "'%s' of the user '%s' is the machine's own", user->keys[j]->text, name);
		}
	}
}

static void check(struct merge *m, const struct yaml_node *root)
{
	if (root->kind != YAML_MAP) {
		problem_add(&m->problems, root, NULL, "an Ignition configuration is a JSON object");
		return;
	}
	check_version(m, root);
	check_further(m, root);
	check_sources(m, root);
	check_kargs(m, root);
	check_paths(m, root);
	check_disks(m, root);
	check_units(m, root);
	check_users(m, root);
}

struct err *ignition_read(const char *dir, const char *file, const struct ignition_limits *limits, const char *ours,
			  char **ret_text)
{
	AUTO_FREE char *path = path_join(dir, file);
	AUTO_FREE char *text = NULL;
	AUTO_JSON *theirs = NULL;
	AUTO_JSON *own = NULL;
	AUTO_ARENA *arena = arena_new();
	size_t size = 0;

	TRY(js_parse(ours, strlen(ours), "the machine's own configuration", &own));
	struct err *e = beneath_read(dir, file, YAML_SIZE_MAX, &text, &size);
	/* JSON is the stricter; read as YAML, which it is too, it says where everything stands */
	if (!e)
		e = js_parse(text, size, path, &theirs);
	if (e && e->kind == ERR_CORRUPT) {
		e->kind = ERR_USAGE; /* the user wrote it */
		e = err_hint(e, "butane makes Ignition's JSON of its own YAML: `butane --strict FILE`");
	}
	if (e)
		return e;
	struct merge m = {.limits = limits, .ours = own, .problems = {.arena = arena}};
	const struct yaml_doc *doc = yaml_parse(arena, path, text, size);
	problems_add_doc(&m.problems, doc);
	if (!doc->problem_count)
		check(&m, doc->root);
	TRY(problems_error(&m.problems, path));
	*ret_text = js_canonical(theirs);
	return NULL;
}

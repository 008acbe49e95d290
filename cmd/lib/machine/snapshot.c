#include "machine/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/suggest.h"
#include "fmt/json.h"
#include "machine/layer_users.h"
#include "machine/layers.h"
#include "sys/file.h"

#define ENDING ".json"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { NAME_MAX_LENGTH = 64 };

void snapshots_done(struct snapshots *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->items[i].name);
		free(s->items[i].made);
	}
	free(s->items);
	*s = (struct snapshots){.items = NULL};
}

static char *folder_of(const struct machine_spec *spec)
{
	return path_join(spec->dir, SNAPSHOTS_FOLDER);
}

static char *note_path(const struct machine_spec *spec, const char *name)
{
	AUTO_FREE char *dir = folder_of(spec);
	return mem_printf("%s/%s" ENDING, dir, name);
}

static struct err *check_name(const char *name)
{
	size_t length = strspn(name, LETTERS "._-");

	if (*name && strchr(LETTERS, *name) && !name[length] && length <= NAME_MAX_LENGTH)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "'%s' cannot be the name of a snapshot", name),
			"1 to %d letters, digits and . _ -, and first a letter or digit", NAME_MAX_LENGTH);
}

static struct err *names_of(const struct machine_spec *spec, struct strs *names)
{
	AUTO_FREE char *dir = folder_of(spec);
	AUTO(strs) files = STRS_INIT;

	TRY(dir_list(dir, &files));
	for (size_t i = 0; i < files.count; i++)
		if (str_ends(files.items[i], ENDING))
			strs_take(names, mem_strndup(files.items[i], strlen(files.items[i]) - strlen(ENDING)));
	return NULL;
}

static struct err *absent(const struct machine_spec *spec, const char *name)
{
	AUTO(strs) names = STRS_INIT;

	TRY(names_of(spec, &names));
	struct err *e = err_new(ERR_ABSENT, "the machine '%s' has no snapshot '%s'", path_base(spec->dir), name);
	const char *near = suggest_nearest(name, (const char *const *)names.items, names.count);
	AUTO_FREE char *all = strs_join(&names, ", ");
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	return names.count ? err_hint(e, "it has: %s", all) : err_hint(e, "it has none");
}

static struct err *read_note(const struct machine_spec *spec, const char *name, struct json **ret_note)
{
	AUTO_FREE char *path = note_path(spec, name);
	bool there = false;

	TRY(check_name(name));
	TRY(file_exists(path, &there));
	return there ? js_read(path, ret_note) : absent(spec, name);
}

/* @ret_layer: borrowed from the note */
static struct err *find(const struct machine_spec *spec, const char *name, struct json **ret_note, const char **ret_layer)
{
	TRY(read_note(spec, name, ret_note));
	*ret_layer = js_get_text(*ret_note, SNAPSHOT_LAYER);
	if (!*ret_layer || !layer_is_id(*ret_layer))
		return err_new(ERR_CORRUPT, "the note of snapshot '%s' names no layer", name);
	return NULL;
}

struct err *snapshot_check(const struct machine_spec *spec, const char *name)
{
	AUTO_JSON *note = NULL;
	const char *id = NULL;

	return find(spec, name, &note, &id);
}

struct err *snapshot_create(const struct machine_spec *spec, const struct vmm *vmm, const char *name)
{
	AUTO_FREE char *path = note_path(spec, name);
	AUTO_FREE char *dir = folder_of(spec);
	AUTO_FREE char *id = NULL;
	AUTO_JSON *note = js_object();
	bool there = false;

	TRY(check_name(name));
	TRY(file_exists(path, &there));
	if (there)
		return err_hint(err_new(ERR_USAGE, "the machine '%s' has a snapshot '%s' already",
					path_base(spec->dir), name),
				"choose another name, or `cooper snapshot delete %s %s`", name, path_base(spec->dir));
	TRY(dir_make(dir, 0700));
	TRY(layer_freeze(spec, vmm, &id));
	js_set_text(note, SNAPSHOT_LAYER, id);
	js_set_now(note, "made");
	return js_write(path, note, 0600);
}

struct err *snapshot_restore(const struct machine_spec *spec, const struct vmm *vmm, const char *name)
{
	AUTO_JSON *note = NULL;
	const char *id = NULL;

	TRY(find(spec, name, &note, &id));
	return layer_put(spec, vmm, id);
}

struct err *snapshot_delete(const struct machine_spec *spec, const char *name)
{
	AUTO_FREE char *path = note_path(spec, name);
	AUTO_JSON *note = NULL;

	struct err *e = read_note(spec, name, &note);
	if (!err_is(e, ERR_CORRUPT)) /* a note that says nothing can go */
		TRY(e);
	err_free(e);
	return file_revoke(path);
}

static int by_age(const void *a, const void *b)
{
	const struct snapshot *x = a, *y = b;
	int order = strcmp(x->made, y->made);
	return order ? order : strcmp(x->name, y->name);
}

static struct err *look_at(const struct machine_spec *spec, const char *name, struct snapshot *s)
{
	AUTO_JSON *note = NULL;
	const char *id = NULL;

	TRY(find(spec, name, &note, &id));
	const char *made = js_get_text(note, "made");
	free(s->made);
	s->made = mem_strdup(made ? made : "");
	return layer_bytes(spec, id, &s->bytes);
}

struct err *snapshots_list(const struct machine_spec *spec, struct snapshots *ret_list)
{
	AUTO(strs) names = STRS_INIT;
	AUTO(snapshots) list = {.items = NULL};

	TRY(names_of(spec, &names));
	list.items = mem_alloc((names.count + 1) * sizeof(*list.items));
	for (size_t i = 0; i < names.count; i++) {
		struct snapshot *s = &list.items[list.count++];
		*s = (struct snapshot){mem_strdup(names.items[i]), mem_strdup(""), 0};
		struct err *e = look_at(spec, names.items[i], s);
		if (err_is(e, ERR_CANCELED))
			return e;
		if (e)
			s->bytes = -1;
		err_free(e);
	}
	qsort(list.items, list.count, sizeof(*list.items), by_age);
	*ret_list = list;
	list = (struct snapshots){.items = NULL};
	return NULL;
}

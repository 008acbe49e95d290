#include "machine/layer_users.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cancel.h"
#include "base/map.h"
#include "base/path.h"
#include "fmt/json.h"
#include "machine/data_disk.h"
#include "machine/layers.h"
#include "machine/paths.h"
#include "sys/file.h"

/* --- who stands on which --- */

/* One disk stands on a layer. */
struct edge {
	char *child; /* the path of the disk */
	bool is_layer;
	char *id; /* the layer below it */
};

/* How many disks and snapshots name each layer, and which disks. */
struct users {
	struct map counts;
	struct edge *edges;
	size_t count, cap;
};

static void users_done(struct users *u)
{
	map_done(&u->counts);
	for (size_t i = 0; i < u->count; i++) {
		free(u->edges[i].child);
		free(u->edges[i].id);
	}
	free(u->edges);
	*u = (struct users){.edges = NULL};
}

static size_t users_of(const struct users *u, const char *id)
{
	return (size_t)(uintptr_t)map_get(&u->counts, id);
}

static void count(struct users *u, const char *id)
{
	map_put(&u->counts, id, (void *)(uintptr_t)(users_of(u, id) + 1));
}

/* Who stands on something else may stand on one of these by another name. */
static struct err *count_below(const char *path, bool is_layer, const struct vmm *vmm, struct users *u)
{
	const struct machine_spec nobody = {.name = NULL};
	AUTO_FREE char *name = NULL;

	TRY(vmm->disk_below(&nobody, path, &name));
	AUTO_FREE char *id = name ? layer_id(name) : NULL;
	TRY(vmm->disk_check(&nobody, path, id ? name : NULL));
	if (!id)
		return NULL;
	count(u, id);
	u->edges = mem_grow(u->edges, &u->cap, u->count + 1, sizeof(*u->edges));
	u->edges[u->count++] = (struct edge){mem_strdup(path), is_layer, TAKE(id)};
	return NULL;
}

static struct err *count_snapshots(const char *machine_dir, struct users *u)
{
	AUTO_FREE char *dir = path_join(machine_dir, SNAPSHOTS_FOLDER);
	AUTO(strs) names = STRS_INIT;
	bool there = false, is_folder = false;

	TRY(file_lstat(dir, &there, NULL));
	TRY(dir_exists(dir, &is_folder));
	if (there && !is_folder)
		return err_new(ERR_ABSENT, "'%s' is no folder, or leads to none", dir);
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		AUTO_JSON *note = NULL;
		if (!str_ends(path, ".json"))
			continue;
		TRY(js_read(path, &note));
		const char *id = js_get_text(note, SNAPSHOT_LAYER);
		if (!id || !layer_is_id(id))
			return err_hint(err_new(ERR_CORRUPT, "'%s' names no layer", path),
					"remove it, and the snapshot with it");
		count(u, id);
	}
	return NULL;
}

/* A disk that was there and is not may be on a volume that is not mounted: what it stands on is not known. */
static struct err *count_disk(const char *machine_dir, const struct vmm *vmm, struct users *u)
{
	const struct machine_spec spec = {.dir = (char *)(uintptr_t)machine_dir};
	AUTO_FREE char *disk = machine_path(&spec, MACHINE_DATA_DISK);
	bool there = false, had_one = false;

	TRY(file_lstat(disk, &there, NULL));
	if (there)
		return count_below(disk, /* is_layer= */ false, vmm, u);
	TRY(data_disk_had(machine_dir, &had_one));
	return had_one ? err_new(ERR_ABSENT, "'%s' is missing", disk) : NULL;
}

static struct err *count_machine(const char *machine_dir, const struct vmm *vmm, struct users *u)
{
	struct err *e = count_disk(machine_dir, vmm, u);

	if (!e)
		e = count_snapshots(machine_dir, u);
	return e ? err_hint(err_wrap(e, "cannot tell which disks machine '%s' depends on", path_base(machine_dir)),
			    "put right what is named here, or give the machine up: `cooper destroy %s`",
			    path_base(machine_dir))
		 : NULL;
}

/* What those that are named stand on themselves: the map grows at its end as it is walked. */
static struct err *count_chains(const char *machines, const struct vmm *vmm, struct users *u)
{
	AUTO_FREE char *disks = layers_folder(machines);

	for (size_t i = 0; i < u->counts.count; i++) {
		AUTO_FREE char *path = layer_file(disks, u->counts.entries[i].key);
		TRY(count_below(path, /* is_layer= */ true, vmm, u));
	}
	return NULL;
}

/* What is half removed, or half made, is nobody's. */
static struct err *count_all(const char *machines, const struct vmm *vmm, struct users *u)
{
	AUTO(strs) names = STRS_INIT;

	TRY(dir_list(machines, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *dir = path_join(machines, names.items[i]);
		struct stat st = {.st_mode = 0};
		bool there = false, is_folder = false;
		TRY(file_lstat(dir, &there, &st));
		TRY(dir_exists(dir, &is_folder));
		if (str_starts(names.items[i], TREE_GONE) || (!is_folder && !S_ISLNK(st.st_mode)))
			continue;
		if (!is_folder)
			return err_new(ERR_ABSENT, "'%s' leads to nothing, and may be a machine's folder", dir);
		TRY(count_machine(dir, vmm, u));
	}
	return count_chains(machines, vmm, u);
}

static struct err *count_one(const struct machine_spec *spec, const struct vmm *vmm, struct users *u)
{
	AUTO_FREE char *machines = path_dir(spec->dir);

	TRY(count_machine(spec->dir, vmm, u));
	return count_chains(machines, vmm, u);
}

/* NULL when the file is no layer. */
static char *id_of_file(const char *file)
{
	if (!str_ends(file, LAYER_ENDING))
		return NULL;
	char *id = mem_strndup(file, strlen(file) - strlen(LAYER_ENDING));
	if (layer_is_id(id))
		return id;
	free(id);
	return NULL;
}

static struct err *list_unused(const char *machines, const struct users *u, struct strs *paths)
{
	AUTO_FREE char *disks = layers_folder(machines);
	AUTO(strs) names = STRS_INIT;

	TRY(dir_list(disks, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *id = id_of_file(names.items[i]);
		if (id && !map_has(&u->counts, id))
			strs_take(paths, path_join(disks, names.items[i]));
	}
	return NULL;
}

struct err *layers_unused(const char *machines, const struct vmm *vmm, struct strs *paths)
{
	AUTO_FREE char *disks = layers_folder(machines);
	AUTO(users) u = {.edges = NULL};
	bool there = false;

	TRY(dir_exists(disks, &there));
	if (!there)
		return NULL;
	TRY(count_all(machines, vmm, &u));
	return list_unused(machines, &u, paths);
}

struct err *layers_clean(const char *machines, const struct vmm *vmm)
{
	AUTO(strs) paths = STRS_INIT;

	TRY(layers_unused(machines, vmm, &paths));
	for (size_t i = 0; i < paths.count; i++)
		TRY(file_revoke(paths.items[i]));
	return NULL;
}

/* --- fewer of them --- */

/* Nothing but @edge->child stands on the layer below it: they become one, under the name of the child. */
static struct err *merge(const struct machine_spec *spec, const struct vmm *vmm, const struct edge *edge)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO_FREE char *folder = layers_folder(machines);
	AUTO_FREE char *below = layer_file(folder, edge->id);

	TRY(layer_thaw_file(below));
	TRY(vmm->disk_merge(spec, edge->child));
	if (edge->is_layer)
		TRY(layer_freeze_file(below));
	return tree_publish(below, edge->child);
}

/* Whether no other machine stands on the disk: one that runs would have it open. */
static bool is_ours(const struct edge *edge, const struct users *all, const struct users *ours)
{
	AUTO_FREE char *id = edge->is_layer ? id_of_file(path_base(edge->child)) : NULL;

	return !id || users_of(all, id) == users_of(ours, id);
}

static struct err *merge_one(const struct machine_spec *spec, const struct vmm *vmm, bool *ret_merged)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO(users) all = {.edges = NULL};
	AUTO(users) ours = {.edges = NULL};

	*ret_merged = false;
	TRY(count_all(machines, vmm, &all));
	TRY(count_one(spec, vmm, &ours));
	for (size_t i = 0; i < ours.count; i++) {
		const struct edge *edge = &ours.edges[i];
		if (users_of(&all, edge->id) != 1 || !is_ours(edge, &all, &ours))
			continue;
		*ret_merged = true;
		return merge(spec, vmm, edge);
	}
	return NULL;
}

struct err *layers_settle(const struct machine_spec *spec, const struct vmm *vmm)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO_FREE char *link = NULL;
	bool merged = false;

	TRY(layers_clean(machines, vmm));
	TRY(layers_find_link(spec, &link));
	do {
		TRY(cancel_check());
		TRY(link ? NULL : merge_one(spec, vmm, &merged));
	} while (merged);
	return NULL;
}

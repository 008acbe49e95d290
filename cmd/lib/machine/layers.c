#include "machine/layers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/map.h"
#include "base/path.h"
#include "fmt/json.h"
#include "machine/paths.h"
#include "sys/file.h"
#include "sys/os.h"

#define DISK "data.qcow2"
#define DISKS "disks"
#define BEFORE "../../" DISKS "/"
#define AFTER "/" DISK

enum { ID_BYTES = 16, ID_LENGTH = ID_BYTES * 2, DEPTH_MAX = 256, FROZEN = 0400 };

/* --- names --- */

bool layer_is_id(const char *text)
{
	return strlen(text) == ID_LENGTH && strspn(text, "0123456789abcdef") == ID_LENGTH;
}

/* The folder of all layers, as seen from a machine's. */
static char *disks_of(const char *machines)
{
	AUTO_FREE char *root = path_dir(machines);
	return path_join(root, DISKS);
}

static char *layer_dir(const struct machine_spec *spec, const char *id)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO_FREE char *disks = disks_of(machines);
	return path_join(disks, id);
}

static char *layer_path(const struct machine_spec *spec, const char *id)
{
	AUTO_FREE char *dir = layer_dir(spec, id);
	return path_join(dir, DISK);
}

static char *name_of(const char *id)
{
	return mem_printf(BEFORE "%s" AFTER, id);
}

/* The id in the name of a layer; NULL when @name is no such name. */
static char *id_of(const char *name)
{
	if (!str_starts(name, BEFORE) || !str_ends(name, AFTER) ||
	    strlen(name) != strlen(BEFORE) + ID_LENGTH + strlen(AFTER))
		return NULL;
	char *id = mem_strndup(name + strlen(BEFORE), ID_LENGTH);
	if (layer_is_id(id))
		return id;
	free(id);
	return NULL;
}

static char *new_id(void)
{
	unsigned char bytes[ID_BYTES];
	AUTO(str) id = STR_INIT;

	os_random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		str_addf(&id, "%02x", bytes[i]);
	return str_take(&id);
}

/* --- chains --- */

/* The layer that the disk @path says it stands on; NULL = it stands on nothing, or on what is no layer. */
static struct err *layer_below(const struct machine_spec *spec, const struct vmm *vmm, const char *path, char **ret_id)
{
	AUTO_FREE char *name = NULL;

	*ret_id = NULL;
	TRY(vmm->disk_below(spec, path, &name));
	if (name)
		*ret_id = id_of(name);
	return NULL;
}

struct err *layers_check(const struct machine_spec *spec, const struct vmm *vmm, const char *path)
{
	AUTO_FREE char *at = mem_strdup(path);

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		AUTO_FREE char *id = NULL;
		TRY(layer_below(spec, vmm, at, &id));
		AUTO_FREE char *base = id ? name_of(id) : NULL;
		TRY(vmm->disk_check(spec, at, base));
		if (!id)
			return NULL;
		free(at);
		at = layer_path(spec, id);
	}
	return err_new(ERR_CORRUPT, "'%s' stands on more than %d disks", path, DEPTH_MAX);
}

/* --- one layer --- */

static struct err *set_mode(const char *path, mode_t mode)
{
	return chmod(path, mode) == 0 ? NULL : err_os(errno, "cannot change the mode of '%s'", path);
}

static struct err *refuse_links(const struct machine_spec *spec, const char *path)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	const char *const way[] = {path, spec->dir, machines};

	for (size_t i = 0; i < ARRAY_LEN(way); i++) {
		struct stat st = {.st_mode = 0};
		bool there = false;
		TRY(file_lstat(way[i], &there, &st));
		if (there && S_ISLNK(st.st_mode))
			return err_hint(err_new(ERR_USAGE, "'%s' is a link, and other disks cannot stand on what it leads to",
						way[i]),
					"put the folder or file itself there");
	}
	return NULL;
}

struct err *layer_put(const struct machine_spec *spec, const struct vmm *vmm, const char *id)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_DATA_DISK);
	AUTO_FREE char *base = name_of(id);
	AUTO_FREE char *below = layer_path(spec, id);
	AUTO_FREE char *stage = mem_printf("%s.new", path);

	TRY(refuse_links(spec, path));
	TRY(layers_check(spec, vmm, below));
	TRY(tree_remove(stage));
	TRY(vmm->disk_create(spec, stage, /* bytes= */ 0, base));
	return tree_publish(stage, path);
}

/*
 * The disk gets a second name, as a layer, and then an empty one takes its first: in between it has both. A layer that
 * nobody names is all that a kill leaves there.
 */
struct err *layer_freeze(const struct machine_spec *spec, const struct vmm *vmm, char **ret_id)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_DATA_DISK);
	AUTO_FREE char *id = new_id();
	AUTO_FREE char *dir = layer_dir(spec, id);
	AUTO_FREE char *frozen = layer_path(spec, id);

	TRY(refuse_links(spec, path));
	TRY(layers_check(spec, vmm, path));
	TRY(dir_make(dir, 0700));
	struct err *e = file_link(path, frozen);
	if (e)
		return err_first(e, tree_remove(dir));
	TRY(layer_put(spec, vmm, id)); /* whether the disk stands on the layer then or not: it is gc's to find out */
	*ret_id = TAKE(id);
	return set_mode(frozen, FROZEN);
}

struct err *layer_bytes(const struct machine_spec *spec, const char *id, int64_t *ret_bytes)
{
	AUTO_FREE char *path = layer_path(spec, id);
	struct stat st = {.st_blocks = 0};
	bool there = false;

	TRY(file_stat(path, &there, &st));
	*ret_bytes = (int64_t)st.st_blocks * 512;
	return there ? NULL : err_new(ERR_ABSENT, "'%s' is missing", path);
}

/* --- who needs which --- */

static void count(struct map *users, const char *id)
{
	uintptr_t now = (uintptr_t)map_get(users, id);
	map_put(users, id, (void *)(now + 1));
}

/* Who stands on something else may stand on one of these by another name. */
static struct err *count_below(const char *path, const struct vmm *vmm, struct map *users)
{
	const struct machine_spec nobody = {.name = NULL};
	AUTO_FREE char *name = NULL;

	TRY(vmm->disk_below(&nobody, path, &name));
	AUTO_FREE char *id = name ? id_of(name) : NULL;
	if (name && !id)
		return err_new(ERR_CORRUPT, "'%s' stands on '%s', which is no disk that snapshots or clones made", path,
			       name);
	if (id)
		count(users, id);
	return NULL;
}

static struct err *count_snapshots(const char *machine_dir, struct map *users)
{
	AUTO_FREE char *dir = path_join(machine_dir, SNAPSHOTS_FOLDER);
	AUTO(strs) names = STRS_INIT;

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
		count(users, id);
	}
	return NULL;
}

static struct err *count_machine(const char *machine_dir, const struct vmm *vmm, struct map *users)
{
	AUTO_FREE char *disk = path_join(machine_dir, DISK);
	bool there = false;

	TRY(file_exists(disk, &there));
	if (there)
		TRY(count_below(disk, vmm, users));
	return count_snapshots(machine_dir, users);
}

/* What those that are named stand on themselves: the map grows at its end as it is walked. */
static struct err *count_chains(const char *machines, const struct vmm *vmm, struct map *users)
{
	AUTO_FREE char *disks = disks_of(machines);

	for (size_t i = 0; i < users->count; i++) {
		AUTO_FREE char *path = mem_printf("%s/%s" AFTER, disks, users->entries[i].key);
		TRY(count_below(path, vmm, users));
	}
	return NULL;
}

static struct err *count_all(const char *machines, const struct vmm *vmm, struct map *users)
{
	AUTO(strs) names = STRS_INIT;

	TRY(dir_list(machines, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *dir = path_join(machines, names.items[i]);
		bool is_folder = false;
		TRY(dir_exists(dir, &is_folder));
		if (is_folder)
			TRY(count_machine(dir, vmm, users));
	}
	return count_chains(machines, vmm, users);
}

static struct err *count_one(const struct machine_spec *spec, const struct vmm *vmm, struct map *users)
{
	AUTO_FREE char *machines = path_dir(spec->dir);

	TRY(count_machine(spec->dir, vmm, users));
	return count_chains(machines, vmm, users);
}

static struct err *list_unused(const char *machines, const struct map *users, struct strs *paths)
{
	AUTO_FREE char *disks = disks_of(machines);
	AUTO(strs) names = STRS_INIT;

	TRY(dir_list(disks, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(disks, names.items[i]);
		if ((layer_is_id(names.items[i]) && !map_has(users, names.items[i])) || str_starts(names.items[i], TREE_GONE))
			strs_add(paths, path);
	}
	return NULL;
}

struct err *layers_unused(const char *machines, const struct vmm *vmm, struct strs *paths)
{
	struct map users = MAP_INIT;
	struct err *e = count_all(machines, vmm, &users);

	if (!e)
		e = list_unused(machines, &users, paths);
	map_done(&users);
	return e;
}

struct err *layers_clean(const char *machines, const struct vmm *vmm)
{
	AUTO(strs) paths = STRS_INIT;

	TRY(layers_unused(machines, vmm, &paths));
	for (size_t i = 0; i < paths.count; i++)
		TRY(tree_retract(paths.items[i]));
	return NULL;
}

/* --- fewer of them --- */

/* @child stands on layer @id, and nothing else does: they become one, under the name of @child. */
static struct err *merge(const struct machine_spec *spec, const struct vmm *vmm, const char *child, bool is_layer,
			 const char *id)
{
	AUTO_FREE char *dir = layer_dir(spec, id);
	AUTO_FREE char *path = layer_path(spec, id);

	TRY(set_mode(path, 0600));
	TRY(vmm->disk_merge(spec, child));
	if (is_layer)
		TRY(set_mode(path, FROZEN));
	TRY(tree_publish(path, child));
	return tree_remove(dir);
}

static size_t users_of(const struct map *users, const char *id)
{
	return (size_t)(uintptr_t)map_get(users, id);
}

/* Down the chain of the data disk, as far as no other machine stands on it. */
static struct err *merge_chain(const struct machine_spec *spec, const struct vmm *vmm, const struct map *all,
			       const struct map *ours)
{
	AUTO_FREE char *child = machine_path(spec, MACHINE_DATA_DISK);

	for (bool is_layer = false;;) {
		AUTO_FREE char *id = NULL;
		TRY(layer_below(spec, vmm, child, &id));
		if (!id || users_of(all, id) != users_of(ours, id))
			return NULL;
		if (users_of(all, id) == 1) {
			TRY(merge(spec, vmm, child, is_layer, id));
			continue;
		}
		free(child);
		child = layer_path(spec, id);
		is_layer = true;
	}
}

struct err *layers_settle(const struct machine_spec *spec, const struct vmm *vmm)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	struct map all = MAP_INIT, ours = MAP_INIT;
	struct err *e = layers_clean(machines, vmm);

	if (!e)
		e = count_all(machines, vmm, &all);
	if (!e)
		e = count_one(spec, vmm, &ours);
	if (!e)
		e = merge_chain(spec, vmm, &all, &ours);
	map_done(&all);
	map_done(&ours);
	return e;
}

#include "machine/layers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "machine/call.h"
#include "machine/paths.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"

#define DISKS "disks/all" /* as deep as machines/<name> */
#define BEFORE "../../" DISKS "/"

/* QEMU joins the names of a chain to one path, which must not become too long for the system. */
enum { ID_BYTES = 16, ID_LENGTH = ID_BYTES * 2, DEPTH_MAX = 32 };

/* --- names --- */

bool layer_is_id(const char *text)
{
	return strlen(text) == ID_LENGTH && strspn(text, "0123456789abcdef") == ID_LENGTH;
}

char *layers_folder(const char *machines)
{
	AUTO_FREE char *root = path_dir(machines);
	return path_join(root, DISKS);
}

static char *disks_folder(const struct machine_spec *spec)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	return layers_folder(machines);
}

char *layer_file(const char *folder, const char *id)
{
	return mem_printf("%s/%s" LAYER_ENDING, folder, id);
}

static char *layer_path(const struct machine_spec *spec, const char *id)
{
	AUTO_FREE char *disks = disks_folder(spec);
	return layer_file(disks, id);
}

static char *name_of(const char *id)
{
	return mem_printf(BEFORE "%s" LAYER_ENDING, id);
}

char *layer_id(const char *name)
{
	if (!str_starts(name, BEFORE) || !str_ends(name, LAYER_ENDING) ||
	    strlen(name) != strlen(BEFORE) + ID_LENGTH + strlen(LAYER_ENDING))
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
		*ret_id = layer_id(name);
	return NULL;
}

/* Each disk of the chain, down to the one that stands on nothing. */
static struct err *check_chain(const struct machine_spec *spec, const struct vmm *vmm, const char *path, int *ret_depth)
{
	AUTO_FREE char *at = mem_strdup(path);

	for (*ret_depth = 0; *ret_depth <= DEPTH_MAX + 1; ++*ret_depth) {
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

struct err *layers_check(const struct machine_spec *spec, const struct vmm *vmm, const char *path)
{
	int depth = 0;

	return check_chain(spec, vmm, path, &depth);
}

/* --- one layer --- */

struct err *layers_hold(const struct machine_spec *spec, const struct vmm *vmm, const char *holder, int *ret_fd)
{
	AUTO_FREE char *lock = path_join(spec->dir, "lock");
	AUTO_CLOSE int fd = -1;

	TRY(machine_check_stopped(spec->dir));
	TRY(lock_try(lock, holder, &fd));
	/* Which disks are whole is for later: one that is not may be what a snapshot is restored for. */
	struct err *e = vmm->prepare(spec);
	if (!err_is(e, ERR_CORRUPT) && !err_is(e, ERR_ABSENT))
		TRY(e);
	err_free(e);
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

static struct err *set_mode(const char *path, mode_t mode)
{
	return chmod(path, mode) == 0 ? NULL : err_os(errno, "cannot change the mode of '%s'", path);
}

struct err *layer_freeze_file(const char *path)
{
	return set_mode(path, 0400);
}

struct err *layer_thaw_file(const char *path)
{
	return set_mode(path, 0600);
}

struct err *layers_find_link(const struct machine_spec *spec, char **ret_link)
{
	AUTO_FREE char *disk = machine_path(spec, MACHINE_DATA_DISK);
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO_FREE char *all = layers_folder(machines);
	AUTO_FREE char *disks = path_dir(all);
	const char *const way[] = {disk, spec->dir, machines, all, disks};

	*ret_link = NULL;
	for (size_t i = 0; i < ARRAY_LEN(way) && !*ret_link; i++) {
		struct stat st = {.st_mode = 0};
		bool there = false;
		TRY(file_lstat(way[i], &there, &st));
		if (there && S_ISLNK(st.st_mode))
			*ret_link = mem_strdup(way[i]);
	}
	return NULL;
}

static struct err *refuse_links(const struct machine_spec *spec)
{
	AUTO_FREE char *link = NULL;

	TRY(layers_find_link(spec, &link));
	return link ? err_hint(err_new(ERR_USAGE, "'%s' is a link: snapshots and clones need the file or folder itself there", link),
			       "move what it leads to into its place")
		    : NULL;
}

struct err *layer_put(const struct machine_spec *spec, const struct vmm *vmm, const char *id)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_DATA_DISK);
	AUTO_FREE char *base = name_of(id);
	AUTO_FREE char *below = layer_path(spec, id);
	AUTO_FREE char *stage = mem_printf("%s.new", path);

	TRY(refuse_links(spec));
	TRY(layers_check(spec, vmm, below));
	TRY(tree_remove(stage));
	TRY(vmm->disk_create(spec, stage, /* bytes= */ 0, base));
	return tree_publish(stage, path);
}

/* The folder, and its name, are on the disk before anything depends on them. */
static struct err *make_folder(const char *all)
{
	AUTO_FREE char *disks = path_dir(all);
	AUTO_FREE char *home = path_dir(disks);

	TRY(dir_make(all, 0700));
	TRY(dir_sync(disks));
	return dir_sync(home);
}

static struct err *refuse_depth(const struct machine_spec *spec, int depth)
{
	return depth < DEPTH_MAX
		       ? NULL
		       : err_hint(err_new(ERR_USAGE, "the data disk of '%s' depends on %d others already, which is the maximum",
					  path_base(spec->dir), DEPTH_MAX),
				  "delete snapshots that you no longer need: `cooper snapshot list %s`",
				  path_base(spec->dir));
}

static struct err *give_second_name(const char *path, const char *layer)
{
	struct err *e = file_link(path, layer);

	if (e && (e->errnum == EXDEV || e->errnum == EPERM || e->errnum == ENOTSUP))
		return err_hint(e, "COOPER_HOME must be on a single file system that supports hard links");
	return e;
}

/*
 * The disk gets a second name, as a layer, and then an empty one takes its first: in between it has both. A layer that
 * nobody names is all that a kill leaves there.
 */
static struct err *push_down(const struct machine_spec *spec, const struct vmm *vmm, const char *path, const char *id)
{
	AUTO_FREE char *all = disks_folder(spec);
	AUTO_FREE char *layer = layer_path(spec, id);

	TRY(make_folder(all));
	TRY(give_second_name(path, layer));
	return layer_put(spec, vmm, id); /* whether the disk stands on it then or not: it is gc's to find out */
}

/* A disk that has nothing of its own stands on what it would become. */
struct err *layer_freeze(const struct machine_spec *spec, const struct vmm *vmm, char **ret_id)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_DATA_DISK);
	AUTO_FREE char *id = NULL;
	int depth = 0;
	bool is_empty = false;

	TRY(refuse_links(spec));
	TRY(check_chain(spec, vmm, path, &depth));
	TRY(layer_below(spec, vmm, path, &id));
	if (id)
		TRY(vmm->disk_is_empty(path, &is_empty));
	if (!is_empty) {
		free(id);
		id = new_id();
		TRY(refuse_depth(spec, depth));
		TRY(push_down(spec, vmm, path, id));
	}
	AUTO_FREE char *layer = layer_path(spec, id);
	TRY(layer_freeze_file(layer));
	*ret_id = TAKE(id);
	return NULL;
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

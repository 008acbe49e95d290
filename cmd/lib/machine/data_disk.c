#include "machine/data_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/json.h"
#include "machine/call.h"
#include "machine/disk.h"
#include "machine/layers.h"
#include "machine/paths.h"
#include "sys/file.h"

/* Written once the disk is there: that there was one is known without it. */
#define NOTE_FILE "data.json"

/* The note, or a generation that came up once. */
struct err *data_disk_had(const char *machine_dir, bool *ret_had)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *note = path_join(machine_dir, NOTE_FILE);

	TRY(file_exists(note, ret_had));
	TRY(dir_list(machine_dir, &names));
	for (size_t i = 0; i < names.count && !*ret_had; i++) {
		AUTO_FREE char *gen = path_join(machine_dir, names.items[i]);
		if (generation_number(names.items[i]))
			TRY(generation_booted(gen, ret_had));
	}
	return NULL;
}

static struct err *remedy(const struct machine_spec *spec, struct err *take_e)
{
	struct err *e =
		err_wrap(take_e, "the data disk of machine '%s', with all homes and containers", path_base(spec->dir));
	if (err_is(e, ERR_OS)) /* it may well be there, and whole */
		return e;
	return err_hint(e, "put it back, or a copy of it; to begin with an empty one and lose what it held: `cooper "
			   "destroy %s`, then `cooper up`",
			path_base(spec->dir));
}

static struct err *check_missing(const struct machine_spec *spec, const char *path)
{
	bool had = false, link = false;

	TRY(file_lstat(path, &link, NULL));
	if (link)
		return remedy(spec, err_new(ERR_ABSENT, "'%s' is a link that leads to nothing", path));
	TRY(data_disk_had(spec->dir, &had));
	return had ? remedy(spec, err_new(ERR_ABSENT, "'%s' is missing", path)) : NULL;
}

struct err *data_disk_check(const struct machine_spec *spec, const struct vmm *vmm)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_DATA_DISK);
	struct stat st;
	bool there = false;

	struct err *e = file_stat(path, &there, &st);
	if (e)
		return remedy(spec, e);
	if (!there)
		return check_missing(spec, path);
	if (!S_ISREG(st.st_mode))
		return remedy(spec, err_new(ERR_CORRUPT, "'%s' is no file", path));
	if (st.st_size == 0)
		return remedy(spec, err_new(ERR_CORRUPT, "'%s' is empty", path));
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	int errnum = errno;
	if (fd < 0) {
		e = remedy(spec, err_os(errnum, "cannot use '%s'", path));
		return errnum == EACCES ? err_hint(e, "chmod u+rw '%s'", path) : e;
	}
	e = layers_check(spec, vmm, path);
	return e ? remedy(spec, e) : NULL;
}

struct err *data_disk_note(const char *machine_dir)
{
	AUTO_FREE char *path = path_join(machine_dir, NOTE_FILE);
	AUTO_JSON *made = js_object();
	bool there = false;

	TRY(file_exists(path, &there));
	if (there)
		return NULL;
	js_set_now(made, "made");
	return js_write(path, made, 0600);
}

static struct err *make(const struct machine_spec *spec, const struct vmm *vmm, const char *path)
{
	AUTO_FREE char *temp = mem_printf("%s.new", path);

	TRY(dir_make(spec->dir, 0700));
	TRY(tree_remove(temp));
	TRY(vmm->disk_create(spec, temp, spec->data_bytes, /* base= */ NULL));
	return tree_publish(temp, path);
}

static struct err *grow(const struct machine_spec *spec, const struct vmm *vmm, const char *path)
{
	int64_t now = 0;

	TRY(vmm->disk_size(spec, path, &now));
	if (spec->data_bytes <= now)
		return NULL;
	TRY(machine_check_stopped(spec->dir));
	return vmm->disk_grow(spec, path, spec->data_bytes);
}

struct err *data_disk_prepare(const struct machine_spec *spec, const struct vmm *vmm)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_DATA_DISK);
	bool there = false;

	TRY(data_disk_check(spec, vmm));
	TRY(file_exists(path, &there));
	struct err *e = there ? grow(spec, vmm, path) : make(spec, vmm, path);
	if (e)
		return err_wrap(e, "the data disk of machine '%s'", path_base(spec->dir));
	return data_disk_note(spec->dir);
}

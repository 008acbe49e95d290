#include "machine/export.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/archive.h"
#include "fmt/archive_write.h"
#include "fmt/json.h"
#include "guest/connect.h"
#include "machine/data_disk.h"
#include "machine/layers.h"
#include "machine/paths.h"
#include "sys/file.h"

#define ABOUT "machine.json"
#define DISK "data.qcow2"
#define SUMS "SHA256SUMS"

enum { FORMAT = 1, TEXT_MAX_BYTES = 64 * 1024 };

/* As sha256sum prints them; heap. */
static char *sums_of(const char *about_hex, const char *disk_hex)
{
	return mem_printf("%s  " ABOUT "\n%s  " DISK "\n", about_hex, disk_hex);
}

/* Named as what is gone: no command takes it for a machine, and gc removes what a kill leaves of it; heap. */
static char *stage_of(const char *machines, const char *verb, const char *name)
{
	return mem_printf("%s/" TREE_GONE "%s-%s", machines, verb, name);
}

static struct err *stage_make(const char *stage)
{
	TRY(tree_remove(stage));
	return dir_make(stage, 0700);
}

/* ---- export */

static char *about_text(const struct machine_spec *spec)
{
	AUTO_JSON *about = js_object();

	js_set_int(about, "format", FORMAT);
	js_set_text(about, "name", path_base(spec->dir));
	js_set_text(about, "user", spec->user);
	js_set_int(about, "uid", guest_uid());
	return js_pretty(about);
}

static struct err *add_all(struct tar_writer *w, const struct machine_spec *spec, const char *disk)
{
	char about_hex[SHA256_HEX], disk_hex[SHA256_HEX], sums_hex[SHA256_HEX];
	AUTO_FREE char *about = about_text(spec);

	TRY(tar_add(w, &(struct archive_entry_spec){.name = ABOUT, .data = about, .size = strlen(about)}, about_hex));
	TRY(tar_add(w, &(struct archive_entry_spec){.name = DISK, .file = disk}, disk_hex));
	AUTO_FREE char *sums = sums_of(about_hex, disk_hex);
	return tar_add(w, &(struct archive_entry_spec){.name = SUMS, .data = sums, .size = strlen(sums)}, sums_hex);
}

static struct err *write_file(const struct machine_spec *spec, const char *disk, const char *path)
{
	struct tar_writer *w = NULL;

	TRY(tar_create(path, &w));
	struct err *e = add_all(w, spec, disk);
	return tar_commit(w, 0600, e);
}

static struct err *check_target(const char *path)
{
	bool there = false;

	TRY(file_lstat(path, &there, NULL));
	return there ? err_hint(err_new(ERR_USAGE, "'%s' already exists", path), "choose another name, or remove it") : NULL;
}

/* What killed writers of @path have left beside it. */
static struct err *sweep(const char *path)
{
	AUTO_FREE char *dir = path_dir(path);
	AUTO(strs) names = STRS_INIT;

	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *other = path_join(dir, names.items[i]);
		bool dead = false;
		if (strlen(names.items[i]) != strlen(path_base(path)) + strlen(".tmp-") + 16 ||
		    !str_starts(names.items[i], path_base(path)))
			continue;
		TRY(file_temp_dead(other, &dead));
		if (dead)
			TRY(file_remove(other));
	}
	return NULL;
}

struct err *machine_export(const struct machine_spec *spec, const struct vmm *vmm, const char *path, struct sink *sink,
			   const char *step)
{
	AUTO_FREE char *machines = path_dir(spec->dir);
	AUTO_FREE char *stage = stage_of(machines, "export", path_base(spec->dir));
	AUTO_FREE char *data = machine_path(spec, MACHINE_DATA_DISK);
	AUTO_FREE char *disk = path_join(stage, DISK);
	AUTO_FREE char *target = file_absolute(path);

	TRY(sweep(target));
	TRY(check_target(target));
	TRY(data_disk_check(spec, vmm));
	TRY(stage_make(stage));
	struct err *e = vmm->disk_flatten(spec, data, disk, sink, step);
	if (!e)
		e = write_file(spec, disk, target);
	return err_first(e, tree_remove(stage));
}

/* ---- import */

struct import {
	struct archive_reader *r;
	const char *path;
	int64_t bytes; /* of the file */
	struct sink *sink;
	const char *step;
	struct digest *digest; /* of the entry that is being read */
	int64_t size;          /* of that entry */
};

static void import_done(struct import *i)
{
	archive_close(i->r);
	digest_free(i->digest);
}

static struct err *foreign(const struct import *i, const char *why)
{
	return err_hint(err_new(ERR_CORRUPT, "'%s' is not what `cooper export` writes: %s", i->path, why),
			"copy it again from where it was made, or export the machine again");
}

static struct err *import_open(struct import *i)
{
	AUTO_CLOSE int fd = open(i->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe has no writer, perhaps */
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? err_new(ERR_ABSENT, "'%s' does not exist", i->path)
				       : err_os(errno, "cannot open '%s'", i->path);
	if (fstat(fd, &st) != 0)
		return err_os(errno, "cannot open '%s'", i->path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_USAGE, "'%s' is not a file", i->path);
	i->bytes = st.st_size;
	i->digest = digest_new(DIGEST_SHA256);
	int owned = fd;
	fd = -1;
	return archive_open(owned, i->path, /* memory_bytes= */ 0, &i->r);
}

/* The next entry is the file @name. */
static struct err *expect(struct import *i, const char *name)
{
	struct archive_item item;
	bool more = false;

	TRY(archive_next(i->r, &item, &more));
	if (!streq(archive_format_text(i->r), "tar"))
		return foreign(i, "it is no tar");
	i->size = item.size;
	if (!more || item.kind != ITEM_FILE || !streq(item.name, name)) {
		AUTO_FREE char *why = mem_printf("it has no '%s' where one is expected", name);
		return foreign(i, why);
	}
	return NULL;
}

/* A piece of the entry, in turn; NULL at its end. */
static struct err *next_piece(struct import *i, const void **ret_data, size_t *ret_size, int64_t *at)
{
	int64_t offset = 0;

	TRY(archive_data(i->r, ret_data, ret_size, &offset));
	if (*ret_data ? offset != *at : *at != i->size)
		return foreign(i, "it was packed again, with holes (tar -S)");
	digest_add(i->digest, *ret_data, *ret_size);
	*at += (int64_t)*ret_size;
	return cancel_check();
}

static struct err *read_text(struct import *i, const char *name, struct str *text, char ret_hex[SHA256_HEX])
{
	const void *data = NULL;
	size_t size = 0;
	int64_t at = 0;

	TRY(expect(i, name));
	digest_reset(i->digest);
	do {
		TRY(next_piece(i, &data, &size, &at));
		if (at > TEXT_MAX_BYTES)
			return foreign(i, "one of its texts is too long");
		str_add_mem(text, data, size);
	} while (data);
	digest_hex(i->digest, ret_hex);
	return NULL;
}

static struct err *read_disk(struct import *i, int fd, const char *to, char ret_hex[SHA256_HEX])
{
	const void *data = NULL;
	size_t size = 0;
	int64_t at = 0;

	TRY(expect(i, DISK));
	digest_reset(i->digest);
	do {
		TRY(next_piece(i, &data, &size, &at));
		TRY(file_write_all(fd, data, size, to));
		event_progress(i->sink, i->step, archive_packed(i->r), i->bytes, "B");
	} while (data);
	digest_hex(i->digest, ret_hex);
	return NULL;
}

static struct err *write_disk(struct import *i, const char *to, char ret_hex[SHA256_HEX])
{
	AUTO_CLOSE int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? err_os(errno, "cannot make '%s'", to) : read_disk(i, fd, to, ret_hex);
}

/* Files and the storage of rootless containers on the data disk belong to the login user by number. */
static struct err *check_about(const struct import *i, const struct json *about)
{
	int64_t format = js_get_int(about, "format", 0), uid = js_get_int(about, "uid", -1);

	if (format > FORMAT)
		return err_hint(err_new(ERR_USAGE, "'%s' was written by a newer cooper", i->path), "update cooper");
	if (format < 1 || uid < 0 || !js_get_text(about, "name"))
		return foreign(i, "its " ABOUT " does not say what it has to");
	if (uid != guest_uid())
		return err_hint(err_new(ERR_USAGE, "the files in '%s' belong to user id %lld, and on this host a machine's user "
						   "has the id %d, which is yours",
					i->path, (long long)uid, guest_uid()),
				"import it as the user whose id is %lld", (long long)uid);
	return NULL;
}

static struct err *check_end(struct import *i, const char *about_hex, const char *disk_hex)
{
	AUTO_FREE char *want = sums_of(about_hex, disk_hex);
	AUTO(str) found = STR_INIT;
	char hex[SHA256_HEX];
	struct archive_item item;
	bool more = false;

	TRY(read_text(i, SUMS, &found, hex));
	if (found.len != strlen(want) || !streq(str_text(&found), want))
		return foreign(i, "what it holds differs from its own checksums");
	TRY(archive_next(i->r, &item, &more));
	return more ? foreign(i, "there is more in it") : NULL;
}

/* @dir: gets the machine */
static struct err *fill(struct import *i, const struct vmm *vmm, const char *about_hex, const char *dir)
{
	AUTO_FREE char *disk = path_join(dir, DISK);
	char disk_hex[SHA256_HEX];

	TRY(stage_make(dir));
	TRY(write_disk(i, disk, disk_hex));
	TRY(check_end(i, about_hex, disk_hex));
	struct err *e = vmm->disk_check(/* spec= */ NULL, disk, /* base= */ NULL);
	if (e)
		return err_wrap(e, "the disk in '%s'", i->path);
	return data_disk_note(dir);
}

static struct err *import_named(struct import *i, const struct vmm *vmm, const char *machines, const char *name,
				const char *about_hex)
{
	AUTO_FREE char *dir = path_join(machines, name);
	AUTO_FREE char *stage = stage_of(machines, "import", name);

	TRY(machine_check_new(machines, name));
	struct err *e = fill(i, vmm, about_hex, stage);
	return e ? err_first(e, tree_remove(stage)) : tree_publish(stage, dir);
}

struct err *machine_import(const char *machines, const struct vmm *vmm, const char *path, const char *name,
			   struct sink *sink, const char *step, char **ret_name)
{
	AUTO(import) i = {.path = path, .sink = sink, .step = step};
	AUTO(str) text = STR_INIT;
	AUTO_JSON *about = NULL;
	char about_hex[SHA256_HEX];

	TRY(import_open(&i));
	TRY(read_text(&i, ABOUT, &text, about_hex));
	struct err *e = js_parse(str_text(&text), text.len, ABOUT, &about);
	if (e)
		return err_wrap(e, "'%s'", path);
	TRY(check_about(&i, about));
	AUTO_FREE char *own = mem_strdup(name ? name : js_get_text(about, "name"));
	TRY(import_named(&i, vmm, machines, own, about_hex));
	*ret_name = TAKE(own);
	return NULL;
}

#include "fmt/archive_write.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/iso_times.h"
#include "sys/file.h"

static struct err *writer_failed(struct archive *a, const char *name)
{
	const char *why = archive_error_string(a);
	int errnum = archive_errno(a);

	if (errnum > 0 && errnum != EINVAL)
		return err_os(errnum, "cannot write '%s'", name);
	return err_new(ERR_USAGE, "cannot write '%s' into an archive: %s", name, why ? why : "unknown error");
}

static struct err *write_bytes(struct archive *a, const void *data, size_t size, const char *name,
			       struct digest *digest)
{
	if (digest)
		digest_add(digest, data, size);
	for (const char *p = data; size > 0;) {
		la_ssize_t n = archive_write_data(a, p, size);

		if (n <= 0)
			return writer_failed(a, name);
		p += n;
		size -= (size_t)n;
	}
	return NULL;
}

static struct err *write_file_content(struct archive *a, int fd, int64_t left, const char *path,
				      struct digest *digest)
{
	enum { CHUNK = 256 * 1024 };
	AUTO_FREE char *buffer = mem_alloc(CHUNK);

	while (left > 0) {
		ssize_t n = fd_read(fd, buffer, left < CHUNK ? (size_t)left : CHUNK);

		if (n < 0)
			return err_os(errno, "cannot read '%s'", path);
		if (n == 0)
			return err_new(ERR_CORRUPT, "'%s' became shorter while it was read", path);
		TRY(write_bytes(a, buffer, (size_t)n, path, digest));
		TRY(cancel_check());
		left -= n;
	}
	return NULL;
}

static struct err *write_entry(struct archive *a, struct archive_entry *entry, const struct archive_entry_spec *spec,
			       struct digest *digest)
{
	AUTO_CLOSE int fd = spec->file ? open(spec->file, O_RDONLY | O_CLOEXEC) : -1;
	bool is_file = spec->file || spec->data;
	int64_t size = (int64_t)spec->size;
	struct stat st;

	if (!path_is_plain(spec->name))
		return err_new(ERR_USAGE, "'%s' cannot be a name in an archive", spec->name);
	if (spec->file && (fd < 0 || fstat(fd, &st) != 0))
		return err_os(errno, "cannot open '%s'", spec->file);
	if (spec->file)
		size = st.st_size;
	archive_entry_clear(entry);
	archive_entry_set_pathname(entry, spec->name);
	archive_entry_set_filetype(entry, spec->target ? AE_IFLNK : is_file ? AE_IFREG : AE_IFDIR);
	archive_entry_set_perm(entry, spec->target ? 0777 : is_file && !spec->executable ? 0644 : 0755);
	archive_entry_set_size(entry, is_file ? size : 0);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	if (spec->target)
		archive_entry_set_symlink(entry, spec->target);
	if (archive_write_header(a, entry) != ARCHIVE_OK)
		return writer_failed(a, spec->name);
	if (spec->file)
		return write_file_content(a, fd, size, spec->file, digest);
	return write_bytes(a, spec->data, spec->data ? spec->size : 0, spec->name, digest);
}

/* Write everything to @fd through @take_writer, whose format has been set. */
static struct err *write_entries(struct archive *take_writer, int fd, const char *path,
				 const struct archive_entry_spec *entries, size_t count)
{
	struct archive_entry *entry = archive_entry_new();
	struct err *e = NULL;

	if (archive_write_open_fd(take_writer, fd) != ARCHIVE_OK)
		e = writer_failed(take_writer, path);
	for (size_t i = 0; i < count && !e; i++)
		e = write_entry(take_writer, entry, &entries[i], /* digest= */ NULL);
	if (!e && archive_write_close(take_writer) != ARCHIVE_OK)
		e = writer_failed(take_writer, path);
	archive_entry_free(entry);
	archive_write_free(take_writer);
	return e;
}

struct err *iso_write(const char *path, const struct archive_entry_spec *entries, size_t count, const char *volume_id)
{
	AUTO_FREE char *temp = NULL;
	int fd = -1;

	if (strlen(volume_id) > 32 || volume_id[strspn(volume_id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")])
		return err_new(ERR_USAGE, "'%s' cannot be a volume id", volume_id);
	TRY(file_temp_open(path, &temp, &fd));
	struct archive *a = archive_write_new();
	archive_write_set_format_iso9660(a);
	archive_write_set_format_option(a, "iso9660", "volume-id", volume_id);
	archive_write_set_format_option(a, "iso9660", "joliet", NULL);
	archive_write_set_format_option(a, "iso9660", "rockridge", "strict");
	struct err *e = write_entries(a, fd, path, entries, count);
	return file_temp_commit(fd, temp, path, 0644, e ? e : iso_times_fix(fd, path));
}

/* ---- tar */

struct tar_writer {
	struct archive *a;
	struct archive_entry *entry;
	char *path, *temp;
	int fd;
};

struct err *tar_create(const char *path, struct tar_writer **ret_writer)
{
	struct tar_writer *w = mem_alloc(sizeof(*w));

	struct err *e = file_temp_open(path, &w->temp, &w->fd);
	if (e) {
		free(w);
		return e;
	}
	w->path = mem_strdup(path);
	w->entry = archive_entry_new();
	w->a = archive_write_new();
	archive_write_set_format_pax_restricted(w->a); /* plain ustar, but for what does not fit it */
	*ret_writer = w;
	if (archive_write_open_fd(w->a, w->fd) == ARCHIVE_OK)
		return NULL;
	e = writer_failed(w->a, path);
	*ret_writer = NULL;
	return tar_commit(w, 0600, e);
}

struct err *tar_add(struct tar_writer *w, const struct archive_entry_spec *spec, char ret_hex[SHA256_HEX])
{
	struct digest *digest = digest_new(DIGEST_SHA256);

	struct err *e = write_entry(w->a, w->entry, spec, digest);
	digest_hex(digest, ret_hex);
	digest_free(digest);
	return e;
}

struct err *tar_commit(struct tar_writer *take_w, mode_t mode, struct err *take_e)
{
	struct err *e = take_e;

	if (e)
		archive_write_fail(take_w->a); /* nothing more is written */
	else if (archive_write_close(take_w->a) != ARCHIVE_OK)
		e = writer_failed(take_w->a, take_w->path);
	archive_entry_free(take_w->entry);
	archive_write_free(take_w->a);
	e = file_temp_commit_new(take_w->fd, take_w->temp, take_w->path, mode, e);
	free(take_w->path);
	free(take_w->temp);
	free(take_w);
	return e;
}

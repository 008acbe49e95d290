#include "fmt/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fmt/gzip.h"
#include "fmt/magic.h"
#include "fmt/packing.h"
#include "fmt/rpm.h"
#include "fmt/xz.h"
#include "sys/file.h"

enum { DRAIN_MAX = 64 << 20, MEMBERS_MAX = 16, MAGIC_BYTES = 16 };

struct archive_reader {
	struct archive *a;
	struct stream *stream; /* what libarchive pulls from; owned */
	char *name;
	struct err *failure; /* of the stream, which libarchive can only call an error */
	bool decoding;       /* the stream decodes, and checks what it decodes up to its end */
	const char *package; /* "deb", "rpm" or NULL */
	bool found;          /* an entry */
	bool zip;            /* it begins as one */
};

/* ---- libarchive's callbacks */

static la_ssize_t on_read(struct archive *a, void *client, const void **ret_data)
{
	struct archive_reader *r = client;
	size_t size = 0;
	struct err *e = r->stream->read(r->stream, ret_data, &size);

	if (!e)
		return (la_ssize_t)size;
	r->failure = err_first(r->failure, e);
	archive_set_error(a, EIO, "reading failed");
	return -1;
}

static la_int64_t on_seek(struct archive *a, void *client, la_int64_t offset, int whence)
{
	struct archive_reader *r = client;

	(void)a;
	int64_t at = r->stream->seek(r->stream, offset, whence);
	return at < 0 ? ARCHIVE_FATAL : at;
}

static struct err *reader_failed(struct archive_reader *r)
{
	if (r->failure)
		return TAKE(r->failure);
	if (archive_errno(r->a) == ENOMEM)
		return err_os(ENOMEM, "cannot read '%s'", r->name);
	const char *why = archive_error_string(r->a);
	/* where libarchive says nothing, a header's text ended early; some of its messages are lines */
	AUTO_FREE char *line = mem_strdup(why ? why : "truncated or damaged");
	line[strcspn(line, "\n")] = '\0';
	return err_new(ERR_CORRUPT, "'%s' cannot be read as an archive: %s", r->name, line);
}

/* What follows the archive inside its packing is padding, but only reading it checks the stream to its end. */
static struct err *drain(struct archive_reader *r)
{
	const void *data;
	size_t size = 1;

	for (size_t total = 0; r->decoding && size > 0 && total < DRAIN_MAX; total += size)
		TRY(r->stream->read(r->stream, &data, &size));
	return NULL;
}

/* No entry was found. Where the stream is damaged, that is the reason: libarchive saw what came out of it before the
 * damage was noticed. */
static struct err *no_archive(struct archive_reader *r)
{
	const char *why = archive_error_string(r->a);

	if (r->failure || !why || !str_starts(why, "Unrecognized archive format"))
		return reader_failed(r);
	TRY(drain(r));
	if (r->zip) /* its directory is at the end */
		return err_new(ERR_CORRUPT,
			       "'%s' cannot be read as an archive: it is a zip that is truncated or damaged", r->name);
	if (!r->decoding)
		return err_new(ERR_CORRUPT, "'%s' cannot be read as an archive: it is no tar, zip, deb or rpm archive",
			       r->name);
	return err_hint(err_new(ERR_CORRUPT,
				"'%s' cannot be read as an archive: what is compressed in it is no tar archive",
				r->name),
			"use the file itself, decompressed; a compressed patch is listed under 'patches:'");
}

static struct err *start(struct archive_reader *r)
{
	archive_read_set_callback_data(r->a, r);
	archive_read_set_read_callback(r->a, on_read);
	if (r->stream->seek)
		archive_read_set_seek_callback(r->a, on_seek);
	return archive_read_open1(r->a) == ARCHIVE_OK ? NULL : no_archive(r);
}

static struct archive_reader *reader_new(struct stream *take_stream, const char *name)
{
	struct archive_reader *r = mem_alloc(sizeof(*r));

	r->a = archive_read_new();
	if (!r->a)
		mem_exhausted();
	r->stream = take_stream;
	r->name = mem_strdup(name);
	return r;
}

struct archive_reader *archive_close(struct archive_reader *r)
{
	if (!r)
		return NULL;
	archive_read_free(r->a);
	stream_close(r->stream);
	err_free(r->failure);
	free(r->name);
	free(r);
	return NULL;
}

static void reader_close_at(struct archive_reader **p)
{
	*p = archive_close(*p);
}
#define AUTO_READER __attribute__((cleanup(reader_close_at))) struct archive_reader

/* ---- a stream over the current entry of a reader: a deb's data.tar, a packed image */

struct member_stream {
	struct stream base;
	struct archive_reader *outer;
	int64_t offset;
};

static struct err *member_read(struct stream *s, const void **ret_data, size_t *ret_size)
{
	struct member_stream *m = (struct member_stream *)s;
	int64_t offset = 0;

	TRY(archive_data(m->outer, ret_data, ret_size, &offset));
	if (*ret_size > 0 && offset != m->offset)
		return err_new(ERR_CORRUPT, "'%s' has a hole, which a compressed file cannot have", m->outer->name);
	m->offset += (int64_t)*ret_size;
	return NULL;
}

static int64_t member_consumed(struct stream *s)
{
	return archive_packed(((struct member_stream *)s)->outer);
}

static void member_close(struct stream *s)
{
	archive_close(((struct member_stream *)s)->outer);
	free(s);
}

static struct stream *member_new(struct archive_reader *take_outer)
{
	struct member_stream *m = mem_alloc(sizeof(*m));

	m->base = (struct stream){member_read, NULL, member_consumed, member_close, NULL};
	m->outer = take_outer;
	return &m->base;
}

/* ---- opening */

/* Never by libarchive's filters below its readers: they read no further than the archive, so what is not needed is not
 * checked, and they look for packings within packings. */
static struct err *open_packed(struct stream *take_packed, const char *packing, int64_t memory_bytes,
			       struct archive_reader *r)
{
	r->decoding = !streq(packing, "none");
	return raw_open(take_packed, r->name, packing, memory_bytes, &r->stream);
}

/* Step through the ar to data.tar*; deb(5). */
static struct err *open_deb(struct stream *take_file, int64_t memory_bytes, struct archive_reader *r)
{
	static const char *const members[][2] = {{"data.tar", "none"},
						 {"data.tar.xz", "xz"},
						 {"data.tar.gz", "gz"},
						 {"data.tar.zst", "zst"},
						 {"data.tar.bz2", "bz2"}};
	AUTO_READER *ar = reader_new(take_file, r->name);
	struct archive_item item;
	bool more = true;

	archive_read_support_format_ar(ar->a);
	TRY(start(ar));
	for (int i = 0; i < MEMBERS_MAX && more; i++) {
		TRY(archive_next(ar, &item, &more));
		if (!more || !str_starts(item.name, "data.tar"))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(members); k++)
			if (streq(item.name, members[k][0]))
				return open_packed(member_new(TAKE(ar)), members[k][1], memory_bytes, r);
		return err_new(ERR_CORRUPT, "'%s' has '%s', which is compressed in an unknown format", r->name,
			       item.name);
	}
	return err_new(ERR_CORRUPT, "'%s' has no data.tar: not a Debian package", r->name);
}

static struct err *open_rpm(struct stream *take_file, int fd, int64_t memory_bytes, struct archive_reader *r)
{
	AUTO_STREAM *file = take_file;
	char magic[MAGIC_BYTES] = "";
	int64_t offset = 0;

	TRY(rpm_payload(fd, r->name, &offset));
	ssize_t n = pread(fd, magic, sizeof(magic), (off_t)offset);
	if (n < 0)
		return err_os(errno, "cannot read '%s'", r->name);
	if (n < (ssize_t)sizeof(magic))
		return err_new(ERR_CORRUPT, "'%s' is truncated", r->name);
	file->seek(file, offset, SEEK_SET);
	file->seek = NULL; /* what comes before is not for libarchive */
	return open_packed(TAKE(file), packing_of(magic, sizeof(magic)), memory_bytes, r);
}

static struct err *open_layers(int take_fd, int64_t memory_bytes, struct archive_reader *r)
{
	char magic[MAGIC_BYTES] = "";
	ssize_t n = pread(take_fd, magic, sizeof(magic), 0);
	int errnum = errno;
	struct stream *file = stream_file(take_fd, r->name);

	if (n < 0) {
		stream_close(file);
		return err_os(errnum, "cannot read '%s'", r->name);
	}
	const char *foreign = magic_foreign(magic, (size_t)n);
	r->zip = streq(magic_archive(magic, (size_t)n), "zip");
	if (foreign) {
		stream_close(file);
		return err_hint(
			err_new(ERR_CORRUPT, "'%s' is of the format %s, which is not read here", r->name, foreign),
			"use another file of the same content: .tar.xz, .tar.gz, .tar.bz2, .tar.zst or .zip");
	}
	if (n == sizeof(magic) && memcmp(magic, "!<arch>\n", 8) == 0) {
		r->package = "deb";
		return open_deb(file, memory_bytes, r);
	}
	if (rpm_magic(magic, (size_t)n)) {
		r->package = "rpm";
		return open_rpm(file, take_fd, memory_bytes, r);
	}
	return open_packed(file, packing_of(magic, (size_t)n), memory_bytes, r);
}

/* libarchive on a Mac takes files called "._x" for attributes of x: one archive would give two trees. */
static void same_everywhere(struct archive *a)
{
	archive_read_set_format_option(a, "tar", "mac-ext", NULL);
	archive_read_set_format_option(a, "zip", "mac-ext", NULL);
}

struct err *archive_open(int take_fd, const char *name, int64_t memory_bytes, struct archive_reader **ret_reader)
{
	AUTO_READER *r = reader_new(NULL, name);

	TRY(open_layers(take_fd, memory_bytes, r));
	/* never archive_read_support_*_all(): each further reader is attack surface */
	if (streq(r->package, "rpm"))
		archive_read_support_format_cpio(r->a);
	else
		archive_read_support_format_tar(r->a);
	if (r->stream->seek) /* the streaming zip reader never sees that an entry is a link */
		archive_read_support_format_zip_seekable(r->a);
	same_everywhere(r->a);
	TRY(start(r));
	*ret_reader = TAKE(r);
	return NULL;
}

/* ---- reading */

static void describe(struct archive_entry *entry, struct archive_item *ret_item)
{
	const struct {
		unsigned type;
		enum archive_kind kind;
		const char *text;
	} types[] = {
		{AE_IFREG, ITEM_FILE, "a file"},
		{AE_IFDIR, ITEM_DIR, "a folder"},
		{AE_IFLNK, ITEM_SYMLINK, "a symbolic link"},
		{AE_IFCHR, ITEM_OTHER, "a character device"},
		{AE_IFBLK, ITEM_OTHER, "a block device"},
		{AE_IFIFO, ITEM_OTHER, "a named pipe"},
		{AE_IFSOCK, ITEM_OTHER, "a socket"},
	};

	ret_item->kind = ITEM_OTHER;
	ret_item->type = "of an unknown type";
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type == archive_entry_filetype(entry)) {
			ret_item->kind = types[i].kind;
			ret_item->type = types[i].text;
		}
	}
	if (ret_item->kind == ITEM_SYMLINK)
		ret_item->target = archive_entry_symlink(entry);
	if (archive_entry_hardlink(entry)) {
		ret_item->kind = ITEM_HARDLINK;
		ret_item->type = "a hard link";
		ret_item->target = archive_entry_hardlink(entry);
	}
	ret_item->size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
	ret_item->executable = (archive_entry_perm(entry) & 0100) != 0;
}

struct err *archive_next(struct archive_reader *r, struct archive_item *ret_item, bool *ret_more)
{
	struct archive_entry *entry = NULL;
	int status = archive_read_next_header(r->a, &entry);

	*ret_item = (struct archive_item){.size = -1};
	*ret_more = status != ARCHIVE_EOF;
	if (status == ARCHIVE_EOF)
		return r->failure ? TAKE(r->failure) : drain(r);
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
		return r->found ? reader_failed(r) : no_archive(r);
	r->found = true;
	ret_item->name = archive_entry_pathname(entry);
	if (!ret_item->name)
		ret_item->name = archive_entry_pathname_utf8(entry);
	if (!ret_item->name)
		return err_new(ERR_CORRUPT, "'%s' has an entry whose name cannot be read", r->name);
	describe(entry, ret_item);
	if ((ret_item->kind == ITEM_SYMLINK || ret_item->kind == ITEM_HARDLINK) && !ret_item->target)
		return err_new(ERR_CORRUPT, "'%s' has a link whose target cannot be read", r->name);
	if (status == ARCHIVE_WARN)
		ret_item->warning = archive_error_string(r->a);
	/* tools differ in what such a header makes of the entry: one of the ways to hide one (pax, "desync") */
	if (ret_item->warning && str_starts(ret_item->warning, "Ignoring malformed pax"))
		return reader_failed(r);
	return NULL;
}

struct err *archive_data(struct archive_reader *r, const void **ret_data, size_t *ret_size, int64_t *ret_offset)
{
	la_int64_t offset = 0;
	int status = archive_read_data_block(r->a, ret_data, ret_size, &offset);

	*ret_offset = offset;
	if (status == ARCHIVE_OK)
		return NULL;
	*ret_data = NULL;
	*ret_size = 0;
	return status == ARCHIVE_EOF ? NULL : reader_failed(r);
}

bool archive_skips(const struct archive_reader *r)
{
	return r->stream->seek != NULL;
}

int64_t archive_packed(struct archive_reader *r)
{
	return stream_consumed(r->stream);
}

const char *archive_format_text(struct archive_reader *r)
{
	if (r->package)
		return r->package;
	return (archive_format(r->a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP ? "zip" : "tar";
}

/* ---- one packed file */

struct err *raw_open(struct stream *take_inner, const char *name, const char *packing, int64_t memory_bytes,
		     struct stream **ret_stream)
{
	struct archive_item item;
	bool more = false;

	if (streq(packing, "xz"))
		return xz_open(take_inner, name, memory_bytes, ret_stream);
	if (streq(packing, "gz"))
		return gzip_open(take_inner, name, ret_stream);
	if (streq(packing, "none")) {
		*ret_stream = take_inner;
		return NULL;
	}
	AUTO_READER *r = reader_new(take_inner, name);
	r->stream->seek = NULL;
	/* exactly this filter: content that looks packed again must come out as it is */
	int filter = streq(packing, "zst") ? ARCHIVE_FILTER_ZSTD : streq(packing, "bz2") ? ARCHIVE_FILTER_BZIP2 : -1;
	if (filter < 0)
		return err_new(ERR_USAGE, "'%s': unknown compression '%s'", name, packing);
	archive_read_append_filter(r->a, filter);
	archive_read_support_format_raw(r->a);
	archive_read_support_format_empty(r->a);
	TRY(start(r));
	/* a decoder that fails at once looks like an empty file to libarchive; only the reason tells, until the next
	 * call */
	if (archive_errno(r->a))
		return reader_failed(r);
	TRY(archive_next(r, &item, &more));
	if (!more)
		return err_new(ERR_CORRUPT, "'%s' is truncated, or there is nothing in it", name);
	*ret_stream = member_new(TAKE(r));
	return NULL;
}

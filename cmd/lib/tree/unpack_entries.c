#include "tree/unpack_entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/magic.h"
#include "sys/tick.h"

enum { PROGRESS_MS = 100, WARNINGS_MAX = 10, HEADER_BYTES = 512, FOLDER_BYTES = 32768, PASS_BYTES = 1 << 20 };

struct unpacking {
	struct archive_reader *reader;
	struct tree_writer *writer;
	const struct unpack_options *options;
	struct archive_limits limits;
	struct unpack_listener *listener;
	struct unpack_report report;
	int64_t seen;   /* entries met, excluded ones too */
	int64_t passed; /* bytes of content that were decoded and not written */
	int64_t told_ms;
	int warnings;
	char *top;        /* the first part of the first name; heap */
	int64_t stripped; /* entries of which strip left no name, folders not counted */
	char *first_stripped;
	int64_t pointers; /* files that are pointers of Git LFS */
	char *first_pointer;
};

static void tell_progress(struct unpacking *u)
{
	int64_t now = tick_ms();

	if (now - u->told_ms < PROGRESS_MS)
		return;
	u->told_ms = now;
	u->listener->progress(u->listener, archive_packed(u->reader));
}

/* With @file_bytes of the current file counted in. */
static struct err *check_amount(const struct unpacking *u, int64_t file_bytes)
{
	int64_t names = tree_writer_count(u->writer);

	return archive_policy_amount(&u->limits, names > u->seen ? names : u->seen, u->report.bytes + file_bytes,
				     file_bytes);
}

/*
 * When @bytes of the current entry have come out. Names without end come out of little as well: headers count, and
 * folders that long names make by the dozen, by what making them takes. A real tree has less than one for each entry.
 */
static struct err *check_ratio(struct unpacking *u, int64_t bytes)
{
	int64_t folders = tree_writer_count(u->writer) - 2 * u->seen;

	bytes += u->report.bytes + u->passed + u->seen * HEADER_BYTES + (folders > 0 ? folders * FOLDER_BYTES : 0);
	return archive_policy_ratio(&u->limits, bytes, archive_packed(u->reader));
}

/* Content that is not written. Where passing over it means decoding it, it may be a bomb like any other. */
static struct err *pass_over(struct unpacking *u, const struct archive_item *item)
{
	if (item->size <= 0 || archive_skips(u->reader))
		return NULL;
	if (item->size <= PASS_BYTES) { /* counted when the next entry comes */
		u->passed += item->size;
		return NULL;
	}
	for (;;) {
		const void *data = NULL;
		size_t n = 0;
		int64_t offset = 0;

		TRY(archive_data(u->reader, &data, &n, &offset));
		if (!data)
			return NULL;
		u->passed += (int64_t)n;
		TRY(check_ratio(u, 0));
		tell_progress(u);
		TRY(cancel_check());
	}
}

/* Archives that are made of a repository have them in place of the contents. */
static void note_pointer(struct unpacking *u, const char *path, const char *data, size_t size)
{
	if (magic_lfs_pointer(data, size) && u->pointers++ == 0)
		u->first_pointer = mem_strdup(path);
}

static struct err *copy_content(struct unpacking *u, const char *path, int64_t *ret_size)
{
	int64_t size = 0;

	for (;;) {
		const void *data = NULL;
		size_t n = 0;
		int64_t offset = 0;

		TRY(archive_data(u->reader, &data, &n, &offset));
		if (!data)
			break;
		if (offset < 0 || offset > u->limits.file_bytes)
			return check_amount(u, INT64_MAX / 4);
		TRY(check_amount(u, offset + (int64_t)n));
		TRY(check_ratio(u, offset + (int64_t)n));
		if (size == 0)
			note_pointer(u, path, data, n);
		TRY(tree_writer_data(u->writer, data, n, offset));
		size = offset + (int64_t)n;
		tell_progress(u);
		TRY(cancel_check());
	}
	*ret_size = size;
	return NULL;
}

static struct err *write_file(struct unpacking *u, const char *path, const struct archive_item *item)
{
	int64_t size = 0;

	if (item->size > 0)
		TRY(check_amount(u, item->size > u->limits.file_bytes ? u->limits.file_bytes + 1 : item->size));
	TRY(tree_writer_file(u->writer, path, item->executable));
	TRY(copy_content(u, path, &size));
	if (item->size >= 0)
		size = item->size; /* a hole at the end, or an error when there was more */
	TRY(check_ratio(u, size));
	u->report.bytes += size;
	return tree_writer_file_end(u->writer, size);
}

static struct err *write_symlink(struct unpacking *u, const char *path, const char *target)
{
	bool wanted = true;

	TRY(archive_policy_symlink(path, target, u->options->absolute_links, &u->limits, &wanted));
	if (wanted)
		return tree_writer_symlink(u->writer, path, target);
	u->report.excluded++;
	u->report.entries--;
	return NULL;
}

/* In a cpio, the last of several names brings the content, after the others have been written empty. */
static struct err *check_linked_content(const struct unpacking *u, const char *path, const struct archive_item *item)
{
	if (item->size <= 0 || !streq(archive_format_text(u->reader), "rpm"))
		return NULL;
	return err_new(ERR_CORRUPT, "hard link '%s' has the content of the names before it, which is not supported",
		       path);
}

static struct err *write_hardlink(struct unpacking *u, const char *path, const char *target)
{
	AUTO_FREE char *real = NULL;
	const char *symlink_target = NULL;

	TRY(archive_policy_path(target, u->options->strip, &real));
	enum tree_kind kind = real ? tree_writer_find(u->writer, real, &symlink_target) : TREE_NOTHING;
	if (kind == TREE_FILE)
		return tree_writer_hardlink(u->writer, path, real);
	/* another name for a link, elsewhere, is another link: its target means something else there */
	if (kind == TREE_SYMLINK)
		return write_symlink(u, path, symlink_target);
	AUTO_FREE char *to = str_escape_short(target);
	return err_hint(
		err_new(ERR_CORRUPT, "hard link '%s' to '%s', which is not a file unpacked before it", path, to),
		"if '%s' is excluded, exclude the link as well", to);
}

static struct err *write_item(struct unpacking *u, const char *path, const struct archive_item *item)
{
	u->report.entries++;
	switch (item->kind) {
	case ITEM_FILE:
		return write_file(u, path, item);
	case ITEM_DIR:
		return tree_writer_dir(u->writer, path);
	case ITEM_SYMLINK:
		return write_symlink(u, path, item->target);
	case ITEM_HARDLINK:
		TRY(check_linked_content(u, path, item));
		return write_hardlink(u, path, item->target);
	case ITEM_OTHER:
		break;
	}
	return err_hint(
		err_new(ERR_CORRUPT, "entry '%s' is %s; only files, folders and links are unpacked", path, item->type),
		"if it is not needed, add it to 'exclude:' of the source");
}

static void warn_of(struct unpacking *u, const struct archive_item *item)
{
	AUTO(str) text = STR_INIT;

	/* names are bytes to us: that they do not fit the process's character set changes nothing */
	if (!item->warning || str_starts(item->warning, "Pathname") || str_starts(item->warning, "Linkname") ||
	    u->warnings++ >= WARNINGS_MAX)
		return;
	str_add(&text, "entry '");
	str_add(&text, item->name);
	str_add(&text, "': ");
	str_add(&text, item->warning);
	u->listener->warn(u->listener, str_text(&text));
}

/* Dropping the first part of each name is only right where that is the same folder for all. */
static struct err *check_top(struct unpacking *u, const struct archive_item *item)
{
	AUTO_FREE char *whole = NULL;

	TRY(archive_policy_path(item->name, 0, &whole));
	if (!whole || !u->options->one_top)
		return NULL;
	bool is_top_file = !strchr(whole, '/') && item->kind != ITEM_DIR;
	AUTO_FREE char *shown = str_escape_short(whole);
	whole[strcspn(whole, "/")] = '\0';
	if (!u->top && !is_top_file)
		u->top = mem_strdup(whole);
	if (!is_top_file && streq(u->top, whole))
		return NULL;
	struct err *e =
		u->top && !is_top_file
			? err_new(ERR_USAGE, "it has no one folder at its top: there are '%s' and '%s'", u->top, whole)
			: err_new(ERR_USAGE, "it has no one folder at its top: '%s' is in none", shown);
	return err_hint(e,
			"say what is meant: 'strip: 0' keeps all names, 'strip: 1' drops the first part of each, and "
			"entries that have only one");
}

static void note_stripped(struct unpacking *u, const struct archive_item *item)
{
	if (item->kind == ITEM_DIR)
		return;
	if (u->stripped++ == 0)
		u->first_stripped = str_escape_short(item->name);
}

static void tell_stripped(struct unpacking *u)
{
	AUTO(str) text = STR_INIT;

	if (u->stripped == 0)
		return;
	str_addf(&text, "'strip: %d' leaves out %lld %s with too short a name: '%s'%s", u->options->strip,
		 (long long)u->stripped, u->stripped == 1 ? "entry" : "entries", u->first_stripped,
		 u->stripped > 1 ? ", ..." : "");
	u->listener->warn(u->listener, str_text(&text));
}

static void tell_pointers(struct unpacking *u)
{
	AUTO(str) text = STR_INIT;

	if (u->pointers == 0)
		return;
	str_addf(&text, "%lld %s of Git LFS, without the content: '%s'%s", (long long)u->pointers,
		 u->pointers == 1 ? "file is a pointer" : "files are pointers", u->first_pointer,
		 u->pointers > 1 ? ", ..." : "");
	u->listener->warn(u->listener, str_text(&text));
}

static struct err *unpack_item(struct unpacking *u, const struct archive_item *item)
{
	AUTO_FREE char *path = NULL;

	u->seen++;
	TRY(check_top(u, item));
	TRY(check_amount(u, 0));
	TRY(check_ratio(u, 0));
	TRY(archive_policy_path(item->name, u->options->strip, &path));
	if (!path)
		note_stripped(u, item);
	if (!path || glob_match_any(u->options->exclude, path)) {
		u->report.excluded += path || item->kind != ITEM_DIR;
		return pass_over(u, item);
	}
	TRY(archive_policy_name(path, &u->limits));
	warn_of(u, item);
	TRY(write_item(u, path, item));
	return item->kind == ITEM_FILE ? NULL : pass_over(u, item);
}

static struct err *check_result(const struct unpacking *u)
{
	if (u->seen == 0)
		return err_new(ERR_CORRUPT, "there is nothing in it");
	TRY(check_amount(u, 0));
	if (u->report.entries == 0)
		return err_hint(err_new(ERR_USAGE, "nothing of its %lld entries is left", (long long)u->seen),
				"check 'strip:' and 'exclude:' of the source");
	return NULL;
}

static struct err *unpack_all(struct unpacking *u)
{
	const struct unpack_options *o = u->options;
	bool more = true;

	while (more) {
		struct archive_item item;

		TRY(archive_next(u->reader, &item, &more));
		if (u->seen == 0 && o->only_format && !streq(o->only_format, archive_format_text(u->reader)))
			return err_new(ERR_CORRUPT, "it is a %s archive where a %s archive is expected",
				       archive_format_text(u->reader), o->only_format);
		if (more)
			TRY(unpack_item(u, &item));
		tell_progress(u);
		TRY(cancel_check());
	}
	TRY(check_result(u));
	tell_stripped(u);
	tell_pointers(u);
	return tree_writer_finish(u->writer, u->report.tree);
}

struct err *unpack_entries(struct archive_reader *r, struct tree_writer *w, const struct unpack_options *o,
			   struct unpack_listener *l, struct unpack_report *ret_report)
{
	struct unpacking u = {
		.reader = r, .writer = w, .options = o, .limits = archive_limits_of(o->limits), .listener = l};
	struct err *e = unpack_all(&u);

	free(u.top);
	free(u.first_stripped);
	free(u.first_pointer);
	if (!e)
		*ret_report = u.report;
	return e;
}

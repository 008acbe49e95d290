#include "fmt/unpack_entries.h"

#include "base/cancel.h"
#include "base/path.h"
#include "sys/tick.h"

enum { PROGRESS_MS = 100, WARNINGS_MAX = 10, HEADER_BYTES = 512 };

struct unpacking {
	struct archive_reader *reader;
	struct tree_writer *writer;
	const struct unpack_options *options;
	struct archive_limits limits;
	struct unpack_listener *listener;
	struct unpack_report report;
	int64_t seen; /* entries met, excluded ones too */
	int64_t told_ms;
	int warnings;
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
static struct err *check_amount(struct unpacking *u, int64_t file_bytes)
{
	return archive_policy_amount(&u->limits, u->seen, u->report.bytes + file_bytes, file_bytes);
}

/* When @file_bytes of the current file have come out. Names without end come out of little as well: headers count. */
static struct err *check_ratio(struct unpacking *u, int64_t file_bytes)
{
	return archive_policy_ratio(&u->limits, u->report.bytes + file_bytes + u->seen * HEADER_BYTES,
				    archive_packed(u->reader));
}

static struct err *copy_content(struct unpacking *u, int64_t *ret_size)
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
	TRY(copy_content(u, &size));
	if (item->size > size)
		size = item->size; /* a hole at the end */
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
	AUTO_FREE char *shown = str_escape(path);
	return err_new(ERR_CORRUPT, "hard link '%s' has the content of the names before it, which is not supported",
		       shown);
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
	AUTO_FREE char *from = str_escape(path);
	AUTO_FREE char *to = str_escape(target);
	return err_hint(
		err_new(ERR_CORRUPT, "hard link '%s' to '%s', which is no file that was unpacked before it", from, to),
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
	AUTO_FREE char *shown = str_escape(path);
	return err_hint(
		err_new(ERR_CORRUPT, "entry '%s' is %s; only files, folders and links are unpacked", shown, item->type),
		"if it is not needed, name it under 'exclude:' of the source");
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

static struct err *unpack_item(struct unpacking *u, const struct archive_item *item)
{
	AUTO_FREE char *path = NULL;

	u->seen++;
	TRY(check_amount(u, 0));
	TRY(check_ratio(u, 0));
	TRY(archive_policy_path(item->name, u->options->strip, &path));
	if (!path) {
		u->report.excluded += item->kind != ITEM_DIR;
		return NULL;
	}
	if (glob_match_any(u->options->exclude, path)) {
		u->report.excluded++;
		return NULL;
	}
	TRY(archive_policy_name(path, &u->limits));
	warn_of(u, item);
	return write_item(u, path, item);
}

static struct err *check_result(const struct unpacking *u)
{
	if (u->seen == 0)
		return err_new(ERR_CORRUPT, "there is nothing in it");
	if (u->report.entries == 0)
		return err_hint(err_new(ERR_CORRUPT, "nothing of its %lld entries is left", (long long)u->seen),
				"look at 'strip:' and 'exclude:' of the source");
	return NULL;
}

struct err *unpack_entries(struct archive_reader *r, struct tree_writer *w, const struct unpack_options *o,
			   struct unpack_listener *l, struct unpack_report *ret_report)
{
	struct unpacking u = {.reader = r, .writer = w, .options = o, .limits = ARCHIVE_LIMITS_DEFAULT, .listener = l};
	bool more = true;

	if (o->limits)
		u.limits = *o->limits;
	while (more) {
		struct archive_item item;

		TRY(archive_next(r, &item, &more));
		if (u.seen == 0 && o->only_format && !streq(o->only_format, archive_format_text(r)))
			return err_new(ERR_CORRUPT, "it is a %s archive where a %s archive is expected",
				       archive_format_text(r), o->only_format);
		if (more)
			TRY(unpack_item(&u, &item));
		tell_progress(&u);
		TRY(cancel_check());
	}
	TRY(check_result(&u));
	TRY(tree_writer_finish(w, u.report.tree));
	*ret_report = u.report;
	return NULL;
}

#include "source/debian_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "fmt/archive.h"
#include "patch/patch.h"
#include "sys/file.h"
#include "tree/tree_writer.h"
#include "tree/unpack.h"

enum { DSC_MAX = 1 << 20, DIFF_MAX = 256 << 20 };

struct making {
	const struct debian_layout *layout;
	const struct debian_tree_options *options;
	const char *dir;
	struct sink *sink;
};

static struct err *unpack(const struct making *m, const struct debian_part *p, const char *dir,
			  const struct unpack_options *o)
{
	return unpack_archive(p->path, dir, o, m->options->step, m->sink, NULL);
}

/* The one folder at the archive's top becomes @dir; where there is no such folder, all of it does. */
static struct err *unpack_top(const struct making *m, const struct debian_part *p, const char *dir,
			      const struct strs *exclude)
{
	struct unpack_options o = {.strip = 1, .one_top = true, .exclude = exclude, .limits = m->options->limits};
	struct err *e = unpack(m, p, dir, &o);
	if (!err_is(e, ERR_USAGE))
		return e;
	err_free(e);
	TRY(tree_remove(dir));
	TRY(dir_make(dir, 0755));
	o.strip = 0;
	o.one_top = false;
	return unpack(m, p, dir, &o);
}

/* Of the globs for the whole tree those that can match below its folder @name, as they are seen from there. */
static void globs_below(const struct strs *globs, const char *name, bool anywhere, struct strs *below)
{
	AUTO_FREE char *start = mem_printf("%s/", name);
	for (size_t i = 0; globs && i < globs->count; i++) {
		const char *glob = globs->items[i];
		if (str_starts(glob, start) && glob[strlen(start)])
			strs_add(below, glob + strlen(start));
		else if (anywhere && !strchr(glob, '/'))
			strs_add(below, glob);
	}
}

static struct err *unpack_main(const struct making *m)
{
	AUTO(strs) exclude = STRS_INIT;
	if (m->options->exclude)
		strs_copy(&exclude, m->options->exclude);
	if (m->layout->packaging) {
		strs_add(&exclude, ".pc/");
		strs_add(&exclude, "debian/");
	}
	return unpack_top(m, m->layout->main, m->dir, &exclude);
}

static struct err *unpack_component(const struct making *m, const struct debian_component *c)
{
	AUTO_FREE char *dir = path_join(m->dir, c->name);
	AUTO(strs) exclude = STRS_INIT;
	globs_below(m->options->exclude, c->name, /* anywhere= */ true, &exclude);
	TRY(tree_remove(dir));
	TRY(dir_make(dir, 0755));
	return unpack_top(m, c->part, dir, &exclude);
}

/* Named as a whole or by a glob for all folders, the packaging stays: it is what was asked for. */
static struct err *unpack_packaging(const struct making *m)
{
	AUTO(strs) below = STRS_INIT;
	AUTO(strs) exclude = STRS_INIT;
	globs_below(m->options->exclude, "debian", /* anywhere= */ false, &below);
	for (size_t i = 0; i < below.count; i++)
		strs_addf(&exclude, "debian/%s", below.items[i]);
	return unpack(m, m->layout->packaging, m->dir,
		      &(struct unpack_options){.exclude = &exclude, .limits = m->options->limits});
}

static struct err *read_diff(const struct debian_part *p, struct str *text)
{
	int fd = open(p->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open '%s'", p->path);
	AUTO_STREAM *s = NULL;
	TRY(raw_open(stream_file(fd, p->name), p->name, "gz", 0, &s));
	for (;;) {
		const void *data = NULL;
		size_t size = 0;
		TRY(s->read(s, &data, &size));
		if (size == 0)
			return NULL;
		if (text->len + size > DIFF_MAX)
			return err_new(ERR_CORRUPT, "'%s' is larger than %d MiB", p->name, DIFF_MAX >> 20);
		str_add_mem(text, data, size);
	}
}

static struct err *apply_diff(const struct making *m)
{
	AUTO(str) text = STR_INIT;
	AUTO(patch_report) report = PATCH_REPORT_INIT;
	TRY(read_diff(m->layout->diff, &text));
	struct patch_input input = {.name = m->layout->diff->name,
				    .text = str_text(&text),
				    .size = text.len,
				    .strip = 1,
				    .exclude = m->options->exclude};
	return patch_series_apply(m->dir, &input, 1, NULL, &report);
}

/* What dpkg-source leaves for the next one that builds a package of the tree. */
static struct err *write_format(const struct making *m)
{
	AUTO_FREE char *path = path_join(m->dir, "debian/source/format");
	AUTO_FREE char *line = mem_printf("%s\n", m->layout->format);
	char hex[SHA256_HEX];
	bool there = false;
	TRY(file_lstat(path, &there, NULL));
	if (streq(m->layout->format, "1.0") || there)
		return NULL;
	AUTO_CLOSE int fd = open(m->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open the folder '%s'", m->dir);
	struct tree_writer *w = tree_writer_new(fd, UNPACK_MTIME);
	struct err *e = tree_writer_file(w, "debian/source/format", /* executable= */ false);
	if (!e)
		e = tree_writer_data(w, line, strlen(line), 0);
	if (!e)
		e = tree_writer_file_end(w, (int64_t)strlen(line));
	if (!e)
		e = tree_writer_finish(w, hex);
	tree_writer_free(w);
	return e;
}

static struct err *make_rules_executable(const struct making *m)
{
	AUTO_FREE char *path = path_join(m->dir, "debian/rules");
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP ? NULL : err_os(errno, "cannot open '%s'", path);
	if (fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && fchmod(fd, st.st_mode | 0111) != 0))
		return err_os(errno, "cannot make '%s' executable", path);
	return NULL;
}

static struct err *make(const struct making *m)
{
	const struct debian_layout *l = m->layout;
	TRY(unpack_main(m));
	for (size_t i = 0; i < l->count; i++)
		TRY(unpack_component(m, &l->components[i]));
	if (l->packaging)
		TRY(unpack_packaging(m));
	if (l->diff)
		TRY(apply_diff(m));
	TRY(write_format(m));
	return make_rules_executable(m);
}

static const struct debian_part *find_dsc(const struct debian_part *parts, size_t count)
{
	const struct debian_part *found = NULL;
	for (size_t i = 0; i < count; i++)
		if (str_ends(parts[i].name, ".dsc"))
			found = &parts[i];
	return found;
}

struct err *debian_tree_make(const struct debian_part *parts, size_t count, const char *dir,
			     const struct debian_tree_options *o, struct sink *sink)
{
	const struct debian_part *dsc = find_dsc(parts, count);
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *text = NULL;
	AUTO(debian_layout) layout = {.format = NULL};
	if (!dsc)
		return err_new(ERR_CORRUPT, "it has no .dsc: this is no Debian source package");
	TRY(dir_list(dir, &names));
	if (names.count)
		return err_hint(err_new(ERR_USAGE, "a Debian source package needs a folder of its own"),
				"list it before the other sources, or give it 'into: FOLDER'");
	TRY(file_read(dsc->path, DSC_MAX, &text, NULL));
	TRY(debian_dsc_read(text, parts, count, &layout));
	if (o->version && !streq(o->version, layout.version))
		return err_hint(err_new(ERR_CORRUPT, "its .dsc says version %s, and the lock says %s", layout.version,
					o->version),
				"`cooper update` writes the entry anew; find out who changed it");
	const struct making m = {&layout, o, dir, sink};
	return make(&m);
}

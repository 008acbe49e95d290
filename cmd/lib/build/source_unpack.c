/* Every source into its place in the tree: what it is, its own bytes say. Nothing that a recipe names is passed over.
 */
#include "build/build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/magic.h"
#include "source/debian_tree.h"
#include "source/source_git.h"
#include "store/cas.h"
#include "sys/file.h"
#include "tree/tree_writer.h"
#include "tree/unpack.h"

enum { COPY_BYTES = 256 * 1024 };

/* One file below a job's tree. */
struct place {
	const struct build_job *job;
	const struct source_file *file;
	const char *tree;
	struct sink *sink;
};

static struct err *copy_bytes(int fd, const char *object, struct tree_writer *w)
{
	AUTO_FREE char *buffer = mem_alloc(COPY_BYTES);
	int64_t at = 0;
	for (ssize_t n; (n = read(fd, buffer, COPY_BYTES)) != 0; at += n) {
		if (n < 0)
			return err_os(errno, "cannot read '%s'", object);
		TRY(tree_writer_data(w, buffer, (size_t)n, at));
	}
	return tree_writer_file_end(w, at);
}

/* What is no archive is one file of the tree, by the name that its URL ends in. */
static struct err *place_file(const struct place *p, int fd, const char *object)
{
	const struct source *s = p->file->source;
	const char *name = p->file->name;
	char hex[SHA256_HEX];
	if (s->strip > 0)
		return err_hint(err_new(ERR_USAGE,
					"it is one file and no archive: 'strip: %d' leaves nothing of its name",
					s->strip),
				"remove 'strip:'");
	if (!path_is_plain(name) || strchr(name, '/') || strchr(name, '%') || glob_match_any(&s->exclude, name))
		return err_hint(err_new(ERR_USAGE, "it is one file and no archive, and '%s' is no name for it", name),
				"use a URL that ends in the file's name, and does not match 'exclude:'");
	TRY(archive_policy_name(name, &(struct archive_limits)ARCHIVE_LIMITS_DEFAULT));
	AUTO_CLOSE int top = open(p->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int below = -1;
	if (top < 0)
		return err_os(errno, "cannot open the folder '%s'", p->tree);
	TRY(tree_open_below(top, s->into ? s->into : "", &below));
	struct tree_writer *w = tree_writer_new(below, UNPACK_MTIME);
	struct err *e = tree_writer_file(w, name, /* executable= */ false);
	if (!e)
		e = copy_bytes(fd, object, w);
	if (!e)
		e = tree_writer_finish(w, hex);
	tree_writer_free(w);
	return e;
}

static struct err *unpack_it(const struct place *p, const char *object, const char *what)
{
	const struct source *s = p->file->source;
	bool is_package = streq(what, "deb") || streq(what, "rpm");
	struct unpack_options o = {.strip = s->strip >= 0 ? s->strip
					    : is_package  ? 0
							  : 1,
				   .one_top = s->strip < 0 && !is_package,
				   .exclude = &s->exclude,
				   .into = s->into,
				   .limits = &s->limits,
				   .only_format = s->debian_package ? "deb" : NULL,
				   .absolute_links = is_package ? ABSOLUTE_SKIP : ABSOLUTE_REFUSE};
	return unpack_archive(object, p->tree, &o, p->job->source_step, p->sink, NULL);
}

static struct err *place_object(const struct place *p)
{
	AUTO_FREE char *object = cas_path(p->job->home, p->file->digest);
	char start[MAGIC_SIZE] = "";
	AUTO_CLOSE int fd = open(object, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, start, sizeof(start), 0);
	if (n < 0)
		return err_os(errno, "cannot read '%s'", object);
	const char *what = magic_archive(start, (size_t)n);
	const char *foreign = what ? NULL : magic_foreign(start, (size_t)n);
	if (p->file->source->debian_package && !streq(what, "deb"))
		return err_new(ERR_CORRUPT, "it is no Debian package");
	if (foreign)
		return err_hint(err_new(ERR_CORRUPT, "it is of the format %s, which is not read here", foreign),
				"use another file of the same release: .tar.xz, .tar.gz, .tar.bz2, .tar.zst or .zip");
	return what ? unpack_it(p, object, what) : place_file(p, fd, object);
}

/* The files of one Debian source package, which stand next to each other, from @first on; *ret_count of them. */
static struct err *place_debian(const struct place *p, size_t *ret_count)
{
	const struct source_files *files = p->job->files;
	const struct source_file *end = files->items + files->count;
	const struct source *s = p->file->source;
	AUTO_FREE char *dir = s->into ? path_join(p->tree, s->into) : mem_strdup(p->tree);
	AUTO_FREE struct debian_part *parts = mem_array(files->count, sizeof(*parts));
	AUTO(strs) paths = STRS_INIT;
	size_t count = 0;
	for (const struct source_file *f = p->file; f < end && f->source == s; f++) {
		strs_take(&paths, cas_path(p->job->home, f->digest));
		parts[count] = (struct debian_part){f->name, f->digest, paths.items[count]};
		count++;
	}
	const struct debian_tree_options o = {
		.exclude = &s->exclude, .limits = &s->limits, .step = p->job->source_step, .version = p->file->version};
	*ret_count = count;
	struct err *e = debian_tree_make(parts, count, dir, &o, p->sink);
	return e ? err_wrap(e, "the source package '%s'", s->debian_source) : NULL;
}

static struct err *make_folder(const struct place *p)
{
	const char *into = p->file->source->into;
	AUTO_CLOSE int top = open(p->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int below = -1;
	if (top < 0)
		return err_os(errno, "cannot open the folder '%s'", p->tree);
	return tree_open_below(top, into, &below);
}

static struct err *place_source(const struct place *p, size_t *ret_count)
{
	const struct source *s = p->file->source;
	struct err *e = s->into ? make_folder(p) : NULL;
	if (!e && s->debian_source)
		e = place_debian(p, ret_count);
	else if (!e)
		e = p->file->digest ? place_object(p)
				    : source_git_export(p->job->home, p->file, p->tree, p->job->source_step, p->sink);
	if (e && !s->debian_source)
		e = err_wrap(e, "cannot unpack '%s'", p->file->name);
	return e ? err_wrap(e, "%s:%d:%d", p->job->recipe->path, s->mark.line, s->mark.column) : NULL;
}

struct err *build_unpack(const struct build_job *job, const char *tree, struct sink *sink)
{
	size_t count = 1;
	TRY(source_prove(job->home, job->files));
	for (size_t i = 0; i < job->files->count; i += count) {
		const struct place p = {job, &job->files->items[i], tree, sink};
		count = 1;
		if (p.file->source) /* a patch is applied, not unpacked */
			TRY(place_source(&p, &count));
	}
	return NULL;
}

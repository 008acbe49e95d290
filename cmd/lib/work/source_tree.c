/* The patched source tree of a build: every source unpacked in its place, then all patches as one series. */
#include "work/build.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "fmt/patch.h"
#include "fmt/unpack.h"
#include "store/cas.h"
#include "sys/file.h"

enum { PATCH_MAX = 64 << 20, STAMP_MAX = 256 };

/* Inputs of one series, with what they borrow from. */
struct series {
	struct patch_input *items;
	size_t count;
	size_t cap;
	struct strs owned; /* names and texts */
};

static void series_done(struct series *s)
{
	free(s->items);
	strs_done(&s->owned);
}

static char *tree_path(const struct build_job *job)
{
	return mem_printf("%s/%s/src", job->home->build, job->recipe->name);
}

static char *stamp_path(const struct build_job *job)
{
	return mem_printf("%s/%s/src.key", job->home->build, job->recipe->name);
}

bool build_source_present(const struct build_job *job)
{
	AUTO_FREE char *path = stamp_path(job);
	AUTO_FREE char *text = NULL;
	struct err *e = file_read(path, STAMP_MAX, &text, NULL);
	if (e) {
		err_free(e);
		return false;
	}
	return streq(text, job->source_key);
}

static bool is_archive(const char *name)
{
	static const char *const endings[] = {".tar.xz", ".tar.gz", ".tar.bz2", ".tar.zst", ".tar", ".tgz", ".txz", ".zip"};
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (str_ends(name, endings[i]))
			return true;
	return false;
}

/* Where a file of a source goes: a Debian source package's packaging lands in debian/, as dpkg-source does it. */
static struct err *unpack_file(const struct build_job *job, const struct source_file *f, const char *tree,
                               struct sink *sink)
{
	AUTO_FREE char *object = cas_path(job->home, f->sha256);
	struct unpack_options o = {.strip = f->source->strip, .exclude = &f->source->exclude, .into = f->source->into};
	struct unpack_report report;
	if (str_ends(f->name, ".deb")) {
		o.strip = 0;
		o.absolute_links = ABSOLUTE_SKIP;
		return unpack_deb(object, tree, &o, job->source_step, sink, &report);
	}
	if (f->source->debian_source && strstr(f->name, ".debian.tar")) {
		o.strip = 0;
		o.exclude = NULL;
		return unpack_archive(object, tree, &o, job->source_step, sink, &report);
	}
	if (is_archive(f->name))
		return unpack_archive(object, tree, &o, job->source_step, sink, &report);
	return NULL; /* a .dsc, a signature: verified, not needed in the tree */
}

static struct err *unpack_all(const struct build_job *job, const char *tree, struct sink *sink)
{
	for (size_t i = 0; i < job->files->count; i++) {
		const struct source_file *f = &job->files->items[i];
		if (f->source->into) {
			AUTO_FREE char *into = path_join(tree, f->source->into);
			TRY(dir_make(into, 0755));
		}
		struct err *e = unpack_file(job, f, tree, sink);
		if (e)
			return err_wrap(e, "cannot unpack '%s'", f->name);
	}
	return NULL;
}

static struct err *add_patch(struct series *s, const char *name, const char *path, const struct patch_ref *ref,
                             int strip, bool reverse)
{
	char *text = NULL;
	size_t size = 0;
	TRY(file_read(path, PATCH_MAX, &text, &size));
	strs_take(&s->owned, text);
	strs_add(&s->owned, name);
	s->items = mem_grow(s->items, &s->cap, s->count + 1, sizeof(*s->items));
	s->items[s->count++] = (struct patch_input){.name = s->owned.items[s->owned.count - 1],
	                                            .text = text,
	                                            .size = size,
	                                            .strip = strip,
	                                            .reverse = reverse,
	                                            .exclude = &ref->exclude};
	return NULL;
}

/* A quilt series that came with the sources. */
static struct err *add_series(struct series *s, const char *tree, const struct patch_ref *ref)
{
	AUTO_FREE char *path = path_join(tree, ref->series);
	AUTO_FREE char *dir = path_dir(path);
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	struct patch_series list = PATCH_SERIES_INIT;
	TRY(file_read(path, PATCH_MAX, &text, &size));
	TRY(patch_series_parse(ref->series, text, size, &list));
	struct err *e = NULL;
	for (size_t i = 0; i < list.count && !e; i++) {
		AUTO_FREE char *file = path_join(dir, list.items[i].name);
		e = add_patch(s, list.items[i].name, file, ref, list.items[i].strip, list.items[i].reverse);
	}
	patch_series_done(&list);
	return e;
}

static struct err *add_ref(const struct build_job *job, struct series *s, const char *tree,
                           const struct patch_ref *ref)
{
	if (ref->series)
		return add_series(s, tree, ref);
	if (ref->file) {
		AUTO_FREE char *path = mem_printf("%s/patches/%s", job->recipe->root, ref->file);
		return add_patch(s, ref->file, path, ref, ref->strip, /* reverse= */ false);
	}
	AUTO_FREE char *object = cas_path(job->home, ref->sha256);
	return add_patch(s, path_base(ref->url), object, ref, ref->strip, /* reverse= */ false);
}

static void report_offsets(const struct build_job *job, const struct series *s, const struct patch_report *r,
                           struct sink *sink)
{
	for (size_t i = 0; i < r->offset_count; i++) {
		AUTO(str) text = STR_INIT;
		str_add_patch_offset(&text, &r->offsets[i]);
		event_emit(sink, &(struct event){.kind = EVENT_OUTPUT, .step = job->source_step, .text = str_text(&text)});
	}
	event_note(sink, job->source_step, "%zu patches applied: %zu files, %zu hunks (%zu elsewhere than they say), %zu skipped",
	           s->count, r->files, r->hunks, r->offset_count, r->hunks_skipped);
}

static struct err *patch_tree(const struct build_job *job, const char *tree, struct sink *sink)
{
	AUTO(series) s = {.items = NULL};
	for (size_t i = 0; i < job->recipe->patch_count; i++) {
		const struct patch_ref *ref = &job->recipe->patches[i];
		struct err *e = add_ref(job, &s, tree, ref);
		if (e)
			return err_wrap(e, "%s:%d:%d", job->recipe->path, ref->mark.line, ref->mark.column);
	}
	if (s.count == 0)
		return NULL;
	AUTO_FREE char *journal = mem_printf("%s.patch-journal", tree);
	struct patch_options options = {.journal_path = journal};
	AUTO(patch_report) report = PATCH_REPORT_INIT;
	TRY(patch_series_apply(tree, s.items, s.count, &options, &report));
	report_offsets(job, &s, &report, sink);
	return NULL;
}

/* Unpacked beside its place and renamed: a tree that is there, with its stamp, is whole. */
struct err *build_source(const struct build_job *job, struct sink *sink)
{
	AUTO_FREE char *tree = tree_path(job);
	AUTO_FREE char *stage = mem_printf("%s.new", tree);
	AUTO_FREE char *stamp = stamp_path(job);
	TRY(file_remove(stamp));
	TRY(tree_remove(stage));
	TRY(tree_remove(tree));
	TRY(dir_make(stage, 0755));
	TRY(unpack_all(job, stage, sink));
	TRY(patch_tree(job, stage, sink));
	TRY(file_rename(stage, tree));
	return file_write(stamp, job->source_key, strlen(job->source_key), 0600);
}

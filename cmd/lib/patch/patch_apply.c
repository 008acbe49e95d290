#include "patch/patch_apply.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "tree/archive_policy.h"

enum { GIT_SYMLINK = 0120000, GIT_TYPE = 0170000 };

/* One section on its way. */
struct work {
	const struct patch_apply *a;
	const struct patch_set *set;
	const struct patch_file *f;
	size_t group;
};

static struct err *misfit(const struct work *w, const char *path, const char *fmt, ...) PRINTF_LIKE(3, 4);

static struct err *misfit(const struct work *w, const char *path, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *what = mem_vprintf(fmt, ap);
	va_end(ap);
	return err_new(ERR_CORRUPT, "patch '%s', line %zu: '%s' %s", w->set->name, w->f->line, path, what);
}

static struct err *get_node(const struct work *w, const char *path, struct patch_node **ret)
{
	struct err *e = patch_overlay_get(w->a->overlay, path, ret);
	return e ? err_wrap(e, "patch '%s', line %zu: '%s' is refused", w->set->name, w->f->line, path) : NULL;
}

static struct err *check_link(const struct work *w, const char *path, const struct patch_content *c)
{
	AUTO_FREE char *target = mem_strndup(c->data, c->size);
	if (strlen(target) == c->size && !archive_policy_link_fault(path, target))
		return NULL;
	return misfit(w, path, "would be a symbolic link that leads outside the tree: '%s'", target);
}

static struct err *binary_content(const struct work *w, const char *path, const struct patch_state *source,
				  struct patch_content **ret)
{
	const struct patch_file *f = w->f;
	struct patch_content *old = source->content;
	const char *data = "";
	size_t size = 0;
	if (old) {
		patch_content_bytes(old);
		data = old->data;
		size = old->size;
	}
	if (strlen(f->old_id) < 7 || strlen(f->new_id) < 7)
		return misfit(w, path, "has a binary hunk without an index line: its target is unknown");
	if (old && !patch_blob_is(f->old_id, data, size))
		return misfit(w, path, "is not the file that the binary hunk was made for (its git id is not %s)",
			      f->old_id);
	if (!f->forward.kind)
		return misfit(w, path, "has a binary hunk without the data to revert it");
	AUTO_FREE char *unpacked = NULL;
	struct patch_content *c = patch_content_new(w->a->overlay);
	struct err *e = patch_binary_unpack(&f->forward, &unpacked);
	if (!e && f->forward.kind == PATCH_BINARY_LITERAL) {
		c->data = TAKE(unpacked);
		c->size = f->forward.size;
	} else if (!e) {
		e = patch_binary_delta(unpacked, f->forward.size, data, size, &c->data, &c->size);
	}
	if (e)
		return err_wrap(e, "patch '%s', line %zu: '%s'", w->set->name, f->line, path);
	if (f->op != PATCH_DELETE && !patch_blob_is(f->new_id, c->data, c->size))
		return misfit(w, path, "has the wrong content after its binary hunk (git id %s)", f->new_id);
	*ret = c;
	return NULL;
}

/* A side without lines is named by the line before it. */
static void note_place(const struct work *w, const struct patch_hunk *h, size_t old_at, size_t new_at)
{
	struct patch_report *r = w->a->report;
	r->places = mem_grow(r->places, &r->place_cap, r->place_count + 1, sizeof(*r->places));
	r->places[r->place_count++] = (struct patch_place){.patch = w->a->index,
							   .row = h->line,
							   .old_start = old_at + (h->old_count ? 1 : 0),
							   .new_start = new_at + (h->new_count ? 1 : 0)};
}

/* Hunk @h went to line @at of the file before, line @new_at of the file after; both from 0. */
static void note_hunk(const struct work *w, const char *path, size_t number, const struct patch_hunk *h, size_t at,
		      size_t new_at)
{
	struct patch_report *r = w->a->report;
	if (!r)
		return;
	r->hunks++;
	if (w->a->places)
		note_place(w, h, at, new_at);
	int64_t stated = (int64_t)h->old_start - (h->old_count ? 1 : 0);
	if ((int64_t)at == stated)
		return;
	r->offsets = mem_grow(r->offsets, &r->offset_cap, r->offset_count + 1, sizeof(*r->offsets));
	r->offsets[r->offset_count++] = (struct patch_offset){.patch = w->a->index,
							      .path = mem_strdup(path),
							      .hunk = number,
							      .line = at + 1,
							      .offset = (int64_t)at - stated};
}

static const char *way_out(const struct work *w, const struct patch_hunk *h, const struct patch_text *t, bool blanks)
{
	bool crlf = h->count && patch_line_crlf(&w->set->lines[h->first]);
	if (patch_text_crlf(t) && !crlf && !w->f->crlf)
		return "the file's lines end in CRLF, the patch's in LF: make the patch against this very file";
	if (blanks && crlf && t->count && !patch_text_crlf(t) && !w->f->crlf)
		return "the patch's lines end in CRLF, the file's in LF: make the patch against this very file";
	if (blanks)
		return "nothing but blanks differs: fetch the patch in its raw form (a web page, a mail program or an "
		       "editor may have changed them), or make it against this very file";
	return "refresh the patch for this version of the source, or drop it";
}

static struct err *no_place(const struct work *w, const char *path, size_t number, const struct patch_hunk *h,
			    const struct patch_text *t, int64_t expected)
{
	struct err *e =
		err_new(ERR_CORRUPT, "patch '%s', line %zu: hunk %zu does not apply to '%s' (expected at line %lld)",
			w->set->name, h->line, number, path, (long long)expected + 1);
	bool blanks = false;
	char *detail = patch_explain(t, w->set, h, path, expected, &blanks);
	return err_detail(err_hint(e, "%s", way_out(w, h, t, blanks)), detail);
}

static struct err *two_places(const struct work *w, const char *path, size_t number, const struct patch_hunk *h,
			      size_t at, size_t other)
{
	return err_hint(
		err_new(ERR_CORRUPT,
			"patch '%s', line %zu: hunk %zu applies to '%s' at two equally near places: at line %zu and at line %zu",
			w->set->name, h->line, number, path, at + 1, other + 1),
		"refresh the patch for this version of the source, so that its line numbers are right");
}

static void keep_lines(struct patch_text *out, const struct patch_text *t, size_t from, size_t to)
{
	if (from < to)
		patch_text_add(out, t->lines + from, to - from);
}

/* What hunk @h leaves behind: its context and what it adds. */
static void add_new_side(struct patch_text *out, const struct patch_set *set, const struct patch_hunk *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (set->lines[h->first + i].kind != '-')
			patch_text_add(out, &set->lines[h->first + i], 1);
}

/* Added lines without context would fit anywhere: when they are there already, they are not added again. */
static bool is_there(const struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h, size_t at)
{
	if (h->old_count || !t->count || at > t->count || h->new_count > t->count - at)
		return false;
	for (size_t i = 0; i < h->count; i++)
		if (!patch_line_same(&set->lines[h->first + i], &t->lines[at + i]))
			return false;
	return true;
}

static size_t count_added(const struct work *w, const struct patch_set *set)
{
	size_t n = 0;
	for (size_t i = 0; i < w->f->hunk_count; i++)
		n += set->hunks[w->f->hunk_first + i].new_count;
	return n;
}

static struct err *apply_hunks(const struct work *w, const char *path, const struct patch_set *set,
			       struct patch_text *t, struct patch_text *out)
{
	size_t done = 0;
	int64_t drift = 0;
	patch_text_reserve(out, t->count + count_added(w, set));
	for (size_t i = 0; i < w->f->hunk_count; i++) {
		const struct patch_hunk *h = &set->hunks[w->f->hunk_first + i];
		int64_t stated = (int64_t)h->old_start - (h->old_count ? 1 : 0);
		size_t at = 0, other = 0;
		enum patch_fit fit = patch_locate(t, set, h, done, stated + drift, &at, &other);
		if (fit == PATCH_FITS_TWICE)
			return two_places(w, path, i + 1, h, at, other);
		if (fit == PATCH_FITS_NOWHERE || is_there(t, set, h, at))
			return no_place(w, path, i + 1, h, t, stated + drift);
		drift = (int64_t)at - stated;
		keep_lines(out, t, done, at);
		note_hunk(w, path, i + 1, h, at, out->count);
		add_new_side(out, set, h);
		done = at + h->old_count;
	}
	keep_lines(out, t, done, t->count);
	for (size_t i = 0; i + 1 < out->count; i++)
		if (!out->lines[i].eol)
			return misfit(w, path, "would get lines after a line without a newline");
	return NULL;
}

/* The set without the carriage returns at the ends of the section's lines: they are the transport's. */
static void without_returns(const struct patch_set *set, const struct patch_file *f, struct patch_set *ret)
{
	*ret = *set;
	ret->lines = mem_array(set->line_count, sizeof(*ret->lines));
	if (set->line_count)
		memcpy(ret->lines, set->lines, set->line_count * sizeof(*ret->lines));
	for (size_t i = 0; i < f->hunk_count; i++) {
		const struct patch_hunk *h = &set->hunks[f->hunk_first + i];
		for (size_t k = h->first; k < h->first + h->count; k++) {
			struct patch_line *l = &ret->lines[k];
			l->len -= l->eol && l->len && l->text[l->len - 1] == '\r';
		}
	}
}

/* How a reading of a section fits: nowhere, with lines moved, where it says. */
enum reading { READS_NOWHERE, READS_MOVED, READS_EXACTLY };

static enum reading try_reading(const struct work *w, const char *path, const struct patch_set *set,
				struct patch_text *t)
{
	struct patch_report report = PATCH_REPORT_INIT;
	struct patch_apply a = *w->a;
	struct work trial = *w;
	struct patch_text out = PATCH_TEXT_INIT;
	a.report = &report;
	a.places = false;
	trial.a = &a;
	struct err *e = apply_hunks(&trial, path, set, t, &out);
	enum reading r = e ? READS_NOWHERE : report.offset_count ? READS_MOVED : READS_EXACTLY;
	err_free(e);
	patch_text_done(&out);
	patch_report_done(&report);
	return r;
}

/* A patch whose lines all end in CRLF was made of such lines, or on the way every line end became one: what fits, and
 * fits best, is right. Where both fit alike, the file's first line tells. */
static struct err *apply_crlf(const struct work *w, const char *path, struct patch_text *t, struct patch_text *out)
{
	struct patch_set stripped;
	without_returns(w->set, w->f, &stripped);
	enum reading as_is = try_reading(w, path, w->set, t), bare = try_reading(w, path, &stripped, t);
	bool keep = as_is == bare ? patch_text_crlf(t) : as_is > bare;
	struct err *e = as_is == READS_MOVED && bare == READS_MOVED
				? misfit(w, path, "has two places for the patch: with its CRLF line ends and without")
				: apply_hunks(w, path, keep ? w->set : &stripped, t, out);
	free(stripped.lines);
	return e;
}

static struct err *text_content(const struct work *w, const char *path, const struct patch_state *source,
				struct patch_content **ret)
{
	struct patch_text none = PATCH_TEXT_INIT;
	struct patch_text *t = source->content ? patch_content_text(source->content) : &none;
	struct patch_content *c = patch_content_new(w->a->overlay);
	c->split = true;
	struct err *e = w->f->crlf ? apply_crlf(w, path, t, &c->text) : apply_hunks(w, path, w->set, t, &c->text);
	if (source->content)
		patch_content_unsplit(source->content);
	*ret = c;
	return e;
}

/* The state that the section makes of @source for @path. */
static struct err *make_state(const struct work *w, const char *path, const struct patch_state *source,
			      struct patch_state *ret)
{
	const struct patch_file *f = w->f;
	bool moved = f->op == PATCH_RENAME || f->op == PATCH_COPY || f->op == PATCH_UNCOPY;
	bool new_link = (f->new_mode & GIT_TYPE) == GIT_SYMLINK;
	/* A move without a change says no mode. */
	bool old_link = moved && !f->old_mode ? source->kind == PATCH_SYMLINK : (f->old_mode & GIT_TYPE) == GIT_SYMLINK;
	if (source->kind != PATCH_ABSENT && (source->kind == PATCH_SYMLINK) != old_link)
		return misfit(w, path,
			      source->kind == PATCH_SYMLINK ? "is a symbolic link, the patch is for a regular file"
							    : "is a regular file, the patch is for a symbolic link");
	if (source->kind != PATCH_ABSENT && f->new_mode && old_link != new_link)
		return misfit(w, path, "would turn from a file into a link or back in one step");
	*ret = *source;
	if (f->forward.kind || f->backward.kind)
		TRY(binary_content(w, path, source, &ret->content));
	else if (f->hunk_count)
		TRY(text_content(w, path, source, &ret->content));
	if (!ret->content) {
		ret->content = patch_content_new(w->a->overlay);
		ret->content->split = true;
	}
	if (source->kind == PATCH_ABSENT) {
		ret->kind = new_link ? PATCH_SYMLINK : PATCH_REGULAR;
		ret->perm = f->new_mode & 0111 ? 0755 : 0644;
	} else if (f->chmod && f->new_mode && !new_link && ((f->new_mode ^ ret->perm) & 0100)) {
		ret->perm = f->new_mode & 0100 ? ret->perm | ((ret->perm & 0444) >> 2) : ret->perm & ~(mode_t)0111;
	}
	if (ret->kind == PATCH_SYMLINK && f->op != PATCH_DELETE && f->op != PATCH_UNCOPY) {
		patch_content_bytes(ret->content);
		return check_link(w, path, ret->content);
	}
	return NULL;
}

/* Whether a later section of the same group takes @path away, so that it may be taken before. */
static bool leaves_later(const struct work *w, const char *path)
{
	const struct patch_file *end = w->set->files + w->set->file_count;
	for (const struct patch_file *f = w->f + 1; f < end && f->group == w->f->group; f++)
		if ((f->op == PATCH_RENAME || f->op == PATCH_DELETE) && streq(f->old_path, path))
			return true;
	return false;
}

static struct err *check_free(const struct work *w, const struct patch_node *node)
{
	bool emptied = true;
	if (node->now.kind == PATCH_FOLDER || patch_overlay_is_dir(w->a->overlay, node->path))
		TRY(patch_folder_emptied(w->a->overlay, node, &emptied));
	if (!emptied)
		return misfit(w, node->path, "is a folder where a file would be created");
	if (node->now.kind != PATCH_ABSENT && node->now.kind != PATCH_FOLDER && !leaves_later(w, node->path))
		return err_hint(misfit(w, node->path, "would be created and exists already"),
				"the tree is not the one that the patch was made for");
	return NULL;
}

static struct err *check_source(const struct work *w, const char *path, const struct patch_state *state)
{
	if (state->kind == PATCH_ABSENT)
		return err_hint(misfit(w, path, "does not exist"),
				"the tree is not the one that the patch was made for");
	if (state->kind == PATCH_FOLDER || state->kind == PATCH_OTHER)
		return misfit(w, path, "is not a regular file");
	return NULL;
}

static struct err *do_modify(const struct work *w, const char *path)
{
	struct patch_node *node = NULL;
	struct patch_state state;
	TRY(get_node(w, path, &node));
	if (w->f->maybe_create && node->now.kind == PATCH_ABSENT) {
		TRY(check_free(w, node));
	} else {
		TRY(check_source(w, path, &node->now));
		if (w->f->maybe_create && patch_content_text(node->now.content)->count)
			return err_hint(misfit(w, path, "would be created and exists already"),
					"the tree is not the one that the patch was made for");
	}
	/* "@@ -0,0" alone may be the top of any file (diff -U0); git's id of nothing says that there was nothing. */
	if (patch_id_is_empty(w->f->old_id) && w->f->hunk_count && patch_content_text(node->now.content)->count)
		return err_hint(misfit(w, path, "is not empty, the patch was made for an empty file"),
				"refresh the patch for this version of the source, or drop it");
	TRY(make_state(w, path, &node->now, &state));
	patch_overlay_set(w->a->overlay, node, state, w->group);
	return NULL;
}

static struct err *do_create(const struct work *w)
{
	struct patch_node *node = NULL;
	struct patch_state state;
	const struct patch_state nothing = {.kind = PATCH_ABSENT};
	TRY(get_node(w, w->f->new_path, &node));
	TRY(check_free(w, node));
	TRY(make_state(w, w->f->new_path, &nothing, &state));
	patch_overlay_set(w->a->overlay, node, state, w->group);
	return NULL;
}

static struct err *do_delete(const struct work *w)
{
	struct patch_node *node = NULL;
	struct patch_state state;
	const char *path = w->f->old_path;
	TRY(get_node(w, path, &node));
	TRY(check_source(w, path, &node->now));
	TRY(make_state(w, path, &node->now, &state));
	patch_content_bytes(state.content);
	if (state.content->size)
		return err_hint(misfit(w, path, "would be deleted, but contains more than the patch removes"),
				"refresh the patch for this version of the source, or drop it");
	patch_overlay_set(w->a->overlay, node, (struct patch_state){.kind = PATCH_ABSENT}, w->group);
	return NULL;
}

/* Rename and copy read what the source was before this commit: git lists sections by name, not in time. */
static struct err *do_move(const struct work *w)
{
	struct patch_node *from = NULL, *to = NULL;
	struct patch_state state;
	const struct patch_file *f = w->f;
	TRY(get_node(w, f->old_path, &from));
	const struct patch_state *source = patch_state_before(from, w->group);
	TRY(check_source(w, f->old_path, source));
	const struct patch_state taken = *source;
	/* First, since a file may become one in a folder of its own name, or the other way round. */
	if (f->op == PATCH_RENAME && !(from->group == w->group && from->moved_in))
		patch_overlay_set(w->a->overlay, from, (struct patch_state){.kind = PATCH_ABSENT}, w->group);
	TRY(get_node(w, f->new_path, &to));
	if (to != from)
		TRY(check_free(w, to));
	TRY(make_state(w, f->new_path, &taken, &state));
	patch_overlay_set(w->a->overlay, to, state, w->group);
	to->moved_in = true;
	return NULL;
}

/* A copy taken back: what the hunks leave of it must be its source again. */
static struct err *do_uncopy(const struct work *w)
{
	struct patch_node *copy = NULL, *source = NULL;
	struct patch_state state;
	TRY(get_node(w, w->f->old_path, &copy));
	TRY(check_source(w, w->f->old_path, &copy->now));
	TRY(get_node(w, w->f->new_path, &source));
	TRY(check_source(w, w->f->new_path, &source->now));
	TRY(make_state(w, w->f->old_path, &copy->now, &state));
	patch_content_bytes(state.content);
	patch_content_bytes(source->now.content);
	if (state.content->size != source->now.content->size ||
	    memcmp(state.content->data, source->now.content->data, state.content->size) != 0)
		return misfit(w, w->f->old_path, "is no longer a copy of '%s'", w->f->new_path);
	patch_overlay_set(w->a->overlay, copy, (struct patch_state){.kind = PATCH_ABSENT}, w->group);
	return NULL;
}

/* Of the two names of a plain header, the one that exists; the new one first. */
static struct err *choose_name(const struct work *w, const char **ret_path)
{
	const char *a = w->f->new_path, *b = w->f->old_path;
	*ret_path = a ? a : b;
	if (!a || !b || streq(a, b))
		return NULL;
	struct patch_node *node = NULL;
	TRY(get_node(w, a, &node));
	if (node->now.kind != PATCH_ABSENT)
		return NULL;
	TRY(get_node(w, b, &node));
	if (node->now.kind != PATCH_ABSENT)
		*ret_path = b;
	return NULL;
}

static struct err *apply_file(const struct work *w)
{
	const struct patch_file *f = w->f;
	const char *path = NULL;
	if (f->strip_failed)
		return misfit(w, f->raw, "has no more than %d components to strip", w->a->input->strip);
	if (f->old_mode == PATCH_GITLINK || f->new_mode == PATCH_GITLINK)
		return err_hint(misfit(w, patch_target(f), "is a submodule, which a patch cannot change"),
				"exclude that path; what is in the submodule is a source of its own");
	if (f->binary_missing)
		return err_hint(misfit(w, patch_target(f), "is binary, and the patch does not hold its bytes"),
				"exclude that path, or make the patch with git diff --binary");
	switch (f->op) {
	case PATCH_MODIFY:
		TRY(choose_name(w, &path));
		return do_modify(w, path);
	case PATCH_CREATE:
		return do_create(w);
	case PATCH_DELETE:
		return do_delete(w);
	case PATCH_RENAME:
	case PATCH_COPY:
		return do_move(w);
	case PATCH_UNCOPY:
		return do_uncopy(w);
	}
	return NULL;
}

struct err *patch_apply_section(const struct patch_apply *a, const struct patch_set *set, size_t i)
{
	struct work w = {.a = a, .set = set, .f = &set->files[i], .group = *a->group};
	return apply_file(&w);
}

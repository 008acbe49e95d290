/* A series as a whole: applied in memory, then committed; and quilt's list of one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/path.h"
#include "base/units.h"
#include "patch/patch_apply.h"
#include "patch/patch_commit.h"
#include "patch/patch_scan.h"

enum { STRIP_MAX = 16, SERIES_MAX = 10000 };

void patch_report_done(struct patch_report *r)
{
	for (size_t i = 0; i < r->offset_count; i++)
		free(r->offsets[i].path);
	free(r->offsets);
	free(r->places);
	strs_done(&r->skipped);
	*r = PATCH_REPORT_INIT;
}

void str_add_patch_offset(struct str *s, const struct patch_offset *o)
{
	AUTO_FREE char *shown = str_escape(o->path);
	long long n = (long long)(o->offset < 0 ? -o->offset : o->offset);
	str_addf(s, "hunk %zu of '%s' at line %zu, %lld line%s further %s", o->hunk, shown, o->line, n,
		 n == 1 ? "" : "s", o->offset < 0 ? "up" : "down");
}

void str_add_patch_report(struct str *s, const struct patch_report *r)
{
	str_addf(s, "%zu patch%s to %zu file%s (%zu hunk%s", r->patches, r->patches == 1 ? "" : "es", r->files,
		 r->files == 1 ? "" : "s", r->hunks, r->hunks == 1 ? "" : "s");
	if (r->offset_count)
		str_addf(s, ", %zu with an offset", r->offset_count);
	if (r->hunks_skipped)
		str_addf(s, ", %zu excluded", r->hunks_skipped);
	str_add(s, ")");
}

/* The series, in the order of application. */
struct series {
	const struct patch_input *inputs;
	size_t count;
	bool reverse;
	bool places;
};

static size_t input_at(const struct series *s, size_t i)
{
	return s->reverse ? s->count - 1 - i : i;
}

static struct err *load_set(const struct patch_input *input, bool reverse, struct patch_set *ret)
{
	TRY(patch_parse(input, ret));
	if (reverse)
		patch_set_reverse(ret);
	return NULL;
}

static struct err *apply_one(const struct series *s, size_t i, struct patch_overlay *o, struct patch_report *report,
			     size_t *group)
{
	size_t index = input_at(s, i);
	const struct patch_input *input = &s->inputs[index];
	struct patch_apply a = {
		.overlay = o, .input = input, .index = index, .report = report, .places = s->places, .group = group};
	struct patch_set set = PATCH_SET_INIT;
	TRY(load_set(input, input->reverse != s->reverse, &set));
	++*group;
	struct err *e = patch_apply_set(&a, &set);
	patch_set_done(&set);
	return e;
}

/* How many targets of @input exist when @strip components are dropped; *ret_total of how many. */
static size_t count_existing(int fd, const struct patch_input *input, int strip, size_t *ret_total)
{
	struct patch_input other = *input;
	struct patch_set set = PATCH_SET_INIT;
	struct patch_overlay o;
	size_t found = 0;
	other.strip = strip;
	*ret_total = 0;
	struct err *e = patch_parse(&other, &set);
	if (e) {
		err_free(e);
		return 0;
	}
	patch_overlay_open(&o, fd);
	for (size_t i = 0; i < set.file_count; i++) {
		struct patch_node *node = NULL;
		const struct patch_file *f = &set.files[i];
		if (f->op == PATCH_CREATE || f->maybe_create)
			continue;
		++*ret_total;
		e = f->old_path ? patch_overlay_get(&o, f->old_path, &node) : NULL;
		found += !e && node && node->now.kind != PATCH_ABSENT;
		err_free(e);
	}
	patch_overlay_done(&o);
	patch_set_done(&set);
	return found;
}

/* Another strip under which every file of the patch exists is worth a hint, never a silent guess. */
static struct err *hint_strip(struct err *e, int fd, const struct patch_input *input)
{
	size_t total = 0;
	if (count_existing(fd, input, input->strip, &total) > 0)
		return e;
	for (int strip = 0; strip <= 4; strip++) {
		size_t found = strip == input->strip ? 0 : count_existing(fd, input, strip, &total);
		if (found > 0 && found == total)
			return err_hint(e, "with strip %d instead of %d, %zu of %zu files exist", strip, input->strip,
					found, total);
	}
	return e;
}

/* Patch @failed did not fit: is it in already? Replays the ones before it, then takes it back file by file. */
static struct err *hint_upstream(struct err *e, const struct series *s, size_t failed, int fd)
{
	size_t index = input_at(s, failed), group = 0, wanted = 0, fits = 0;
	const struct patch_input *input = &s->inputs[index];
	struct patch_overlay o;
	struct patch_set set = PATCH_SET_INIT;
	patch_overlay_open(&o, fd);
	struct err *inner = NULL;
	for (size_t i = 0; i < failed && !inner; i++)
		inner = apply_one(s, i, &o, /* report= */ NULL, &group);
	if (!inner)
		inner = load_set(input, input->reverse == s->reverse, &set);
	if (!inner) {
		struct patch_apply a = {.overlay = &o, .input = input, .index = index, .group = &group};
		group++;
		fits = patch_apply_count(&a, &set, &wanted);
	}
	err_free(inner);
	patch_set_done(&set);
	patch_overlay_done(&o);
	bool undo = input->reverse != s->reverse;
	if (fits == 0)
		return hint_strip(e, fd, input);
	if (fits == wanted && undo)
		return err_hint(e, "patch '%s' is not applied in this tree: nothing to revert", input->name);
	if (fits == wanted)
		return err_hint(e, "patch '%s' is upstream now: drop it", input->name);
	return err_hint(e,
			"%zu of %zu files of patch '%s' already have its changes: part of it is upstream, refresh it",
			fits, wanted, input->name);
}

static struct err *apply_all(const struct series *s, int fd, struct patch_overlay *o, struct patch_report *report)
{
	size_t group = 0;
	for (size_t i = 0; i < s->count; i++) {
		TRY(cancel_check());
		struct err *e = apply_one(s, i, o, report, &group);
		if (e)
			return e->kind == ERR_CORRUPT ? hint_upstream(e, s, i, fd) : e;
		report->patches++;
	}
	return NULL;
}

static void count_changes(const struct patch_overlay *o, struct patch_report *r)
{
	for (size_t i = 0; i < o->nodes.count; i++) {
		const struct patch_node *node = o->nodes.entries[i].value;
		if (!patch_node_changed(node))
			continue;
		r->files++;
		r->created += node->disk.kind == PATCH_ABSENT;
		r->removed += node->now.kind == PATCH_ABSENT;
	}
}

static struct err *apply_and_commit(const struct series *s, int fd, const char *tree_dir, bool check_only,
				    struct patch_report *report)
{
	struct patch_overlay o;
	patch_overlay_open(&o, fd);
	struct err *e = apply_all(s, fd, &o, report);
	if (!e)
		e = cancel_check();
	if (!e)
		count_changes(&o, report);
	if (!e && !check_only && report->files)
		e = patch_commit_run(&o, tree_dir);
	patch_overlay_done(&o);
	return e;
}

struct err *patch_series_apply(const char *tree_dir, const struct patch_input *inputs, size_t count,
			       const struct patch_options *options, struct patch_report *ret_report)
{
	static const struct patch_options defaults = {0};
	const struct patch_options *o = options ? options : &defaults;
	struct series s = {.inputs = inputs, .count = count, .reverse = o->reverse, .places = o->places};
	AUTO_CLOSE int fd = open(tree_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_new(ERR_ABSENT, "no folder '%s' to patch", tree_dir);
	if (fd < 0)
		return err_os(errno, "cannot open folder '%s'", tree_dir);
	/* Held until the descriptor is closed; a kill frees it. */
	bool half = false;
	TRY(patch_is_half(fd, &half));
	if ((!o->check_only || half) && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return err_new(ERR_BUSY, "another run is patching '%s'", tree_dir);
	TRY(patch_is_half(fd, &half)); /* the other one may have just ended */
	if (half)
		return err_hint(err_new(ERR_CORRUPT, "'%s' is half patched: a run was interrupted in it", tree_dir),
				"restore the tree (unpack it again, or `git stash -u`), remove '.cooper-patch' if it "
				"is still there, then run the same command again");
	return apply_and_commit(&s, fd, tree_dir, o->check_only, ret_report);
}

void patch_series_done(struct patch_series *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].name);
	free(s->items);
	*s = PATCH_SERIES_INIT;
}

/* Words after a name: -pN, -R. */
static struct err *series_option(const char *word, const char *file, size_t line, struct patch_series_item *item)
{
	int64_t strip = 0;
	if (streq(word, "-R") || streq(word, "--reverse")) {
		item->reverse = true;
		return NULL;
	}
	if (streq(word, "-pab")) {
		item->strip = 1;
		return NULL;
	}
	if (!str_starts(word, "-p") || !num_parse(word + 2, 0, STRIP_MAX, &strip))
		return err_hint(
			err_new(ERR_CORRUPT, "series '%s', line %zu: '%s' is not a patch option", file, line, word),
			"only -pN and -R may follow a name");
	item->strip = (int)strip;
	return NULL;
}

static struct err *series_line(const char *text, const char *file, size_t line, struct patch_series *s)
{
	AUTO(strs) words = STRS_INIT;
	strs_split(&words, text, " \t\r");
	if (words.count == 0 || words.items[0][0] == '#')
		return NULL;
	if (!path_is_plain(words.items[0]))
		return err_new(ERR_CORRUPT, "series '%s', line %zu: '%s' leads outside", file, line, words.items[0]);
	for (size_t i = 0; i < s->count; i++)
		if (streq(s->items[i].name, words.items[0]))
			return err_new(ERR_CORRUPT, "series '%s', line %zu: '%s' is named twice", file, line,
				       words.items[0]);
	if (s->count == SERIES_MAX)
		return err_new(ERR_CORRUPT, "series '%s' names more than %d patches", file, SERIES_MAX);
	struct patch_series_item item = {.strip = 1};
	for (size_t i = 1; i < words.count && words.items[i][0] != '#'; i++)
		TRY(series_option(words.items[i], file, line, &item));
	item.name = mem_strdup(words.items[0]);
	s->items = mem_grow(s->items, &s->cap, s->count + 1, sizeof(*s->items));
	s->items[s->count++] = item;
	return NULL;
}

struct err *patch_series_parse(const char *name, const char *text, size_t size, struct patch_series *ret)
{
	struct patch_scan s = patch_scan_of(&(struct patch_input){.text = text, .size = size});
	struct patch_row row;
	patch_skip_mark(&s);
	*ret = PATCH_SERIES_INIT;
	for (size_t line = s.line; patch_next(&s, &row); line = s.line) {
		AUTO_FREE char *words = mem_strndup(row.text, row.len);
		struct err *e = strlen(words) < row.len
					? err_new(ERR_CORRUPT, "series '%s', line %zu: a NUL byte", name, line)
					: series_line(words, name, line, ret);
		if (e) {
			patch_series_done(ret);
			return e;
		}
	}
	return NULL;
}

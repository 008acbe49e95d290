/* From commits back to patch files: what nobody touched stays as it is, byte for byte. */
#include "build/patch_edit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "build/patch_commits.h"
#include "build/patch_recipe.h"
#include "build/patch_repo.h"
#include "fmt/digest.h"
#include "fmt/yaml.h"
#include "patch/patch_header.h"
#include "sys/file.h"

enum { PATCH_MAX = 64 << 20, NAME_MAX_BYTES = 52 };

void patch_saved_done(struct patch_saved *s)
{
	strs_done(&s->written);
	strs_done(&s->added);
	strs_done(&s->notes);
}

/* One file to write; all are known before the first is written. */
struct output {
	char *path;
	struct str text;
	struct strs *list; /* of the report, which names it; NULL = none */
};

enum note_kind { NOTE_ADD, NOTE_REMOVE, NOTE_MOVE };

/* A change of the recipe: of which entry, and after which one. */
struct note {
	enum note_kind kind;
	const struct json *entry, *after; /* after: NULL = none before it */
};

struct save {
	const char *dir;
	struct json *state;
	struct json *entries; /* the state's patches; grows by what is new */
	size_t known;         /* how many there were */
	bool *seen;           /* of each of them: it has a commit */
	size_t highest;       /* index of the patch that was furthest down in the recipe, plus 1 */
	struct json *before;  /* entry of the commit before, or NULL */
	struct json **order;  /* entries in the order of their commits */
	size_t order_count, order_cap;
	struct note *notes;
	size_t note_count, note_cap;
	struct output *outputs;
	size_t output_count, output_cap;
	struct patch_saved *report;
};

static void save_done(struct save *s)
{
	for (size_t i = 0; i < s->output_count; i++) {
		free(s->outputs[i].path);
		str_done(&s->outputs[i].text);
	}
	free(s->outputs);
	free(s->order);
	free(s->notes);
	free(s->seen);
	js_free(s->state);
}

static struct output *add_output(struct save *s, char *take_path, struct strs *list)
{
	s->outputs = mem_grow(s->outputs, &s->output_cap, s->output_count + 1, sizeof(*s->outputs));
	s->outputs[s->output_count] = (struct output){.path = take_path, .text = STR_INIT, .list = list};
	return &s->outputs[s->output_count++];
}

static void add_note(struct save *s, enum note_kind kind, const struct json *entry, const struct json *after)
{
	s->notes = mem_grow(s->notes, &s->note_cap, s->note_count + 1, sizeof(*s->notes));
	s->notes[s->note_count++] = (struct note){.kind = kind, .entry = entry, .after = after};
}

/* Which patch a commit is: by its id, else by the trailer, else by the title of one that was new; NULL = a new one. */
static struct json *find_entry(const struct save *s, const char *commit, const char *name, const char *message,
			       size_t *ret_index)
{
	AUTO_FREE char *title = name ? NULL : mem_strndup(message, strcspn(message, "\n"));
	const char *const wanted[][2] = {{"commit", commit}, {"name", name}, {"title", title}};
	for (size_t k = 0; k < ARRAY_LEN(wanted); k++) {
		for (size_t i = 0; i < s->known; i++) {
			struct json *entry = js_at(s->entries, i);
			const char *value = js_get_text(entry, wanted[k][0]);
			if (!value || !wanted[k][1] || s->seen[i] || !streq(value, wanted[k][1]))
				continue;
			*ret_index = i;
			return entry;
		}
	}
	return NULL;
}

/* --- what is written --- */

/* Words of a commit as the head of a patch. */
static struct err *add_mail_head(const char *dir, const char *commit, const char *message, struct str *out)
{
	AUTO(str) by = STR_INIT;
	TRY(repo_git(dir, NULL, &by, GIT("log", "-1", "--format=From: %an <%ae>%nDate: %aD", commit)));
	size_t n = strcspn(message, "\n");
	str_addf(out, "%sSubject: [PATCH] %.*s\n\n", str_text(&by), (int)n, message);
	const char *body = message + n + strspn(message + n, "\n");
	str_addf(out, "%s---\n", body);
	return NULL;
}

/* A patch that was a plain diff stays one, unless only git's headers can say the change. */
static void add_diff(struct str *out, const struct str *diff, bool git)
{
	static const char *const extended[] = {"\nnew file ", "\ndeleted file ", "\nold mode ",
					       "\nrename ",   "\ncopy ",         "\nGIT binary "};
	for (size_t i = 0; i < ARRAY_LEN(extended) && !git; i++)
		git = strstr(str_text(diff), extended[i]) != NULL;
	for (const char *p = str_text(diff); *p;) {
		size_t n = strcspn(p, "\n");
		if (git || !(strncmp(p, "diff --git ", 11) == 0 || strncmp(p, "index ", 6) == 0)) {
			str_add_mem(out, p, n);
			str_add_char(out, '\n');
		}
		p += n + (p[n] == '\n');
	}
}

static struct err *may_write(const struct json *entry)
{
	const char *name = js_get_text(entry, "name");
	if (!js_get_bool(entry, "own", false))
		return err_hint(err_new(ERR_CORRUPT,
					"patch '%s' has changed, and it is not one of the recipe's own files", name),
				"undo the change there and make it in a commit of its own after it");
	if (!js_get_bool(entry, "whole", false))
		return err_hint(err_new(ERR_CORRUPT,
					"patch '%s' has changed, and the recipe does not apply all of it as "
					"it is (exclude, reverse)",
					name),
				"excluded parts would be lost: make the change in a commit of its own after it");
	if (js_get_int(entry, "strip", 1) > 1)
		return err_hint(err_new(ERR_CORRUPT, "patch '%s' has changed, and its strip is neither 0 nor 1", name),
				"give it a strip of 1 in the recipe, or make the change in a commit of its own");
	return NULL;
}

static struct err *rewrite(struct save *s, const struct json *entry, const char *commit, const char *message,
			   bool same_message, const struct str *diff)
{
	const char *path = js_get_text(entry, "path");
	AUTO_FREE char *old = NULL;
	size_t size = 0;
	char hex[SHA256_HEX];
	struct patch_header h;
	TRY(may_write(entry));
	TRY(file_read(path, PATCH_MAX, &old, &size));
	digest_bytes(old, size, hex);
	if (!streq(hex, js_get_text(entry, "sha256")))
		return err_hint(err_new(ERR_CORRUPT, "'%s' has changed since the work tree was made", path),
				"create the work tree again, or restore the file");
	struct patch_input input = {.name = js_get_text(entry, "name"),
				    .text = old,
				    .size = size,
				    .strip = (int)js_get_int(entry, "strip", 1)};
	TRY(patch_header_read(&input, &h));
	struct output *o = add_output(s, mem_strdup(path), &s->report->written);
	struct err *e = NULL;
	if (same_message)
		str_add_mem(&o->text, old, h.head);
	else
		e = add_mail_head(s->dir, commit, message, &o->text);
	add_diff(&o->text, diff, h.git);
	str_add_mem(&o->text, old + h.tail, size - h.tail);
	patch_header_done(&h);
	return e;
}

/* "Fix the frobnicator (again)" -> "fix-the-frobnicator-again" */
static char *slug(const char *message)
{
	struct str out = STR_INIT;
	for (const char *p = message; *p && *p != '\n' && out.len < (size_t)NAME_MAX_BYTES; p++) {
		if (isalnum((unsigned char)*p))
			str_add_char(&out, (char)tolower((unsigned char)*p));
		else if (out.len && out.data[out.len - 1] != '-')
			str_add_char(&out, '-');
	}
	while (out.len && out.data[out.len - 1] == '-')
		out.data[--out.len] = '\0';
	return str_take(&out);
}

/* "0007-" of a name, or -1. */
static int leading_number(const char *name)
{
	int n = 0;
	for (int i = 0; i < 4; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		n = n * 10 + name[i] - '0';
	}
	return name[4] == '-' ? n : -1;
}

/* The folder of the recipe's own patches (below patches/), and the number after the highest there; 0 = not numbered. */
static char *place_of_new(const struct save *s, int *ret_number)
{
	char *folder = mem_strdup(js_get_text(s->state, "name"));
	bool any = false;
	*ret_number = 0;
	for (size_t i = 0; i < js_count(s->entries); i++) {
		const struct json *entry = js_at(s->entries, i);
		const char *name = js_get_text(entry, "name");
		if (!js_get_bool(entry, "own", false))
			continue;
		int n = leading_number(path_base(name));
		free(folder);
		folder = path_dir(name);
		*ret_number = n >= *ret_number ? n + 1 : *ret_number;
		any = true;
	}
	*ret_number = any ? *ret_number : 1;
	return folder;
}

/* A name that another commit or file has; the very text is what a save that was cut short left. */
static struct err *is_taken(const struct save *s, const struct output *o, bool *ret_taken)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	for (const struct output *other = s->outputs; other < o; other++)
		*ret_taken = *ret_taken || streq(other->path, o->path);
	bool there = false;
	TRY(file_stat(o->path, &there, NULL));
	if (*ret_taken || !there)
		return NULL;
	TRY(file_read(o->path, PATCH_MAX, &text, &size));
	*ret_taken = size != o->text.len || memcmp(text, str_text(&o->text), size) != 0;
	return NULL;
}

static struct err *write_new(struct save *s, const char *commit, const char *message, const struct str *diff)
{
	int number = 0;
	AUTO_FREE char *folder = place_of_new(s, &number);
	AUTO_FREE char *words = slug(message);
	const char *stem = *words ? words : "patch";
	AUTO_FREE char *base = number ? mem_printf("%04d-%s.patch", number, stem) : mem_printf("%s.patch", stem);
	AUTO_FREE char *name = streq(folder, ".") ? mem_strdup(base) : mem_printf("%s/%s", folder, base);
	AUTO_FREE char *path = mem_printf("%s/patches/%s", js_get_text(s->state, "root"), name);
	struct output *o = add_output(s, mem_strdup(path), &s->report->added);
	TRY(add_mail_head(s->dir, commit, message, &o->text));
	add_diff(&o->text, diff, /* git= */ true);
	bool taken = false;
	TRY(is_taken(s, o, &taken));
	if (taken)
		return err_hint(err_new(ERR_USAGE, "'%s' exists already", path), "give the commit another subject");
	struct json *entry = js_object();
	js_set_text(entry, "name", name);
	js_set_text(entry, "path", path);
	js_set_text(entry, "commit", commit);
	js_set_bool(entry, "own", true);
	js_set_bool(entry, "whole", true);
	js_set_bool(entry, "added", true);
	js_set_int(entry, "strip", 1);
	js_set_text(entry, "key", "file");
	js_set_text(entry, "entry", name);
	AUTO_FREE char *why = mem_strndup(message, strcspn(message, "\n"));
	js_set_text(entry, "why", why);
	js_set_text(entry, "title", why);
	js_add(s->entries, entry);
	return NULL;
}

/* --- the whole --- */

static struct err *save_known(struct save *s, struct json *entry, const char *commit, const char *message,
			      const struct str *diff)
{
	const char *before = js_get_text(entry, "commit");
	AUTO(str) old_diff = STR_INIT;
	AUTO_FREE char *old_message = NULL;
	AUTO_FREE char *name = NULL;
	TRY(commit_diff(s->dir, before, (int)js_get_int(entry, "strip", 1), &old_diff));
	TRY(commit_message(s->dir, before, &old_message, &name));
	AUTO_FREE char *was = commit_diff_essence(&old_diff);
	AUTO_FREE char *is = commit_diff_essence(diff);
	AUTO_FREE char *old_words = commit_words(old_message);
	AUTO_FREE char *words = commit_words(message);
	bool same_message = streq(old_words, words);
	if (same_message && streq(was, is) && !commit_diff_moved(&old_diff, diff))
		s->report->untouched++;
	else
		TRY(rewrite(s, entry, commit, message, same_message, diff));
	js_set_text(entry, "commit", commit);
	return NULL;
}

/* An entry that stands in the recipe where its commit does not, or not yet. */
static void note_order(struct save *s, struct json *entry, size_t index)
{
	if (js_get_bool(entry, "added", false))
		add_note(s, NOTE_ADD, entry, s->before);
	else if (index < s->highest)
		add_note(s, NOTE_MOVE, entry, s->before);
	else
		s->highest = index + 1;
	s->before = entry;
	s->order = mem_grow(s->order, &s->order_cap, s->order_count + 1, sizeof(*s->order));
	s->order[s->order_count++] = entry;
}

static struct err *save_commit(struct save *s, const char *commit)
{
	AUTO(str) diff = STR_INIT;
	AUTO_FREE char *message = NULL;
	AUTO_FREE char *name = NULL;
	size_t index = 0;
	TRY(commit_message(s->dir, commit, &message, &name));
	struct json *entry = find_entry(s, commit, name, message, &index);
	TRY(commit_diff(s->dir, commit, entry ? (int)js_get_int(entry, "strip", 1) : 1, &diff));
	if (!entry) {
		TRY(write_new(s, commit, message, &diff));
		index = js_count(s->entries) - 1;
		entry = js_at(s->entries, index);
	} else {
		s->seen[index] = true;
		if (streq(js_get_text(entry, "commit"), commit))
			s->report->untouched++;
		else
			TRY(save_known(s, entry, commit, message, &diff));
	}
	note_order(s, entry, index);
	return NULL;
}

static struct err *write_outputs(struct save *s)
{
	for (size_t i = 0; i < s->output_count; i++) {
		struct output *o = &s->outputs[i];
		AUTO_FREE char *dir = path_dir(o->path);
		char hex[SHA256_HEX];
		struct stat st;
		bool there = false;
		TRY(file_stat(o->path, &there, &st));
		mode_t mode = there ? st.st_mode & 0777 : 0644;
		TRY(dir_make(dir, 0755));
		TRY(file_write(o->path, str_text(&o->text), o->text.len, mode));
		if (o->list)
			strs_add(o->list, o->path);
		digest_bytes(str_text(&o->text), o->text.len, hex);
		for (size_t k = 0; k < js_count(s->entries); k++)
			if (streq(js_get_text(js_at(s->entries, k), "path"), o->path))
				js_set_text(js_at(s->entries, k), "sha256", hex);
	}
	return NULL;
}

/* --- the recipe --- */

static struct patch_entry entry_of(const struct json *entry)
{
	return (struct patch_entry){.key = js_get_text(entry, "key"),
				    .value = js_get_text(entry, "entry"),
				    .why = js_get_text(entry, "why"),
				    .is_new = js_get_bool(entry, "added", false)};
}

/* The recipe with the entries as the commits are; the last file to be written, so that it names none that is not there.
 * USAGE when it is not edited. */
static struct err *edit_recipe(struct save *s)
{
	AUTO_FREE struct patch_entry *known = mem_array(s->known + 1, sizeof(*known));
	AUTO_FREE struct patch_entry *wanted = mem_array(s->order_count + 1, sizeof(*wanted));
	AUTO_FREE char *real = realpath(js_get_text(s->state, "recipe"), NULL); /* a link stays one */
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	AUTO(str) out = STR_INIT;
	const char *path = real ? real : js_get_text(s->state, "recipe");
	for (size_t i = 0; i < s->known; i++)
		known[i] = entry_of(js_at(s->entries, i));
	for (size_t i = 0; i < s->order_count; i++)
		wanted[i] = entry_of(s->order[i]);
	TRY(file_read(path, YAML_SIZE_MAX, &text, &size));
	TRY(patch_recipe_edit(path, text, size, known, s->known, wanted, s->order_count, &out));
	if (out.len == size && memcmp(str_text(&out), text, size) == 0)
		return NULL;
	struct output *o = add_output(s, mem_strdup(path), /* list= */ NULL);
	str_add_mem(&o->text, str_text(&out), out.len);
	return NULL;
}

/* The recipe says now what the commits say: their entries are the state's, in that order. */
static void settle_entries(struct save *s)
{
	struct json *entries = js_array();
	for (size_t i = 0; i < s->order_count; i++) {
		struct json *entry = js_copy(s->order[i]);
		js_set_bool(entry, "added", false);
		js_add(entries, entry);
	}
	js_set(s->state, "patches", entries);
}

/* One line for each change of the recipe: what was done, or what is to do. */
static void add_note_text(const struct save *s, const struct note *n, bool done)
{
	static const char *const verbs[][2] = {
		{"add to", "added to"}, {"remove from", "removed from"}, {"move in", "moved in"}};
	const char *name = js_get_text(n->entry, "name"), *recipe = js_get_text(s->state, "recipe");
	AUTO(str) line = STR_INIT;
	str_addf(&line, "%s %s: %s", verbs[n->kind][done], recipe, name);
	if (n->kind == NOTE_REMOVE)
		str_add(&line, " (its commit is gone; its file stays)");
	else
		str_addf(&line, "%s%s", n->after ? " after " : " first", n->after ? js_get_text(n->after, "name") : "");
	if (n->kind == NOTE_ADD && !done) {
		struct patch_entry entry = entry_of(n->entry);
		AUTO(str) rows = STR_INIT;
		patch_entry_add(&rows, &entry, 2);
		str_addf(&line, "\n%.*s", (int)rows.len - 1, str_text(&rows));
	}
	strs_add(&s->report->notes, str_text(&line));
}

static struct err *save_recipe(struct save *s, bool *ret_done)
{
	struct err *e = s->note_count ? edit_recipe(s) : NULL;
	*ret_done = !e;
	if (e && e->kind != ERR_USAGE)
		return e;
	if (e)
		strs_addf(&s->report->notes, "%s", e->message);
	err_free(e);
	for (size_t i = 0; i < s->note_count; i++)
		add_note_text(s, &s->notes[i], *ret_done);
	return NULL;
}

/* What came with cooper is replaced by the next version: its patches are not the place for a change. */
static struct err *check_own(const struct save *s)
{
	const char *recipe = js_get_text(s->state, "recipe"), *root = js_get_text(s->state, "root");
	const char *name = js_get_text(s->state, "name");
	if (!js_get_bool(s->state, "shipped", false) || (!s->output_count && !s->note_count))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "recipe '%s' came with cooper: changes are not saved to it", name),
			"take it into your project: `mkdir -p recipes patches`, `cp %s recipes/`, `cp -R %s/patches/. "
			"patches/`; then `cooper patch edit recipes/%s -d NEW`, `git -C NEW fetch %s`, `git -C NEW "
			"cherry-pick` your commits, and save NEW",
			recipe, root, path_base(recipe), s->dir);
}

static struct err *save_all(struct save *s)
{
	AUTO(str) out = STR_INIT;
	AUTO(strs) commits = STRS_INIT;
	bool done = false;
	TRY(repo_load(s->dir, &s->state));
	TRY(commits_check_clean(s->dir));
	s->entries = js_get(s->state, "patches");
	s->known = js_count(s->entries);
	s->seen = mem_array(s->known + 1, sizeof(*s->seen));
	TRY(repo_git(s->dir, NULL, &out, GIT("rev-list", "--reverse", PATCH_BASE "..HEAD")));
	strs_split(&commits, str_text(&out), "\n");
	for (size_t i = 0; i < commits.count; i++)
		TRY(save_commit(s, commits.items[i]));
	for (size_t i = 0; i < s->known; i++)
		if (!s->seen[i])
			add_note(s, NOTE_REMOVE, js_at(s->entries, i), NULL);
	TRY(check_own(s));
	TRY(save_recipe(s, &done));
	TRY(write_outputs(s));
	if (done)
		settle_entries(s);
	return repo_store(s->dir, s->state);
}

struct err *patch_edit_save(const char *dir, struct patch_saved *ret)
{
	struct save s = {.dir = dir, .report = ret};
	struct err *e = save_all(&s);
	save_done(&s);
	return e;
}

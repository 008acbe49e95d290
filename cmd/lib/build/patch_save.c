/* From commits back to patch files: what nobody touched stays as it is, byte for byte. */
#include "build/patch_edit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "build/patch_repo.h"
#include "fmt/digest.h"
#include "patch/patch_header.h"
#include "sys/file.h"

enum { PATCH_MAX = 64 << 20, NAME_MAX_BYTES = 52 };

void patch_saved_done(struct patch_saved *s)
{
	strs_done(&s->written);
	strs_done(&s->added);
	strs_done(&s->to_do);
}

/* One file to write; all are known before the first is written. */
struct output {
	char *path;
	struct str text;
	bool is_new;
};

struct save {
	const char *dir;
	struct json *state;
	struct json *entries; /* the state's patches; grows by what is new */
	size_t known;         /* how many there were */
	bool *seen;           /* of each of them: it has a commit */
	const char *last;     /* path below patches/ of the last patch of the recipe's own, or NULL */
	size_t highest;       /* index of the patch that was furthest down in the recipe, plus 1 */
	const char *before;   /* name of the patch of the commit before, or NULL */
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
	free(s->seen);
	js_free(s->state);
}

static struct output *add_output(struct save *s, char *take_path, bool is_new)
{
	s->outputs = mem_grow(s->outputs, &s->output_cap, s->output_count + 1, sizeof(*s->outputs));
	s->outputs[s->output_count] = (struct output){.path = take_path, .text = STR_INIT, .is_new = is_new};
	return &s->outputs[s->output_count++];
}

/* --- what git has --- */

static struct err *check_clean(const char *dir)
{
	AUTO(str) out = STR_INIT;
	static const char *const unfinished[][2] = {
		{".git/rebase-merge", "rebase"}, {".git/rebase-apply/applying", "am"}, {".git/rebase-apply", "rebase"}};
	for (size_t i = 0; i < ARRAY_LEN(unfinished); i++) {
		AUTO_FREE char *sign = path_join(dir, unfinished[i][0]);
		if (dir_exists(sign) || file_exists(sign))
			return err_hint(err_new(ERR_USAGE, "a git %s is in progress in '%s'", unfinished[i][1], dir),
					"git -C %s %s --continue, then save again", dir, unfinished[i][1]);
	}
	TRY(repo_git(dir, NULL, &out, GIT("status", "--porcelain", "--ignored=no")));
	if (out.len)
		return err_detail(err_hint(err_new(ERR_USAGE, "'%s' has uncommitted changes", dir),
					   "git commit them, or git commit --amend, then save again"),
				  str_take(&out));
	TRY(repo_git(dir, NULL, &out, GIT("rev-list", "--min-parents=2", PATCH_BASE "..HEAD")));
	return out.len ? err_hint(err_new(ERR_USAGE, "there is a merge among the commits of '%s'", dir),
				  "git rebase them onto each other: a patch is one commit with one parent")
		       : NULL;
}

static struct err *diff_of(const char *dir, const char *commit, int strip, struct str *out)
{
	AUTO_FREE char *parent = mem_printf("%s^", commit);
	return repo_git(dir, NULL, out,
			GIT("diff-tree", "-p", "--binary", "-M", "--no-color", "--no-ext-diff", "--no-textconv",
			    strip ? "--src-prefix=a/" : "--src-prefix=", strip ? "--dst-prefix=b/" : "--dst-prefix=",
			    parent, commit));
}

/* The diff without what moves when another patch changes: blob ids, and where a hunk stands. */
static char *essence(const struct str *diff)
{
	AUTO(strs) rows = STRS_INIT;
	struct str out = STR_INIT;
	strs_split(&rows, str_text(diff), "\n");
	for (size_t i = 0; i < rows.count; i++) {
		if (str_starts(rows.items[i], "@@ -"))
			str_add(&out, "@@\n");
		else if (!str_starts(rows.items[i], "index "))
			str_addf(&out, "%s\n", rows.items[i]);
	}
	return str_take(&out);
}

/* Whether what is the same before both diffs differs after them: a hunk went to a place that looks the same. */
static bool other_place(const struct str *was, const struct str *is)
{
	AUTO(strs) old = STRS_INIT;
	AUTO(strs) new = STRS_INIT;
	strs_split(&old, str_text(was), "\n");
	strs_split(&new, str_text(is), "\n");
	for (size_t i = 0; i < old.count && i < new.count; i++) {
		const char *dots = str_starts(old.items[i], "index ") ? strstr(old.items[i], "..") : NULL;
		size_t n = dots ? (size_t)(dots - old.items[i]) + 2 : 0;
		if (n && strncmp(old.items[i], new.items[i], n) == 0 && !streq(old.items[i], new.items[i]))
			return true;
	}
	return false;
}

/* A message as git leaves it when nobody changes it: no blanks at ends, no second empty row, no row of '#'. */
static char *words_of(const char *message)
{
	struct str out = STR_INIT;
	for (const char *p = message; *p;) {
		size_t n = strcspn(p, "\n"), shown = n;
		while (shown && strchr(" \t\r", p[shown - 1]))
			shown--;
		bool again = !shown && (out.len < 2 || out.data[out.len - 2] == '\n');
		if (*p != '#' && !again) {
			str_add_mem(&out, p, shown);
			str_add_char(&out, '\n');
		}
		p += n + (p[n] == '\n');
	}
	return str_take(&out);
}

/* Message without its trailer; *ret_name is what the trailer names, or NULL. */
static struct err *message_of(const char *dir, const char *commit, char **ret_message, char **ret_name)
{
	AUTO(str) raw = STR_INIT;
	struct str text = STR_INIT;
	TRY(repo_git(dir, NULL, &raw, GIT("log", "-1", "--format=%B", commit)));
	*ret_name = NULL;
	for (const char *p = str_text(&raw); *p;) {
		size_t n = strcspn(p, "\n");
		if (strncmp(p, PATCH_TRAILER, strlen(PATCH_TRAILER)) == 0) {
			free(*ret_name);
			*ret_name = mem_strndup(p + strlen(PATCH_TRAILER), n - strlen(PATCH_TRAILER));
		} else {
			str_add_mem(&text, p, n);
			str_add_char(&text, '\n');
		}
		p += n + (p[n] == '\n');
	}
	while (text.len && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	str_add_char(&text, '\n');
	*ret_message = str_take(&text);
	return NULL;
}

/* Which patch a commit is: by its id, else by the trailer; NULL = a new one. */
static struct json *find_entry(const struct save *s, const char *commit, const char *name, size_t *ret_index)
{
	for (int by_name = 0; by_name < 2; by_name++) {
		for (size_t i = 0; i < s->known; i++) {
			struct json *entry = js_at(s->entries, i);
			const char *value = by_name ? name : commit;
			if (!value || s->seen[i] || !streq(js_get_text(entry, by_name ? "name" : "commit"), value))
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
	struct output *o = add_output(s, mem_strdup(path), /* is_new= */ false);
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

static bool is_taken(const struct save *s, const char *path)
{
	for (size_t i = 0; i < s->output_count; i++)
		if (streq(s->outputs[i].path, path))
			return true;
	return file_exists(path);
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
	if (is_taken(s, path))
		return err_hint(err_new(ERR_USAGE, "'%s' exists already", path), "give the commit another subject");
	struct output *o = add_output(s, mem_strdup(path), /* is_new= */ true);
	TRY(add_mail_head(s->dir, commit, message, &o->text));
	add_diff(&o->text, diff, /* git= */ true);
	struct json *entry = js_object();
	js_set_text(entry, "name", name);
	js_set_text(entry, "path", path);
	js_set_text(entry, "commit", commit);
	js_set_bool(entry, "own", true);
	js_set_bool(entry, "whole", true);
	js_set_bool(entry, "added", true);
	js_set_int(entry, "strip", 1);
	js_add(s->entries, entry);
	strs_addf(&s->report->to_do, "add to %s, %s%s:\n  - file: %s\n    why: %.*s\n    upstream: none",
		  js_get_text(s->state, "recipe"), s->last ? "after " : "first of the patches", s->last ? s->last : "",
		  name, (int)strcspn(message, "\n"), message);
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
	TRY(diff_of(s->dir, before, (int)js_get_int(entry, "strip", 1), &old_diff));
	TRY(message_of(s->dir, before, &old_message, &name));
	AUTO_FREE char *was = essence(&old_diff);
	AUTO_FREE char *is = essence(diff);
	AUTO_FREE char *old_words = words_of(old_message);
	AUTO_FREE char *words = words_of(message);
	bool same_message = streq(old_words, words);
	if (same_message && streq(was, is) && !other_place(&old_diff, diff))
		s->report->untouched++;
	else
		TRY(rewrite(s, entry, commit, message, same_message, diff));
	js_set_text(entry, "commit", commit);
	return NULL;
}

/* The recipe's order is the author's to change, too. */
static void note_order(struct save *s, const struct json *entry, size_t index)
{
	const char *name = js_get_text(entry, "name");
	if (!js_get_bool(entry, "added", false)) {
		if (index < s->highest)
			strs_addf(&s->report->to_do, "move in %s: %s after %s", js_get_text(s->state, "recipe"), name,
				  s->before);
		else
			s->highest = index + 1;
	}
	s->before = name;
}

static struct err *save_commit(struct save *s, const char *commit)
{
	AUTO(str) diff = STR_INIT;
	AUTO_FREE char *message = NULL;
	AUTO_FREE char *name = NULL;
	size_t index = 0;
	TRY(message_of(s->dir, commit, &message, &name));
	struct json *entry = find_entry(s, commit, name, &index);
	TRY(diff_of(s->dir, commit, entry ? (int)js_get_int(entry, "strip", 1) : 1, &diff));
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
	s->last = js_get_bool(entry, "own", false) ? js_get_text(entry, "name") : s->last;
	return NULL;
}

static struct err *write_outputs(struct save *s)
{
	for (size_t i = 0; i < s->output_count; i++) {
		struct output *o = &s->outputs[i];
		AUTO_FREE char *dir = path_dir(o->path);
		char hex[SHA256_HEX];
		struct stat st;
		mode_t mode = stat(o->path, &st) == 0 ? st.st_mode & 0777 : 0644;
		TRY(dir_make(dir, 0755));
		TRY(file_write(o->path, str_text(&o->text), o->text.len, mode));
		strs_add(o->is_new ? &s->report->added : &s->report->written, o->path);
		digest_bytes(str_text(&o->text), o->text.len, hex);
		for (size_t k = 0; k < js_count(s->entries); k++)
			if (streq(js_get_text(js_at(s->entries, k), "path"), o->path))
				js_set_text(js_at(s->entries, k), "sha256", hex);
	}
	return repo_store(s->dir, s->state);
}

static struct err *save_all(struct save *s)
{
	AUTO(str) out = STR_INIT;
	AUTO(strs) commits = STRS_INIT;
	TRY(repo_load(s->dir, &s->state));
	TRY(check_clean(s->dir));
	s->entries = js_get(s->state, "patches");
	s->known = js_count(s->entries);
	s->seen = mem_array(s->known + 1, sizeof(*s->seen));
	TRY(repo_git(s->dir, NULL, &out, GIT("rev-list", "--reverse", PATCH_BASE "..HEAD")));
	strs_split(&commits, str_text(&out), "\n");
	for (size_t i = 0; i < commits.count; i++)
		TRY(save_commit(s, commits.items[i]));
	for (size_t i = 0; i < s->known; i++)
		if (!s->seen[i])
			strs_addf(&s->report->to_do, "remove from %s: %s (its commit is gone)",
				  js_get_text(s->state, "recipe"), js_get_text(js_at(s->entries, i), "name"));
	return write_outputs(s);
}

struct err *patch_edit_save(const char *dir, struct patch_saved *ret)
{
	struct save s = {.dir = dir, .report = ret};
	struct err *e = save_all(&s);
	save_done(&s);
	return e;
}

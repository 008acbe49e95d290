/* What git has of the patches: clean or not, diffs, messages. */
#include "build/patch_commits.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "build/patch_repo.h"
#include "sys/file.h"

struct err *commits_check_clean(const char *dir)
{
	AUTO(str) out = STR_INIT;
	static const char *const unfinished[][2] = {
		{".git/rebase-merge", "rebase"}, {".git/rebase-apply/applying", "am"}, {".git/rebase-apply", "rebase"}};
	for (size_t i = 0; i < ARRAY_LEN(unfinished); i++) {
		AUTO_FREE char *sign = path_join(dir, unfinished[i][0]);
		bool there = false;
		TRY(file_stat(sign, &there, NULL));
		if (there)
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

struct err *commit_diff(const char *dir, const char *commit, int strip, struct str *out)
{
	AUTO_FREE char *parent = mem_printf("%s^", commit);
	return repo_git(dir, NULL, out,
			GIT("diff-tree", "-p", "--binary", "-M", "--no-color", "--no-ext-diff", "--no-textconv",
			    strip ? "--src-prefix=a/" : "--src-prefix=", strip ? "--dst-prefix=b/" : "--dst-prefix=",
			    parent, commit));
}

/* The diff without what moves when another patch changes: blob ids, and where a hunk stands. */
char *commit_diff_essence(const struct str *diff)
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
bool commit_diff_moved(const struct str *was, const struct str *is)
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
char *commit_words(const char *message)
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
struct err *commit_message(const char *dir, const char *commit, char **ret_message, char **ret_name)
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

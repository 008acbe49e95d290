#include "net/gitrepo_disk.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "net/fetch_url.h"
#include "sys/file.h"

enum { TEXT_MAX = 1 << 20 };

/* What is wrong with the repository whose git directory this is. */
struct look {
	const char *shown;  /* the URL, for messages */
	const char *path;   /* the folder that it names */
	const char *dir;    /* its git directory */
	struct err *unseen; /* the first thing that could not be looked at */
};

/* The text of @name in the git directory; "" where there is none. */
static char *text_of(const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	char *text = NULL;
	struct err *e = file_read(path, TEXT_MAX, &text, NULL);
	err_free(e);
	return e ? mem_strdup("") : text;
}

static bool there(struct look *l, const char *path, struct stat *ret_st)
{
	bool is_there = false;
	l->unseen = err_first(l->unseen, file_stat(path, &is_there, ret_st));
	return is_there;
}

static bool has(struct look *l, const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	return there(l, path, NULL);
}

/* Whether the repository's own configuration has this key with this value (NULL = any); git-config(1), the easy part.
 */
static bool config_says(const char *dir, const char *key, const char *value)
{
	AUTO_FREE char *text = text_of(dir, "config");
	AUTO(strs) lines = STRS_INIT;
	for (char *p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		AUTO(strs) words = STRS_INIT;
		strs_split(&words, lines.items[i], " \t=\r");
		if (words.count > 0 && streq(words.items[0], key) &&
		    (!value || (words.count > 1 && streq(words.items[1], value))))
			return true;
	}
	return false;
}

/* Of a repository, of a working tree with .git in it, of one whose .git is a file that names the place. */
static char *git_dir(struct look *l, const struct stat *st)
{
	const char *path = l->path;
	struct stat inner;
	if (!S_ISDIR(st->st_mode))
		return NULL;
	AUTO_FREE char *inside = path_join(path, ".git");
	if (there(l, inside, &inner) && S_ISDIR(inner.st_mode))
		return TAKE(inside);
	AUTO_FREE char *text = text_of(path, ".git");
	if (str_starts(text, "gitdir: ")) {
		text[strcspn(text, "\r\n")] = '\0';
		return text[8] == '/' ? mem_strdup(text + 8) : path_join(path, text + 8);
	}
	return has(l, path, "objects") ? mem_strdup(path) : NULL;
}

static struct err *no_repository(const struct look *l, const struct stat *st)
{
	AUTO_FREE char *start = NULL;
	size_t size = 0;
	err_free(S_ISREG(st->st_mode) ? file_read(l->path, TEXT_MAX, &start, &size) : NULL);
	if (start && size > 2 && str_starts(start, "# v") && strstr(start, "git bundle"))
		return err_hint(err_new(ERR_USAGE, "'%s' is a git bundle, not a repository", l->shown),
				"make a repository of it: `git clone --bare %s DIR`", path_base(l->path));
	return err_hint(err_new(ERR_ABSENT, "there is no git repository at '%s'", l->shown), "check the path");
}

/* The folder that objects/info/alternates names and that is not there, heap, or NULL */
static char *lost_alternate(struct look *l)
{
	const char *dir = l->dir;
	AUTO_FREE char *text = text_of(dir, "objects/info/alternates");
	AUTO_FREE char *objects = path_join(dir, "objects");
	AUTO(strs) lines = STRS_INIT;
	strs_split(&lines, text, "\r\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		AUTO_FREE char *path = *line == '/' ? mem_strdup(line) : path_join(objects, line);
		if (*line != '#' && !there(l, path, NULL) && !l->unseen)
			return TAKE(path);
	}
	return NULL;
}

static struct err *explain_kind(struct look *l)
{
	if (has(l, l->dir, "shallow"))
		return err_hint(
			err_new(ERR_USAGE, "'%s' is a shallow clone: a part of its history is missing", l->shown),
			"use the repository that it was cloned from, or complete it: `git -C %s fetch --unshallow`",
			l->path);
	if (config_says(l->dir, "partialclone", NULL) || config_says(l->dir, "promisor", "true"))
		return err_hint(
			err_new(ERR_USAGE, "'%s' is a partial clone: some of its objects are missing", l->shown),
			"use the repository that it was cloned from, or a clone without --filter");
	if (config_says(l->dir, "objectformat", "sha256"))
		return err_hint(err_new(ERR_USAGE, "'%s' is a repository with SHA-256 ids", l->shown),
				"only repositories with SHA-1 ids can be read; use a release archive instead");
	if (config_says(l->dir, "refstorage", NULL))
		return err_hint(err_new(ERR_USAGE, "'%s' keeps its references in another format than files", l->shown),
				"use a clone: `git clone --mirror --ref-format=files %s DIR`", l->path);
	return NULL;
}

static struct err *explain(struct look *l)
{
	TRY(explain_kind(l));
	AUTO_FREE char *lost = lost_alternate(l);
	if (lost)
		return err_hint(err_new(ERR_CORRUPT, "'%s' has objects in '%s', which does not exist", l->shown, lost),
				"bring that folder back, or use another copy of the repository");
	if (!has(l, l->dir, "HEAD"))
		return err_hint(err_new(ERR_CORRUPT, "the repository '%s' has no HEAD", l->shown),
				"`echo 'ref: refs/heads/main' >%s/HEAD` makes one", l->dir);
	if (!has(l, l->dir, "objects/pack"))
		return err_hint(err_new(ERR_CORRUPT, "the repository '%s' has no objects", l->shown),
				"`git -C %s fsck` tells what is wrong with it", l->path);
	return NULL;
}

struct err *gitrepo_disk_explain(const char *url)
{
	AUTO_FREE char *path = fetch_url_path(url);
	AUTO_FREE char *shown = fetch_url_shown(url);
	struct look l = {.shown = shown, .path = path};
	struct stat st;
	if (!there(&l, path, &st))
		return l.unseen ? l.unseen
				: err_hint(err_new(ERR_ABSENT, "there is no git repository at '%s'", shown),
					   "check the path");
	AUTO_FREE char *dir = git_dir(&l, &st);
	l.dir = dir;
	struct err *e = dir ? explain(&l) : no_repository(&l, &st);
	return err_first(l.unseen, e);
}

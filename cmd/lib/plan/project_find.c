#include "plan/project_find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "recipe/load.h"
#include "sys/file.h"
#include "sys/owner.h"

#define STACK_FILE "cooper.yaml"

static bool same_place(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Replace *dir, which is @st, by the folder above; not at the end of the way. */
static struct err *go_up(char **dir, struct stat *st, bool *ret_went)
{
	struct stat above = *st, home;
	const char *user = getenv("HOME");
	bool there = false;
	*ret_went = false;
	if (user && *user == '/')
		TRY(file_stat_optional(user, &there, &home));
	if (streq(*dir, "/") || (there && same_place(st, &home)))
		return NULL;
	char *parent = path_dir(*dir);
	free(*dir);
	*dir = parent;
	TRY(file_stat(parent, &there, &above));
	*ret_went = above.st_dev == st->st_dev;
	*st = above;
	return NULL;
}

struct err *project_find(char **ret_path)
{
	bool found = false, there = false, went = false;
	struct stat st;
	*ret_path = NULL;
	TRY(recipe_is_there("./" STACK_FILE, &found));
	if (found) {
		*ret_path = mem_strdup("./" STACK_FILE);
		return NULL;
	}
	AUTO_FREE char *dir = getcwd(NULL, 0);
	if (dir)
		TRY(file_stat(dir, &there, &st));
	if (!there)
		return err_hint(err_os(errno, "cannot tell where the current folder is"),
				"go to a folder that exists, or name a stack: `cooper list` shows them");
	for (;;) {
		TRY(go_up(&dir, &st, &went));
		if (!went)
			return NULL;
		AUTO_FREE char *path = path_join(dir, STACK_FILE);
		TRY(recipe_is_there(path, &found));
		if (found) {
			*ret_path = TAKE(path);
			return NULL;
		}
	}
}

struct err *project_check_owner(const char *path)
{
	AUTO_FREE char *dir = path_dir(path);
	struct err *e = *path == '/' ? owner_check_way(dir) : NULL;
	if (!e)
		e = owner_check(dir, OWNER_CALLER, S_IWOTH);
	if (!e)
		e = owner_check(path, OWNER_CALLER, S_IWOTH);
	return e ? err_hint(e,
			    "a stack decides what is run; to use it all the same, name its file, as in "
			    "`cooper up %s`",
			    path)
		 : NULL;
}

struct err *project_id(const char *path, char **ret_hex)
{
	char hex[SHA256_HEX];
	AUTO_FREE char *real = realpath(path, NULL);
	if (!real)
		return err_os(errno, "cannot tell where '%s' is", path);
	digest_bytes(real, strlen(real), hex);
	*ret_hex = mem_strdup(hex);
	return NULL;
}

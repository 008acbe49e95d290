#include "recipe/lock_file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conflict.h"
#include "base/path.h"
#include "sys/file.h"
#include "sys/owner.h"

enum { LOCK_MAX = 16 << 20, NEW_MODE = 0644 };

static const char restore_hint[] = "restore it from version control, or remove it to resolve everything again";

static struct err *leads_nowhere(const char *path, int errnum)
{
	char target[1024];
	ssize_t n = readlink(path, target, sizeof(target));
	struct err *e = err_os(errnum, "the lock '%s' is a link to '%.*s', which cannot be followed", path,
			       n > 0 ? (int)n : 0, target);
	return err_hint(e, "remove the link, or put the shared lock where it leads");
}

static struct err *check_owner(const char *path)
{
	AUTO_FREE char *dir = path_dir(path);
	return owner_check_below(dir, path_base(path));
}

struct err *lock_file_place(const char *path, char **ret_real)
{
	struct stat st;
	bool there = false;
	struct err *e = file_lstat(path, &there, &st);
	if (e)
		return err_wrap(e, "cannot look at the lock");
	if (!there) {
		*ret_real = mem_strdup(path);
		return NULL;
	}
	TRY(check_owner(path));
	AUTO_FREE char *real = S_ISLNK(st.st_mode) ? realpath(path, NULL) : mem_strdup(path);
	if (!real)
		return leads_nowhere(path, errno);
	TRY(file_stat(real, &there, &st));
	if (!there)
		return leads_nowhere(path, ENOENT);
	if (!S_ISREG(st.st_mode))
		return err_hint(err_new(ERR_USAGE, "the lock '%s' is %s", path,
					S_ISDIR(st.st_mode) ? "a folder" : "no regular file"),
				"cooper keeps versions in a file of this name: rename what is there");
	*ret_real = TAKE(real);
	return NULL;
}

struct err *lock_file_read(const char *path, struct json **ret_root)
{
	AUTO_FREE char *real = NULL;
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	bool there = false;
	*ret_root = NULL;
	TRY(file_lstat(path, &there, NULL));
	if (!there)
		return NULL;
	TRY(check_owner(path)); /* from here on nobody else can put another one there */
	TRY(lock_file_place(path, &real));
	struct err *e = file_read(real, LOCK_MAX, &text, &size);
	int line = e ? 0 : conflict_line(text, size);
	if (line)
		return err_hint(
			err_new(ERR_CORRUPT, "the lock '%s' has the conflict of a merge, from line %d on", path, line),
			"keep the entries of both sides and remove the marks; or take one side whole (git "
			"checkout --ours %s): what it lacks is resolved again",
			path);
	if (!e)
		e = js_parse(text, size, path, ret_root);
	return e ? err_hint(err_wrap(e, "cannot read the lock"), "%s", restore_hint) : NULL;
}

struct err *lock_file_write(const char *path, const char *place, const struct json *root)
{
	AUTO_FREE char *real = NULL;
	struct stat st = {.st_mode = NEW_MODE};
	bool there = false;
	TRY(lock_file_place(path, &real));
	if (!streq(real, place))
		return err_hint(
			err_new(ERR_USAGE, "the lock '%s' became a link to '%s' while it was in use", path, real),
			"find out who made the link, then run the same command again");
	TRY(file_stat(real, &there, &st));
	if (!(st.st_mode & 0222)) /* root may write it all the same: it is meant to stay */
		return err_hint(err_new(ERR_USAGE, "the lock '%s' is read-only, and has to be changed", path),
				"chmod u+w %s; `cooper plan` shows what it lacks", real);
	struct err *e = js_write(real, root, st.st_mode & 0777);
	return e ? err_wrap(e, "cannot write the lock '%s'", path) : NULL;
}

#include "sys/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/str.h"
#include "sys/file.h"
#include "sys/owner.h"

enum { LINKS_MAX = 40, DEPTH_MAX = 128 };

/* Where the walk is: the open folders from the top down, their names, and what is still to go. */
struct walk {
	const char *dir, *path; /* as asked for */
	int fds[DEPTH_MAX];     /* the first is the top's */
	size_t depth;           /* of them are open */
	struct strs names;      /* of all but the top */
	char *rest;             /* heap */
	int links;
	bool by_name;           /* a name is wanted, not the content: whose it is does not matter */
};

static void walk_done(struct walk *w)
{
	while (w->depth > 0)
		close(w->fds[--w->depth]);
	strs_done(&w->names);
	free(w->rest);
}

static struct err *leads_out(const struct walk *w, const char *target)
{
	return err_hint(err_new(ERR_USAGE, "'%s' leads out of '%s', by a link to '%s'", w->path, w->dir, target),
			"put the file itself there, or a relative link to one that is below");
}

static struct err *failed(const struct walk *w, int errnum)
{
	if (errnum == ENOENT)
		return err_new(ERR_ABSENT, "'%s' does not exist below '%s'", w->path, w->dir);
	return err_os(errnum, "cannot open '%s' below '%s'", w->path, w->dir);
}

/* The first part of what is left; *ret_last when nothing follows. Heap; NULL at the end. */
static char *take_part(struct walk *w, bool *ret_last)
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t size = strcspn(start, "/");
	const char *after = start + size + strspn(start + size, "/");
	char *part = size > 0 ? mem_strndup(start, size) : NULL;
	char *rest = mem_strdup(after);

	*ret_last = !*after;
	free(w->rest);
	w->rest = rest;
	return part;
}

static struct err *go_up(struct walk *w, const char *target)
{
	if (w->depth <= 1)
		return leads_out(w, target);
	close(w->fds[--w->depth]);
	free(w->names.items[--w->names.count]);
	w->names.items[w->names.count] = NULL;
	return NULL;
}

static char *name_of(const struct walk *w)
{
	AUTO_FREE char *below = strs_join(&w->names, "/");
	return *below ? path_join(w->dir, below) : mem_strdup(w->dir);
}

/* What another user put there is not read. */
static struct err *check_owner(const struct walk *w, const char *part, const struct stat *st)
{
	struct stat top, parent;

	if (w->by_name)
		return NULL;
	if (fstat(w->fds[0], &top) != 0 || fstat(w->fds[w->depth - 1], &parent) != 0)
		return failed(w, errno);
	AUTO_FREE char *folder = name_of(w);
	AUTO_FREE char *name = path_join(folder, part);
	return owner_check_entry(name, &top, &parent, st);
}

static struct err *follow(struct walk *w, const char *part, char **last_target)
{
	char target[PATH_MAX];
	ssize_t size = readlinkat(w->fds[w->depth - 1], part, target, sizeof(target) - 1);

	if (size < 0)
		return failed(w, errno);
	target[size] = '\0';
	if (target[0] == '/')
		return leads_out(w, target);
	if (++w->links > LINKS_MAX)
		return failed(w, ELOOP);
	char *rest = mem_printf("%s/%s", target, w->rest);
	free(w->rest);
	w->rest = rest;
	free(*last_target);
	*last_target = mem_strdup(target);
	return NULL;
}

/* Where there is no link at @part; another name was put there when openat() finds one nevertheless. */
static struct err *enter(struct walk *w, const char *part, bool last)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (last ? 0 : O_DIRECTORY);

	if (w->depth == DEPTH_MAX)
		return failed(w, ENAMETOOLONG);
	int fd = openat(w->fds[w->depth - 1], part, flags);
	if (fd < 0)
		return failed(w, errno);
	w->fds[w->depth++] = fd;
	strs_add(&w->names, part);
	struct stat st;
	if (fstat(fd, &st) != 0)
		return failed(w, errno);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_new(ERR_USAGE, "'%s' below '%s' is neither a file nor a folder", w->path, w->dir);
	return NULL;
}

static struct err *go(struct walk *w)
{
	AUTO_FREE char *last_target = NULL;
	bool last = false;

	for (;;) {
		AUTO_FREE char *part = take_part(w, &last);
		struct stat st;
		if (!part)
			return NULL;
		if (streq(part, "."))
			continue;
		if (streq(part, "..")) {
			TRY(go_up(w, last_target ? last_target : w->path));
			continue;
		}
		if (fstatat(w->fds[w->depth - 1], part, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return failed(w, errno);
		TRY(check_owner(w, part, &st));
		if (S_ISLNK(st.st_mode))
			TRY(follow(w, part, &last_target));
		else
			TRY(enter(w, part, last));
	}
}

static struct err *walk_to(const char *dir, const char *path, bool by_name, int *ret_fd, char **ret_path)
{
	struct walk w = {
		.dir = dir, .path = path, .names = STRS_INIT, .rest = mem_strdup(path), .by_name = by_name};
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err *e = top < 0 ? failed(&w, errno) : NULL;

	if (!e) {
		w.fds[w.depth++] = top;
		e = go(&w);
	}
	if (!e) {
		*ret_fd = w.fds[--w.depth];
		if (ret_path)
			*ret_path = name_of(&w);
	}
	walk_done(&w);
	return e;
}

struct err *beneath_open(const char *dir, const char *path, int *ret_fd, char **ret_path)
{
	return walk_to(dir, path, /* by_name= */ false, ret_fd, ret_path);
}

struct err *beneath_path(const char *dir, const char *path, char **ret_path)
{
	AUTO_CLOSE int fd = -1;
	return walk_to(dir, path, /* by_name= */ true, &fd, ret_path);
}

struct err *beneath_read(const char *dir, const char *path, size_t max, char **ret_data, size_t *ret_size)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *name = NULL;

	TRY(beneath_open(dir, path, &fd, &name));
	return fd_read_all(fd, name, max, ret_data, ret_size);
}

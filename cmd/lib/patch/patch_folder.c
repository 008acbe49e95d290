/* Folders that give way to files: whether patches took all that is in one, and its end on disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "patch/patch_overlay.h"
#include "sys/file.h"

/* The folder @name in @up, through no link, and what is in it. */
static struct err *open_folder(int up, const char *name, const char *path, int *ret_fd, struct strs *names)
{
	AUTO_CLOSE int fd = openat(up, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_os(errno, "cannot open folder '%s'", path);
	TRY(dir_names(fd, path, names));
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

static struct err *look_below(const struct patch_overlay *o, int up, const char *name, const char *path,
			      bool *ret_emptied)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_CLOSE int fd = -1;
	TRY(open_folder(up, name, path, &fd, &names));
	for (size_t i = 0; i < names.count && *ret_emptied; i++) {
		AUTO_FREE char *below = path_join(path, names.items[i]);
		const struct patch_node *node = map_get(&o->nodes, below);
		struct stat st;
		if (node && node->now.kind == PATCH_ABSENT && node->disk.kind != PATCH_FOLDER)
			continue;
		if (fstatat(fd, names.items[i], &st, AT_SYMLINK_NOFOLLOW) != 0)
			return err_os(errno, "cannot stat '%s'", below);
		if (S_ISDIR(st.st_mode))
			TRY(look_below(o, fd, names.items[i], below, ret_emptied));
		else
			*ret_emptied = false;
	}
	return NULL;
}

struct err *patch_folder_emptied(const struct patch_overlay *o, const struct patch_node *node, bool *ret_emptied)
{
	*ret_emptied = !patch_overlay_is_dir(o, node->path);
	if (!*ret_emptied || node->disk.kind != PATCH_FOLDER)
		return NULL;
	AUTO_FREE char *dir = path_dir(node->path);
	AUTO_CLOSE int up = -1;
	TRY(patch_open_dir(o->fd, streq(dir, ".") ? "" : dir, /* make= */ false, &up));
	return up < 0 ? NULL : look_below(o, up, path_base(node->path), node->path, ret_emptied);
}

struct err *patch_folder_remove(int up, const char *name, const char *path)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_CLOSE int fd = -1;
	TRY(open_folder(up, name, path, &fd, &names));
	for (size_t i = 0; i < names.count; i++)
		TRY(patch_folder_remove(fd, names.items[i], path));
	return unlinkat(up, name, AT_REMOVEDIR) == 0 ? NULL : err_os(errno, "cannot remove folder '%s'", path);
}

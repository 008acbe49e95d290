#include "recipe/files.h"

#include "base/path.h"
#include "sys/beneath.h"

static struct err *check(const struct recipe *r, const char *dir, const char *path, const char *what)
{
	AUTO_FREE char *found = NULL;
	struct err *e = path ? beneath_path(dir, path, &found) : NULL;

	if (err_is(e, ERR_ABSENT))
		return err_free(e);
	return e ? err_wrap(e, "%s: %s", r->path, what) : NULL;
}

struct err *recipe_files_check(const struct recipe *r)
{
	AUTO_FREE char *dir = path_dir(r->path);

	for (size_t i = 0; i < r->patch_count; i++) {
		AUTO_FREE char *path = r->patches[i].file ? path_join("patches", r->patches[i].file) : NULL;
		TRY(check(r, r->root, path, "a patch"));
	}
	for (size_t i = 0; i < r->stack.mount_count; i++) {
		const char *host = r->stack.mounts[i].host;
		TRY(check(r, dir, str_starts(host, "./") ? host + 2 : NULL, "a mount"));
	}
	for (size_t i = 0; i < r->stack.step_count; i++) {
		const struct guest_step *s = &r->stack.steps[i];
		TRY(check(r, s->write_dir, s->write_from, "a file that a step writes"));
	}
	TRY(check(r, r->stack.ignition_dir, r->stack.ignition, "ignition"));
	return check(r, dir, r->image.files, "the image's files");
}

#include "image/image_files.h"

#include "base/path.h"
#include "sys/beneath.h"
#include "sys/child.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

enum { COPY_MS = 10 * 60 * 1000 };

/* Absolute, since it is handed to programs that run elsewhere. Links in it are the guest's, but for the scripts. */
static struct err *find_files(const struct recipe *recipe, char **ret_path)
{
	AUTO_FREE char *dir = path_dir(recipe->path);
	AUTO_FREE char *path = NULL;
	static const char *const scripts[] = {"prepare.sh", "customize.sh"};
	TRY(beneath_path(dir, recipe->image.files, &path));
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		AUTO_FREE char *script = NULL;
		struct err *e = beneath_path(path, scripts[i], &script);
		if (e && !err_is(e, ERR_ABSENT))
			return e;
		err_free(e);
	}
	*ret_path = file_absolute(path);
	return NULL;
}

struct err *image_files_input(const struct recipe *recipe, struct json *inputs)
{
	AUTO_FREE char *path = NULL;
	char hex[SHA256_HEX];
	if (!recipe->image.files)
		return NULL;
	TRY(find_files(recipe, &path));
	TRY(tree_digest_most(path, BENEATH_MAX_BYTES, hex));
	struct json *files = js_object();
	js_set(inputs, "files", files);
	js_set_text(files, "name", recipe->image.files);
	js_set_text(files, "digest", hex);
	return NULL;
}

static struct err *run(const char *const *argv)
{
	struct child_spec spec = {.argv = argv, .deadline_ms = COPY_MS, .die_with_parent = true};
	return child_run(&spec);
}

struct err *image_files_copy(const struct recipe *recipe, const char *digest, const char *to)
{
	AUTO_FREE char *from = NULL;
	AUTO_FREE char *all = NULL;
	char hex[SHA256_HEX];
	TRY(find_files(recipe, &from));
	all = path_join(from, ".");
	TRY(dir_make(to, 0755));
	TRY(run((const char *const[]){"cp", "-R", "-P", all, to, NULL}));
	TRY(run((const char *const[]){"chmod", "-R", "u=rwX,go=rX", to, NULL}));
	TRY(tree_digest_most(to, BENEATH_MAX_BYTES, hex));
	if (streq(hex, digest))
		return NULL;
	return err_hint(err_new(ERR_BUSY, "'%s' was changed after it was decided what to do", from),
			"run the command again: it uses the folder as it is now");
}

/* Recipes by name: recipes/NAME.yaml for builds and stacks, vmimages/NAME.yaml for images. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/suggest.h"
#include "recipe/load.h"
#include "recipe/schema.h"
#include "sys/file.h"
#include "sys/owner.h"

static const char *folder_of(enum recipe_kind kind)
{
	return kind == RECIPE_IMAGE ? "vmimages" : "recipes";
}

/* The word after "kind:" at the start of a line; -1 when there is none that is known. */
static int kind_in(const char *text)
{
	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (!str_starts(p, "kind:"))
			continue;
		p += 5;
		p += strspn(p, " \t'\"");
		size_t n = strcspn(p, " \t\r\n'\"#");
		for (int i = 0; schema_kinds()[i]; i++)
			if (strlen(schema_kinds()[i]) == n && strncmp(schema_kinds()[i], p, n) == 0)
				return i;
	}
	return -1;
}

/* What a file says that it is, without reading it as YAML; -1 when that cannot be told: loading it will. */
static int kind_of_file(const char *path)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	struct err *e = file_read(path, YAML_SIZE_MAX, &text, &size);
	if (e) {
		err_free(e);
		return -1;
	}
	return kind_in(text);
}

static struct err *check_kind(const char *path, enum recipe_kind kind)
{
	int found = kind_of_file(path);
	if (found < 0 || found == (int)kind)
		return NULL;
	return err_hint(
		err_new(ERR_USAGE, "'%s' is of kind '%s', not '%s'", path, schema_kinds()[found], schema_kinds()[kind]),
		"`cooper list` shows recipes by kind");
}

static struct err *cannot_look(const char *path, struct err *take_e)
{
	char target[1024];
	struct err *e = take_e;
	ssize_t n = readlink(path, target, sizeof(target));
	if (n > 0)
		e = err_first(err_os(e->errnum, "cannot follow the link '%s' to '%.*s'", path, (int)n, target), e);
	return err_hint(e, "correct it or remove it: no other recipe is taken in its place");
}

static bool has_ending(const char *path)
{
	return str_ends(path, ".yaml") || str_ends(path, ".yml");
}

struct err *recipe_check_link(const char *path)
{
	struct stat st = {.st_mode = 0};
	bool there = false;
	TRY(file_lstat(path, &there, &st));
	if (!S_ISLNK(st.st_mode))
		return NULL;
	AUTO_FREE char *real = realpath(path, NULL);
	if (!real)
		return cannot_look(path, err_os(errno, "cannot look at '%s'", path));
	struct stat target = {.st_mode = 0};
	TRY(file_stat(real, &there, &target));
	if (has_ending(real) || !S_ISREG(target.st_mode))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "'%s' is a link to '%s', which is not named as a recipe is", path, real),
			"a recipe's name ends with .yaml; rename that file, or remove the link");
}

struct err *recipe_is_there(const char *path, bool *ret_is_there)
{
	struct stat st = {.st_mode = 0};
	bool named = false, there = false;
	*ret_is_there = false;
	struct err *e = file_lstat(path, &named, NULL);
	if (!e && named)
		e = file_stat(path, &there, &st);
	if (!e && named && !there)
		e = err_os(ENOENT, "cannot look at '%s'", path);
	if (e)
		return cannot_look(path, e);
	if (!named)
		return NULL;
	if (!S_ISREG(st.st_mode))
		return err_hint(err_new(ERR_USAGE, "'%s' is %s, not a recipe", path,
					S_ISDIR(st.st_mode) ? "a folder" : "no regular file"),
				"a recipe is a file; rename what is there, or give the path of a file");
	TRY(recipe_check_link(path));
	*ret_is_there = true;
	return NULL;
}

struct err *recipe_list(enum recipe_kind kind, const struct strs *roots, struct strs *names)
{
	AUTO(strs) found = STRS_INIT;
	for (size_t i = 0; i < roots->count; i++) {
		AUTO_FREE char *dir = path_join(roots->items[i], folder_of(kind));
		AUTO(strs) files = STRS_INIT;
		TRY(dir_list(dir, &files));
		for (size_t j = 0; j < files.count; j++) {
			AUTO_FREE char *path = path_join(dir, files.items[j]);
			if (!str_ends(path, ".yaml") || kind_of_file(path) != (int)kind)
				continue;
			AUTO_FREE char *name = mem_strndup(files.items[j], strlen(files.items[j]) - 5);
			if (!strs_has(&found, name))
				strs_add(&found, name);
		}
	}
	strs_sort(&found);
	strs_copy(names, &found);
	return NULL;
}

static struct err *absent(const char *name, enum recipe_kind kind, const struct strs *roots)
{
	AUTO(strs) names = STRS_INIT;
	struct err *e = err_new(ERR_ABSENT, "no %s recipe '%s'", schema_kinds()[kind], name);
	err_free(recipe_list(kind, roots, &names));
	const char *near = suggest_nearest(name, (const char *const *)names.items, names.count);
	if (near)
		return err_hint(e, "did you mean '%s'?", near);
	AUTO_FREE char *all = strs_join(&names, ", ");
	if (names.count)
		return err_hint(e, "there are %s", all);
	return err_hint(e, "none exists; recipes are searched for in %s/", folder_of(kind));
}

struct err *recipe_find(const char *name, enum recipe_kind kind, const struct strs *roots, char **ret_path)
{
	if (strchr(name, '/') || str_ends(name, ".yaml")) {
		bool is_there = false;
		TRY(recipe_is_there(name, &is_there));
		if (!is_there)
			return err_hint(err_new(ERR_ABSENT, "file '%s' does not exist", name),
					"give the path of a recipe, or the name of a shipped one (`cooper list`)");
		TRY(check_kind(name, kind));
		*ret_path = mem_strdup(name);
		return NULL;
	}
	for (size_t i = 0; i < roots->count; i++) {
		AUTO_FREE char *below = mem_printf("%s/%s.yaml", folder_of(kind), name);
		AUTO_FREE char *path = mem_printf("%s/%s", roots->items[i], below);
		bool is_there = false;
		TRY(recipe_is_there(path, &is_there));
		if (!is_there)
			continue;
		TRY(owner_check_below(roots->items[i], below));
		TRY(check_kind(path, kind));
		*ret_path = TAKE(path);
		return NULL;
	}
	return absent(name, kind, roots);
}

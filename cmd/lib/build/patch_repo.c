#include "build/patch_repo.h"

#include <stdlib.h>
#include <string.h>

#include "sys/child.h"
#include "sys/file.h"
#include "sys/owner.h"

enum { GIT_DEADLINE_MS = 10 * 60 * 1000, GIT_OUTPUT_MAX = 256 << 20 };

struct err *repo_git(const char *dir, const char *input, struct str *out, const char *const *args)
{
	static const char *const settings[] = {
		"core.hooksPath=/dev/null",  "core.autocrlf=false",         "core.fileMode=true",
		"core.quotePath=true",       "core.excludesFile=/dev/null", "core.attributesFile=/dev/null",
		"commit.gpgSign=false",      "tag.gpgSign=false",           "gc.auto=0",
		"advice.detachedHead=false", "init.defaultBranch=patches",
	};
	AUTO(strs) argv = STRS_INIT;
	AUTO(str) dropped = STR_INIT;
	strs_add(&argv, "git");
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		strs_add(&argv, "-c");
		strs_add(&argv, settings[i]);
	}
	strs_add_all(&argv, args);
	struct child_spec spec = {.argv = (const char *const *)argv.items,
				  .cwd = dir,
				  .input = input,
				  .deadline_ms = GIT_DEADLINE_MS,
				  .die_with_parent = true};
	struct err *e = child_output(&spec, GIT_OUTPUT_MAX, out ? out : &dropped);
	if (e && e->kind == ERR_ABSENT)
		return err_hint(
			e, "patches are edited with git: install the package git (on a Mac: xcode-select --install)");
	return e ? err_wrap(e, "git %s", args[0]) : NULL;
}

struct err *repo_line(const char *dir, char **ret_line, const char *const *args)
{
	AUTO(str) out = STR_INIT;
	TRY(repo_git(dir, NULL, &out, args));
	*ret_line = mem_strndup(str_text(&out), strcspn(str_text(&out), "\n"));
	return NULL;
}

static char *state_path(const char *dir)
{
	return mem_printf("%s/.git/cooper.json", dir);
}

struct err *repo_load(const char *dir, struct json **ret_state)
{
	AUTO_FREE char *path = state_path(dir);
	bool there = false;
	TRY(dir_exists(dir, &there));
	if (there)
		TRY(owner_check(dir, OWNER_CALLER, S_IWOTH)); /* it says which files are written, and git runs there */
	TRY(owner_check_way(dir));
	struct err *e = js_read(path, ret_state);
	if (e && e->kind == ERR_ABSENT)
		return err_hint(err_wrap(e, "'%s' is not a work tree of `cooper patch edit`", dir),
				"`cooper patch edit RECIPE` makes one");
	return e;
}

struct err *repo_store(const char *dir, const struct json *state)
{
	AUTO_FREE char *path = state_path(dir);
	return js_write(path, state, 0600);
}

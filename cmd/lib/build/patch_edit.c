#include "build/patch_edit.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "build/patch_list.h"
#include "build/patch_repo.h"
#include "fmt/digest.h"
#include "patch/patch_header.h"
#include "sys/file.h"
#include "sys/owner.h"

#define DEFAULT_AUTHOR "cooper <cooper@localhost>"

static struct err *commit_all(const char *dir, const char *message, const char *author)
{
	AUTO_FREE char *by = mem_printf("--author=%s", author);
	TRY(repo_git(dir, NULL, NULL, GIT("add", "-A", "-f", ".")));
	return repo_git(dir, message, NULL,
			GIT("-c", "user.name=cooper", "-c", "user.email=cooper@localhost", "commit", "-q",
			    "--allow-empty", "--no-verify", "--cleanup=verbatim", by, "-F", "-"));
}

static struct err *commit_patch(const char *dir, const struct patch_input *input)
{
	struct patch_header h;
	struct patch_report r = PATCH_REPORT_INIT;
	struct err *e = patch_series_apply(dir, input, 1, NULL, &r);
	patch_report_done(&r);
	if (e)
		return e;
	TRY(patch_header_read(input, &h));
	AUTO_FREE char *message =
		mem_printf("%s\n\n%s%s" PATCH_TRAILER "%s\n", h.subject, h.body, *h.body ? "\n" : "", input->name);
	e = commit_all(dir, message, h.author ? h.author : DEFAULT_AUTHOR);
	if (e && h.author && e->kind == ERR_CHILD) { /* an author that git does not take */
		err_free(e);
		e = commit_all(dir, message, DEFAULT_AUTHOR);
	}
	patch_header_done(&h);
	return e;
}

static struct err *add_patch(const char *dir, const struct patch_list *list, size_t i, struct json *patches)
{
	const struct patch_input *input = &list->inputs[i];
	AUTO_FREE char *commit = NULL;
	char hex[SHA256_HEX];
	TRY(commit_patch(dir, input));
	TRY(repo_line(dir, &commit, GIT("rev-parse", "HEAD")));
	digest_bytes(input->text, input->size, hex);
	struct json *patch = js_object();
	js_set_text(patch, "name", input->name);
	js_set_text(patch, "path", list->paths.items[i]);
	js_set_text(patch, "commit", commit);
	js_set_text(patch, "sha256", hex);
	const struct patch_ref *ref = list->refs[i];
	js_set_text(patch, "key", ref->file ? "file" : ref->series ? "series" : "url");
	js_set_text(patch, "entry", ref->file ? ref->file : ref->series ? ref->series : ref->url);
	js_set_bool(patch, "own", ref->file != NULL);
	js_set_bool(patch, "whole", !input->reverse && ref->exclude.count == 0);
	js_set_int(patch, "strip", input->strip);
	js_add(patches, patch);
	return NULL;
}

/* What the sources' own .gitattributes say of line ends, filters and diffs is not for us: patches are about bytes. */
static struct err *ignore_attributes(const char *dir)
{
	static const char rules[] = "* -text -eol -ident -filter -working-tree-encoding !diff !merge\n";
	AUTO_FREE char *info = path_join(dir, ".git/info");
	AUTO_FREE char *path = path_join(info, "attributes");
	TRY(dir_make(info, 0755));
	return file_write(path, rules, sizeof(rules) - 1, 0644);
}

static struct err *find_stop(const struct patch_list *list, const char *stop, size_t *ret_index)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!str_ends(list->inputs[i].name, stop))
			continue;
		*ret_index = i;
		return NULL;
	}
	return err_hint(err_new(ERR_USAGE, "the recipe has no patch '%s'", stop),
			"`git log --oneline` in the work tree lists them");
}

/* The work tree stands at the patch, the later ones wait in a rebase. */
static struct err *stop_at(const char *dir, const struct json *patches, size_t index)
{
	const char *commit = js_get_text(js_at(patches, index), "commit");
	AUTO_FREE char *onto = mem_printf("%s^", commit);
	if (index + 1 == js_count(patches))
		return NULL;
	return repo_git(dir, NULL, NULL,
			GIT("-c", "sequence.editor=sed -i.bak -e '1s/^pick/edit/'", "-c",
			    "rebase.abbreviateCommands=false", "-c", "rebase.autoSquash=false", "-c",
			    "user.name=cooper", "-c", "user.email=cooper@localhost", "rebase", "-q", "-i",
			    "--keep-empty", onto));
}

static struct err *make(const struct build_job *job, const char *dir, const struct patch_edit_options *o,
			struct sink *sink)
{
	AUTO(patch_list) list = {.count = 0};
	AUTO_JSON *state = js_object();
	struct json *patches = js_array();
	size_t index = 0;
	js_set_text(state, "recipe", job->recipe->path);
	js_set_text(state, "name", job->recipe->name);
	js_set_text(state, "root", job->recipe->root);
	js_set_bool(state, "shipped", o->shipped);
	js_set(state, "patches", patches);
	TRY(build_unpack(job, dir, sink));
	TRY(patch_list_read(job->recipe, job->home, dir, &list));
	if (o->stop)
		TRY(find_stop(&list, o->stop, &index));
	TRY(repo_git(dir, NULL, NULL, GIT("init", "-q")));
	TRY(ignore_attributes(dir));
	AUTO_FREE char *message = mem_printf("%s %s\n", job->recipe->name, job->recipe->version);
	TRY(commit_all(dir, message, DEFAULT_AUTHOR));
	TRY(repo_git(dir, NULL, NULL, GIT("tag", PATCH_BASE)));
	for (size_t i = 0; i < list.count; i++)
		TRY(add_patch(dir, &list, i, patches));
	TRY(repo_git(dir, NULL, NULL, GIT("tag", PATCH_START)));
	TRY(repo_store(dir, state));
	return o->stop ? stop_at(dir, patches, index) : NULL;
}

struct err *patch_edit_open(const struct build_job *job, const char *dir, const struct patch_edit_options *o,
			    struct sink *sink)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(dir, &names));
	if (names.count)
		return err_hint(err_new(ERR_USAGE, "'%s' is not empty", dir),
				"save its changes with `cooper patch save`, or remove it");
	TRY(dir_make(dir, 0755));
	TRY(owner_check(dir, OWNER_CALLER, S_IWOTH)); /* it may have been there */
	TRY(owner_check_way(dir));
	struct err *e = make(job, dir, o, sink);
	return e ? err_first(e, tree_remove(dir)) : NULL;
}

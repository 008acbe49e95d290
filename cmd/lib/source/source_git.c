#include "source/source_git.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "net/gitrepo.h"
#include "sys/file.h"

enum { NAME_DIGITS = 24 };

bool source_git_is(const char *url)
{
	return str_starts(url, "git:");
}

bool source_git_floats(const struct source *s)
{
	return source_git_is(s->url) && !strchr(s->url, '#');
}

const char *source_git_commit(const char *url)
{
	const char *mark = strrchr(url, '#');
	return mark ? mark + 1 : "";
}

char *source_git_repository(const char *url)
{
	const char *start = url + strlen("git:");
	return mem_strndup(start, strcspn(start, "#"));
}

static char *dir_of(const struct home *home, const char *url)
{
	AUTO_FREE char *repository = source_git_repository(url);
	char hex[SHA256_HEX];
	digest_bytes(repository, strlen(repository), hex);
	return mem_printf("%s/git/%.*s.git", home->root, NAME_DIGITS, hex);
}

struct err *source_git_there(const struct home *home, const struct source_file *f, bool *ret_there)
{
	AUTO_FREE char *dir = dir_of(home, f->url);
	const struct gitrepo_pin pin = {
		.commit = source_git_commit(f->url), .tag = f->source ? f->source->tag : NULL, .dir = dir};
	return gitrepo_has(&pin, ret_there);
}

/* A commit that is here is what its id says, whoever can be asked for its tag now. */
static struct err *go_on_without_tag(const struct gitrepo_pin *pin, const char *step, struct sink *sink,
				     struct err *take_e)
{
	struct gitrepo_pin commit = *pin;
	bool there = false;
	commit.tag = NULL;
	if (!pin->tag || !err_is(take_e, ERR_NET))
		return take_e;
	struct err *e = gitrepo_has(&commit, &there);
	if (e || !there)
		return err_first(take_e, e);
	event_warn(sink, step, "it was not checked that the tag '%s' leads to the commit %s, which is here: %s", pin->tag,
		   pin->commit, take_e->message);
	return err_free(take_e);
}

struct err *source_git_fetch(const struct home *home, const struct source_file *f, const char *step, struct sink *sink)
{
	AUTO_FREE char *dir = dir_of(home, f->url);
	AUTO_FREE char *url = source_git_repository(f->url);
	struct gitrepo_pin pin = {
		.url = url, .commit = source_git_commit(f->url), .tag = f->source ? f->source->tag : NULL, .dir = dir};
	bool there = false;
	TRY(gitrepo_has(&pin, &there));
	if (there)
		return NULL;
	struct err *e = gitrepo_fetch(&pin, step, sink);
	if (e)
		e = go_on_without_tag(&pin, step, sink, e);
	return e ? err_wrap(e, "cannot fetch '%s'", f->name) : NULL;
}

static char *note_path(const char *dir, const char *commit)
{
	return mem_printf("%s/cooper/%s.json", dir, commit);
}

struct err *source_git_export(const struct home *home, const struct source_file *f, const char *tree, const char *step,
			      struct sink *sink)
{
	AUTO_FREE char *dir = dir_of(home, f->url);
	AUTO_FREE char *url = source_git_repository(f->url);
	const char *commit = source_git_commit(f->url);
	AUTO_FREE char *path = note_path(dir, commit);
	struct gitrepo_options o = {.strip = f->source->strip > 0 ? f->source->strip : 0,
				    .exclude = &f->source->exclude,
				    .into = f->source->into,
				    .limits = &f->source->limits};
	struct gitrepo_tree written;
	TRY(gitrepo_export(dir, commit, tree, &o, step, sink, &written));
	AUTO_JSON *note = js_object();
	js_set_text(note, "url", url);
	js_set_text(note, "commit", commit);
	js_set_text(note, "tree", written.id);
	js_set_text(note, "written", written.digest);
	js_set_int(note, "files", written.entries);
	js_set_int(note, "bytes", written.bytes);
	return js_write(path, note, 0600);
}

struct err *source_git_resolve(const struct source *s, struct lock_entry *ret_entry)
{
	AUTO_FREE char *url = source_git_repository(s->url);
	char commit[GITREPO_ID];
	TRY(gitrepo_tag(url, s->tag, commit));
	ret_entry->version = mem_strdup(s->tag);
	ret_entry->files = mem_array(1, sizeof(*ret_entry->files));
	ret_entry->files[ret_entry->file_count++] = (struct lock_file){.name = mem_strdup(path_base(url)),
								       .url = mem_printf("%s#%s", s->url, commit),
								       .sha256 = NULL,
								       .size = -1};
	return NULL;
}

struct err *source_git_receipts(const struct home *home, const struct source_files *files, struct json **ret_list)
{
	AUTO_JSON *list = js_array();
	for (size_t i = 0; i < files->count; i++) {
		if (files->items[i].digest)
			continue;
		AUTO_FREE char *dir = dir_of(home, files->items[i].url);
		AUTO_FREE char *path = note_path(dir, source_git_commit(files->items[i].url));
		struct json *note = NULL;
		TRY(js_read(path, &note));
		js_add(list, note);
	}
	*ret_list = TAKE(list);
	return NULL;
}

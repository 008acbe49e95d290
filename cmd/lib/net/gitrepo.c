#include "net/gitrepo.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <git2.h>

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/magic.h"
#include "net/fetch_env.h"
#include "net/fetch_url.h"
#include "net/gitrepo_disk.h"
#include "net/gitrepo_transfer.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/tick.h"
#include "tree/archive_policy.h"
#include "tree/tree_writer.h"
#include "tree/unpack.h"

enum { PROGRESS_MS = 100 };

#define SHALLOW_SINCE (LIBGIT2_VER_MAJOR > 1 || (LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR >= 7))

/* Nothing of the user's configuration counts, and nobody else's is ever run: owners do not matter. */
static void start_library(void)
{
	struct fetch_env env;
	fetch_env_read(&env);
	if (git_libgit2_init() < 0)
		bug("libgit2 cannot start");
	for (int level = GIT_CONFIG_LEVEL_PROGRAMDATA; level <= GIT_CONFIG_LEVEL_GLOBAL; level++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	struct err *unusable = fetch_env_check(&env); /* a transfer says so: git_transfer_run() */
	if (!unusable && (env.ca || env.ca_dir))
		git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, env.ca, env.ca_dir);
	err_free(unusable);
}

static void use_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_library);
}

static const char *last_words(void)
{
	const git_error *e = git_error_last();
	return e && e->message ? e->message : "no reason given";
}

/* What a failed conversation means; libgit2 has a class, sometimes a code, and words. */
static struct err *explain(int code, const char *url)
{
	const git_error *last = git_error_last();
	int class = last ? last->klass : GIT_ERROR_NONE;
	const char *words = last_words();
	AUTO_FREE char *shown = fetch_url_shown(url);
	if (fetch_url_is(url, "file") && code != GIT_EUSER)
		TRY(gitrepo_disk_explain(url));
	if (fetch_url_is(url, "file") &&
	    (code == GIT_ENOTFOUND || class == GIT_ERROR_REPOSITORY || class == GIT_ERROR_OS))
		return err_hint(err_new(ERR_CORRUPT, "the repository '%s' cannot be read: %s", shown, words),
				"`git fsck` there tells what is wrong with it");
	if (code == GIT_EAUTH || strstr(words, "authentication required"))
		return err_hint(err_new(ERR_NET, "'%s' requires a login, or does not exist", shown),
				"check the URL; git sources are read without a login");
	if (code == GIT_ECERTIFICATE || class == GIT_ERROR_SSL)
		return err_hint(
			err_new(ERR_NET, "no secure connection to '%s': %s", shown, words),
			"behind a proxy that inspects TLS, set SSL_CERT_FILE to a bundle that contains its certificate");
	if (strstr(words, "REF pkt-line"))
		return err_hint(
			err_new(ERR_USAGE, "the repository at '%s' is shallow, or has SHA-256 ids", shown),
			"neither can be read: use the repository that it was cloned from, or a release archive");
	if (strstr(words, "status code: 404"))
		return err_hint(err_new(ERR_ABSENT, "there is no git repository at '%s'", shown), "check the URL");
	return err_hint(err_new(ERR_NET, "cannot fetch from '%s': %s", shown, words),
			"check the network and the URL, then run the same command again");
}

static struct err *damaged(const char *dir, const char *what)
{
	return err_hint(err_new(ERR_CORRUPT, "%s: %s", what, last_words()),
			"remove '%s' and run the same command again: it is fetched again", dir);
}

/* --- the conversation: these run in its thread --- */

static int progressed(struct git_transfer *t)
{
	return git_transfer_progressed(t) ? 0 : GIT_EUSER;
}

static int on_progress(const git_indexer_progress *p, void *payload)
{
	struct git_transfer *t = payload;
	atomic_store(&t->bytes, (long long)p->received_bytes);
	if (p->total_objects > 0 && p->received_objects == p->total_objects)
		atomic_store(&t->phase, GIT_PHASE_RECEIVED);
	return progressed(t);
}

static int on_words(const char *text, int size, void *payload)
{
	struct git_transfer *t = payload;
	(void)text;
	atomic_fetch_add(&t->words, size);
	return progressed(t);
}

static int on_packing(int stage, uint32_t current, uint32_t total, void *payload)
{
	(void)stage, (void)current, (void)total;
	return progressed(payload);
}

static git_remote_callbacks callbacks_of(struct git_transfer *t)
{
	git_remote_callbacks c;
	git_remote_init_callbacks(&c, GIT_REMOTE_CALLBACKS_VERSION);
	c.transfer_progress = on_progress;
	c.sideband_progress = on_words;
	c.pack_progress = on_packing; /* of a repository on this host */
	c.payload = t;
	return c;
}

static git_proxy_options proxy(void)
{
	git_proxy_options p;
	git_proxy_options_init(&p, GIT_PROXY_OPTIONS_VERSION);
	p.type = GIT_PROXY_AUTO;
	return p;
}

/* The commit that refs/tags/<tag> leads to on the server: the peeled one where the tag is an object. */
static struct err *find_tag(struct git_transfer *t, git_remote *remote)
{
	const git_remote_head **heads = NULL;
	size_t count = 0;
	AUTO_FREE char *plain = mem_printf("refs/tags/%s", t->tag);
	AUTO_FREE char *peeled = mem_printf("refs/tags/%s^{}", t->tag);
	const git_oid *found = NULL;
	if (git_remote_ls(&heads, &count, remote) != 0)
		return explain(-1, t->url);
	for (size_t i = 0; i < count; i++)
		if (streq(heads[i]->name, peeled) || (streq(heads[i]->name, plain) && !found))
			found = &heads[i]->oid;
	if (!found)
		return err_hint(err_new(ERR_ABSENT, "'%s' has no tag '%s'", t->url, t->tag),
				"check the name; `git ls-remote --tags URL` lists them");
	git_oid_tostr(t->found, sizeof(t->found), found);
	return NULL;
}

static struct err *check_tag(struct git_transfer *t, git_remote *remote)
{
	if (!t->tag)
		return NULL;
	TRY(find_tag(t, remote));
	if (!t->commit || streq(t->found, t->commit))
		return NULL;
	return err_hint(
		err_new(ERR_CORRUPT, "the tag '%s' of '%s' has moved: it is now %s, and was pinned as %s", t->tag,
			t->url, t->found, t->commit),
		"nothing was fetched; a published tag does not move without a reason: ask the project, then change "
		"the pin (`cooper update`, or the recipe)");
}

static struct err *connect_to(struct git_transfer *t, git_remote *remote)
{
	git_remote_callbacks callbacks = callbacks_of(t);
	git_proxy_options proxies = proxy();
	atomic_store(&t->phase, fetch_url_is(t->url, "file") ? GIT_PHASE_LOCAL : GIT_PHASE_TALKING);
	int code = git_remote_connect(remote, GIT_DIRECTION_FETCH, &callbacks, &proxies, NULL);
	progressed(t);
	return code == 0 ? check_tag(t, remote) : explain(code, t->url);
}

static bool has_object(git_repository *repo, const char *hex, git_object_t type, git_object **ret)
{
	git_oid id;
	return git_oid_fromstr(&id, hex) == 0 && git_object_lookup(ret, repo, &id, type) == 0;
}

/* Every object of the tree is there; contents are checked when they are read. */
static struct err *check_whole(struct git_transfer *t, git_odb *odb, git_repository *repo, const git_oid *id, int depth)
{
	git_tree *tree = NULL;
	struct err *e = NULL;
	if (depth == 0 || git_tree_lookup(&tree, repo, id) != 0)
		return damaged(t->dir, "a folder of the commit is missing");
	for (size_t i = 0; i < git_tree_entrycount(tree) && !e; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		git_object_t type = git_tree_entry_type(entry);
		if (type == GIT_OBJECT_TREE)
			e = check_whole(t, odb, repo, git_tree_entry_id(entry), depth - 1);
		else if (type == GIT_OBJECT_BLOB && !git_odb_exists(odb, git_tree_entry_id(entry)))
			e = damaged(t->dir, "a file of the commit is missing");
	}
	progressed(t);
	git_tree_free(tree);
	return e;
}

static struct err *stamp(struct git_transfer *t, git_repository *repo, const git_object *commit)
{
	const struct archive_limits limits = ARCHIVE_LIMITS_DEFAULT;
	const struct gitrepo_pin pin = {.commit = t->commit, .tag = t->tag, .dir = t->dir};
	git_odb *odb = NULL;
	char tree[GITREPO_ID];
	if (git_repository_odb(&odb, repo) != 0)
		return damaged(t->dir, "its objects cannot be read");
	const git_oid *id = git_commit_tree_id((const git_commit *)commit);
	struct err *e = check_whole(t, odb, repo, id, limits.depth);
	git_odb_free(odb);
	if (e)
		return e;
	git_oid_tostr(tree, sizeof(tree), id);
	TRY(tree_sync(t->dir)); /* libgit2 leaves its files to the kernel */
	return gitrepo_pin_stamp(&pin, tree);
}

/* "<what the server calls it>:refs/cooper/<commit>": servers give every tip, and not all of them give any commit. */
static char *spec_of(const struct git_transfer *t, git_remote *remote)
{
	const git_remote_head **heads = NULL;
	size_t count = 0;
	const char *name = t->commit;
	int size = (int)strlen(name);
	if (git_remote_ls(&heads, &count, remote) != 0)
		count = 0;
	for (size_t i = 0; i < count; i++) {
		char hex[GITREPO_ID];
		git_oid_tostr(hex, sizeof(hex), &heads[i]->oid);
		if (!streq(hex, t->commit) || !str_starts(heads[i]->name, "refs/"))
			continue;
		name = heads[i]->name;
		size = (int)strcspn(name, "^"); /* refs/tags/v1^{} comes with refs/tags/v1 */
	}
	return mem_printf("%.*s:refs/cooper/%s", size, name, t->commit);
}

/* One attempt. @alone: the commit, without its history where the library can; else every branch and tag. */
static struct err *ask_for(struct git_transfer *t, git_repository *repo, bool alone)
{
	char heads[] = "+refs/heads/*:refs/remotes/origin/*", tags[] = "+refs/tags/*:refs/tags/*";
	git_remote *remote = NULL;
	git_fetch_options o;
	git_fetch_options_init(&o, GIT_FETCH_OPTIONS_VERSION);
	o.callbacks = callbacks_of(t);
	o.proxy_opts = proxy();
	o.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	o.update_fetchhead = 0;
#if SHALLOW_SINCE
	o.depth = alone && !fetch_url_is(t->url, "file") ? 1 : GIT_FETCH_DEPTH_FULL;
#endif
	if (git_remote_create_anonymous(&remote, repo, t->url) != 0)
		return explain(-1, t->url);
	struct err *e = connect_to(t, remote);
	AUTO_FREE char *one = e ? NULL : spec_of(t, remote);
	git_strarray wanted = {alone ? (char *[]){one} : (char *[]){heads, tags}, alone ? 1 : 2};
	int code = e ? 0 : git_remote_fetch(remote, &wanted, &o, NULL);
	if (code != 0)
		e = explain(code, t->url);
	git_remote_free(remote);
	atomic_store(&t->phase, GIT_PHASE_LOCAL);
	return e;
}

static struct err *no_commit(const struct git_transfer *t, git_repository *repo)
{
	git_object *other = NULL;
	if (has_object(repo, t->commit, GIT_OBJECT_ANY, &other)) {
		AUTO_FREE char *ref = mem_printf("refs/cooper/%s", t->commit);
		const char *type = git_object_type2string(git_object_type(other));
		git_object_free(other);
		git_reference_remove(repo, ref); /* one that leads to no commit is in the way of all fetches to come */
		return err_hint(err_new(ERR_USAGE, "'%s' is a %s in '%s', not a commit", t->commit, type, t->url),
				"`git rev-parse TAG^{commit}` prints a commit's id");
	}
	return err_hint(err_new(ERR_ABSENT, "'%s' has no commit %s", t->url, t->commit),
			"check the id; a branch that was rewritten takes its old commits with it");
}

static struct err *look_up_tag(struct git_transfer *t)
{
	git_remote *remote = NULL;
	if (git_remote_create_detached(&remote, t->url) != 0)
		return explain(-1, t->url);
	struct err *e = connect_to(t, remote);
	git_remote_free(remote);
	return e;
}

/* The commit by its id; where that is not possible, every branch and tag, one of which may hold it. */
static struct err *fetch_commit(struct git_transfer *t, git_repository *repo, git_object **ret_commit)
{
	if (has_object(repo, t->commit, GIT_OBJECT_COMMIT, ret_commit))
		return t->tag ? look_up_tag(t) : NULL;
	struct err *e = ask_for(t, repo, /* alone= */ true);
	if (has_object(repo, t->commit, GIT_OBJECT_COMMIT, ret_commit))
		return err_free(e);
	if (atomic_load(&t->stop) || err_is(e, ERR_CORRUPT) || err_is(e, ERR_ABSENT) || err_is(e, ERR_USAGE))
		return e;
	if (!e)
		return no_commit(t, repo);
	err_free(e);
	TRY(ask_for(t, repo, /* alone= */ false));
	return has_object(repo, t->commit, GIT_OBJECT_COMMIT, ret_commit) ? NULL : no_commit(t, repo);
}

static struct err *fetch_pinned(struct git_transfer *t)
{
	git_repository *repo = NULL;
	git_object *commit = NULL;
	if (git_repository_init(&repo, t->dir, /* is_bare= */ 1) != 0)
		return damaged(t->dir, "the copy of the repository cannot be used");
	struct err *e = fetch_commit(t, repo, &commit);
	if (!e)
		e = stamp(t, repo, commit);
	git_object_free(commit);
	git_repository_free(repo);
	return e;
}

static struct err *transfer(struct git_transfer *t)
{
	return t->commit ? fetch_pinned(t) : look_up_tag(t);
}

struct err *gitrepo_fetch(const struct gitrepo_pin *pin, const char *step, struct sink *sink)
{
	AUTO_FREE char *lock_path = mem_printf("%s.lock", pin->dir);
	AUTO_FREE char *parent = path_dir(pin->dir);
	int lock = -1;
	TRY(gitrepo_pin_check(pin));
	use_library();
	TRY(dir_make(parent, 0700));
	TRY(lock_wait(lock_path, "cooper, fetching a repository", /* timeout_ms= */ 0, sink, &lock));
	bool there = false;
	struct err *e = gitrepo_has(pin, &there);
	if (!e && !there)
		return git_transfer_run(git_transfer_new(pin, lock), transfer, step, sink, NULL);
	close(lock); /* the one that was waited for has brought it */
	return e;
}

struct err *gitrepo_tag(const char *url, const char *tag, char ret_commit[GITREPO_ID])
{
	struct gitrepo_pin pin = {.url = url, .tag = tag};
	TRY(gitrepo_pin_check(&pin));
	use_library();
	return git_transfer_run(git_transfer_new(&pin, /* take_lock= */ -1), transfer, NULL, NULL, ret_commit);
}

struct reading {
	git_odb *odb;
	int64_t bytes;
};

static int read_object(const git_oid *id, void *payload)
{
	struct reading *r = payload;
	git_odb_object *object = NULL;
	int code = cancel_requested() ? GIT_EUSER : git_odb_read(&object, r->odb, id);
	if (code == 0)
		r->bytes += (int64_t)git_odb_object_size(object);
	git_odb_object_free(object);
	return code;
}

/* What the stamps say is there. */
static struct err *check_commits(const char *dir, git_repository *repo)
{
	AUTO_FREE char *stamps = path_join(dir, "cooper");
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(stamps, &names));
	for (size_t i = 0; i < names.count; i++) {
		git_object *commit = NULL;
		if (!digest_valid(DIGEST_SHA1, names.items[i]))
			continue;
		if (!has_object(repo, names.items[i], GIT_OBJECT_COMMIT, &commit))
			return damaged(dir, "a commit no longer exists");
		git_object_free(commit);
	}
	return NULL;
}

struct err *gitrepo_check(const char *dir, int64_t *ret_bytes)
{
	git_repository *repo = NULL;
	struct reading r = {.odb = NULL};
	use_library();
	int code = git_repository_open_bare(&repo, dir);
	if (code == 0)
		code = git_repository_odb(&r.odb, repo);
	if (code == 0)
		code = git_odb_foreach(r.odb, read_object, &r);
	struct err *e = cancel_check();
	if (!e)
		e = code == 0 ? check_commits(dir, repo) : damaged(dir, "an object cannot be read");
	git_odb_free(r.odb);
	git_repository_free(repo);
	*ret_bytes = r.bytes;
	return e;
}

/* --- writing the tree --- */

struct checkout {
	git_repository *repo;
	git_odb *odb;
	struct tree_writer *writer;
	const struct gitrepo_options *options;
	const char *dir;
	struct archive_limits limits;
	const char *step;
	struct sink *sink;
	struct gitrepo_tree result;
	int64_t seen, told_ms;
	int64_t stripped; /* files of whose names nothing is left */
};

static struct err *check_amount(struct checkout *x, int64_t file_bytes)
{
	return archive_policy_amount(&x->limits, x->seen, x->result.bytes + file_bytes, file_bytes);
}

static struct err *read_blob(struct checkout *x, const char *path, const git_oid *id, git_odb_object **ret)
{
	size_t size = 0;
	git_object_t type = GIT_OBJECT_INVALID;
	AUTO_FREE char *what = mem_printf("file '%s' of the commit cannot be read", path);
	if (git_odb_read_header(&size, &type, x->odb, id) != 0 || type != GIT_OBJECT_BLOB)
		return damaged(x->dir, what);
	TRY(check_amount(x, size > (size_t)x->limits.file_bytes ? x->limits.file_bytes + 1 : (int64_t)size));
	return git_odb_read(ret, x->odb, id) == 0 ? NULL : damaged(x->dir, what);
}

static struct err *write_blob(struct checkout *x, const char *path, bool executable, git_odb_object *blob)
{
	size_t size = git_odb_object_size(blob);
	if (magic_lfs_pointer(git_odb_object_data(blob), size))
		return gitrepo_lfs_refused(path, git_odb_object_data(blob), size);
	TRY(tree_writer_file(x->writer, path, executable));
	if (size > 0)
		TRY(tree_writer_data(x->writer, git_odb_object_data(blob), size, 0));
	TRY(tree_writer_file_end(x->writer, (int64_t)size));
	x->result.bytes += (int64_t)size;
	return NULL;
}

static struct err *write_link(struct checkout *x, const char *path, git_odb_object *blob)
{
	bool wanted = true;
	AUTO_FREE char *target = mem_strndup(git_odb_object_data(blob), git_odb_object_size(blob));
	if (strlen(target) != git_odb_object_size(blob))
		return err_new(ERR_CORRUPT, "link '%s' has a target with a NUL byte", path);
	TRY(archive_policy_symlink(path, target, ABSOLUTE_REFUSE, &x->limits, &wanted));
	return tree_writer_symlink(x->writer, path, target);
}

static struct err *refuse_submodule(const char *path, const git_tree_entry *entry)
{
	char id[GITREPO_ID];
	git_oid_tostr(id, sizeof(id), git_tree_entry_id(entry));
	return err_hint(err_new(ERR_CORRUPT, "'%s' is a submodule, and submodules are not fetched", path),
			"add it to 'exclude:' of the source; if it is needed, add a source 'git:URL#%s' with "
			"'into: %s' (.gitmodules has the URL)",
			id, path);
}

static struct err *write_entry(struct checkout *x, const char *path, const git_tree_entry *entry)
{
	git_odb_object *blob = NULL;
	unsigned mode = git_tree_entry_filemode(entry);
	if (mode == GIT_FILEMODE_COMMIT)
		return refuse_submodule(path, entry);
	if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE && mode != GIT_FILEMODE_LINK)
		return err_new(ERR_CORRUPT, "entry '%s' has the unknown mode %o", path, mode);
	TRY(read_blob(x, path, git_tree_entry_id(entry), &blob));
	struct err *e = mode == GIT_FILEMODE_LINK ? write_link(x, path, blob)
						  : write_blob(x, path, mode == GIT_FILEMODE_BLOB_EXECUTABLE, blob);
	git_odb_object_free(blob);
	x->result.entries++;
	return e;
}

/* A name that no repository may hold, on any system. */
static struct err *check_name(const char *name)
{
	if (*name && !streq(name, ".") && !streq(name, "..") && !strchr(name, '/') &&
	    !path_part_is_git(name, strlen(name)))
		return NULL;
	return err_new(ERR_CORRUPT, "the commit contains the name '%s', which is not allowed", name);
}

static struct err *export_tree(struct checkout *x, const git_oid *id, const char *prefix);

static struct err *export_entry(struct checkout *x, const git_tree_entry *entry, const char *prefix)
{
	const char *name = git_tree_entry_name(entry);
	TRY(check_name(name));
	AUTO_FREE char *path = *prefix ? path_join(prefix, name) : mem_strdup(name);
	x->seen++;
	TRY(check_amount(x, 0));
	TRY(cancel_check());
	TRY(archive_policy_name(path, &x->limits));
	if (git_tree_entry_type(entry) == GIT_OBJECT_TREE)
		return export_tree(x, git_tree_entry_id(entry), path);
	AUTO_FREE char *stripped = NULL;
	TRY(archive_policy_path(path, x->options->strip, &stripped));
	x->stripped += !stripped;
	if (!stripped || glob_match_any(x->options->exclude, stripped))
		return NULL;
	return write_entry(x, stripped, entry);
}

static struct err *export_tree(struct checkout *x, const git_oid *id, const char *prefix)
{
	git_tree *tree = NULL;
	struct err *e = NULL;
	if (git_tree_lookup(&tree, x->repo, id) != 0)
		return damaged(x->dir, "a folder of the commit cannot be read");
	for (size_t i = 0; i < git_tree_entrycount(tree) && !e; i++)
		e = export_entry(x, git_tree_entry_byindex(tree, i), prefix);
	git_tree_free(tree);
	if (tick_ms() - x->told_ms >= PROGRESS_MS) {
		x->told_ms = tick_ms();
		event_progress(x->sink, x->step, x->result.entries, 0, "files");
	}
	return e;
}

static struct err *export_commit(struct checkout *x, const git_object *commit)
{
	const git_oid *tree = git_commit_tree_id((const git_commit *)commit);
	git_oid_tostr(x->result.id, sizeof(x->result.id), tree);
	TRY(export_tree(x, tree, ""));
	if (x->result.entries == 0)
		return err_hint(err_new(ERR_CORRUPT, "no file of the commit is left"),
				"check 'strip:' and 'exclude:' of the source");
	if (x->stripped)
		event_warn(x->sink, x->step, "'strip: %d' leaves out %lld %s with too short a name", x->options->strip,
			   (long long)x->stripped, x->stripped == 1 ? "file" : "files");
	return tree_writer_finish(x->writer, x->result.digest);
}

static struct err *export_from(struct checkout *x, const char *commit_hex, int target_fd)
{
	git_object *commit = NULL;
	if (git_repository_open_bare(&x->repo, x->dir) != 0 || git_repository_odb(&x->odb, x->repo) != 0 ||
	    !has_object(x->repo, commit_hex, GIT_OBJECT_COMMIT, &commit))
		return damaged(x->dir, "the commit cannot be read");
	x->writer = tree_writer_new(target_fd, UNPACK_MTIME);
	struct err *e = export_commit(x, commit);
	x->writer = tree_writer_free(x->writer);
	git_object_free(commit);
	return e;
}

struct err *gitrepo_export(const char *dir, const char *commit, const char *target, const struct gitrepo_options *o,
			   const char *step, struct sink *sink, struct gitrepo_tree *ret_tree)
{
	struct checkout x = {
		.options = o, .dir = dir, .limits = archive_limits_of(o->limits), .step = step, .sink = sink};
	AUTO_CLOSE int top = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int below = -1;
	if (top < 0)
		return err_os(errno, "cannot open the folder '%s'", target);
	TRY(tree_open_below(top, o->into ? o->into : "", &below));
	use_library();
	struct err *e = export_from(&x, commit, below);
	git_odb_free(x.odb);
	git_repository_free(x.repo);
	if (!e)
		*ret_tree = x.result;
	return e;
}

#include "source/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/arch.h"
#include "base/path.h"
#include "fmt/digest.h"
#include "net/fetch.h"
#include "net/fetch_env.h"
#include "net/fetch_url.h"
#include "source/debian.h"
#include "source/signature.h"
#include "source/source_git.h"
#include "source/source_gits.h"
#include "store/cas.h"
#include "sys/file.h"

static const char *package_arch(const struct source *s, enum arch host_arch)
{
	if (streq(s->arch, "all"))
		return s->arch;
	return arch_row(s->arch ? arch_of(s->arch) : host_arch)->debian;
}

char *source_reference(const struct source *source, enum arch host_arch)
{
	const char *suite = source->suite ? source->suite : "host";
	if (source->debian_source)
		return mem_printf("debian-source:%s:%s", source->debian_source, suite);
	if (source->debian_package)
		return mem_printf("debian-package:%s:%s:%s", source->debian_package, suite,
				  package_arch(source, host_arch));
	if (source->url && source_git_floats(source))
		return mem_printf("%s#refs/tags/%s", source->url, source->tag);
	return NULL;
}

/* "7.2.22" agrees with Debian's 7.2, whose patches make it 7.2.22. */
static struct err *compare_version(const struct recipe *r, const char *resolved)
{
	size_t n = strlen(resolved);
	if (str_starts(r->version, resolved) && (r->version[n] == '\0' || r->version[n] == '.'))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "'%s' has version %s, but its source is %s", r->path, r->version, resolved),
			"remove 'version' from the recipe, or use a 'suite' that has it");
}

/* What the first source resolved to, heap; NULL where that is not known, or is none of Debian's. */
static char *resolved_version(const struct recipe *r, enum arch host_arch, const struct lock *lock,
			      const struct lock_entry *entry)
{
	if (!r->sources[0].debian_source)
		return NULL;
	AUTO_FREE char *reference = source_reference(&r->sources[0], host_arch);
	entry = entry ? entry : lock_find(lock, reference);
	return entry && entry->version ? debian_upstream_version(entry->version) : NULL;
}

struct err *source_load(const char *path, const struct recipe_target *target, const struct strs *roots,
			const struct lock *lock, const struct lock_entry *entry, struct recipe **ret_recipe)
{
	struct recipe *r = NULL;
	struct recipe_target known = *target;
	TRY(recipe_load(path, target, roots, &r));
	AUTO_FREE char *version = resolved_version(r, target->arch, lock, entry);
	if (!version || r->version_stated) {
		struct err *e = version ? compare_version(r, version) : NULL;
		*ret_recipe = e ? recipe_free(r) : r;
		return e;
	}
	recipe_free(r);
	known.version = version;
	return recipe_load(path, &known, roots, ret_recipe);
}

void source_files_done(struct source_files *files)
{
	free(files->items);
	strs_done(&files->owned);
	*files = (struct source_files){.items = NULL};
}

struct err *source_elsewhere(const char *reference, const char *url)
{
	return err_hint(err_new(ERR_CORRUPT, "the lock takes '%s' from elsewhere: '%s'", reference, url),
			"`cooper update` writes the entry anew; find out who changed it");
}

static void add_file(struct source_files *files, struct source_file file)
{
	files->items = mem_grow(files->items, &files->cap, files->count + 1, sizeof(*files->items));
	files->items[files->count++] = file;
}

static void add_pinned(const struct source *s, struct source_files *files)
{
	strs_take(&files->owned, path_url_base(s->url));
	add_file(files, (struct source_file){.source = s,
					     .name = files->owned.items[files->owned.count - 1],
					     .url = s->url,
					     .digest = s->sha256 ? s->sha256 : s->sha512,
					     .sha512 = s->sha256 ? s->sha512 : NULL,
					     .size = s->size,
					     .signature_url = s->signature_url,
					     .signature_keys = &s->signature_keys});
}

/*
 * A lock lies in the project, which a guest may share: it sends nobody to another server. A file of this host is as
 * good as the archive's: the digest of either is in the lines that the user agrees to.
 */
static bool comes_from(const struct source *s, const char *url)
{
	size_t n = s->url ? strlen(s->url) : 0;
	return s->url ? strncmp(url, s->url, n) == 0 && url[n] == '#'
		      : debian_is_url(url) || str_starts(url, "file:///");
}

static struct err *list_one(const struct source *s, enum arch host_arch, const struct lock *lock,
			    struct source_files *files)
{
	AUTO_FREE char *reference = source_reference(s, host_arch);
	if (!reference) {
		if (!s->sha256 && !s->sha512 && !source_git_is(s->url))
			return err_hint(err_new(ERR_USAGE, "'%s' has no digest", s->url),
					"add 'sha256: HEX' to the source: files are kept by it");
		add_pinned(s, files);
		return NULL;
	}
	const struct lock_entry *entry = lock_find(lock, reference);
	if (!entry)
		return err_new(ERR_ABSENT, "the lock has no entry for '%s'", reference);
	for (size_t i = 0; i < entry->file_count; i++) {
		const struct lock_file *f = &entry->files[i];
		if (!comes_from(s, f->url))
			return source_elsewhere(reference, f->url);
		add_file(files,
			 (struct source_file){
				 .source = s,
				 .name = f->name,
				 .url = f->url,
				 .digest = f->sha256,
				 .size = f->size,
				 .version = s->debian_source ? entry->version : NULL});
	}
	return NULL;
}

struct err *source_list(const struct source *sources, size_t count, enum arch host_arch, const struct lock *lock,
			struct source_files *files)
{
	for (size_t i = 0; i < count; i++)
		TRY(list_one(&sources[i], host_arch, lock, files));
	return NULL;
}

void source_list_patches(const struct recipe *recipe, struct source_files *files)
{
	for (size_t i = 0; i < recipe->patch_count; i++) {
		const struct patch_ref *p = &recipe->patches[i];
		if (!p->url)
			continue;
		strs_take(&files->owned, path_url_base(p->url));
		add_file(files, (struct source_file){.name = files->owned.items[files->owned.count - 1],
						     .url = p->url,
						     .digest = p->sha256,
						     .size = p->size});
	}
}

static struct err *is_there(const struct home *home, const struct source_file *f, bool *ret_there)
{
	return f->digest ? cas_has(home, f->digest, ret_there) : source_git_there(home, f, ret_there);
}

static struct err *agrees(const struct home *home, const struct source_file *f, bool *ret_agrees)
{
	*ret_agrees = true;
	return f->digest ? cas_agrees(home, f->digest, f->sha512, f->size, ret_agrees) : NULL;
}

struct err *source_in_doubt(const struct home *home, const struct source_files *files, bool *ret_doubt)
{
	bool sure = true;
	for (size_t i = 0; i < files->count && sure; i++)
		TRY(agrees(home, &files->items[i], &sure));
	*ret_doubt = !sure;
	return NULL;
}

struct err *source_missing(const struct home *home, const struct source_files *files, size_t *ret_count,
			   int64_t *ret_bytes)
{
	*ret_count = 0;
	*ret_bytes = 0;
	for (size_t i = 0; i < files->count; i++) {
		bool there = false, sure = false, held = false;
		TRY(is_there(home, &files->items[i], &there));
		TRY(agrees(home, &files->items[i], &sure));
		TRY(signature_held(home, &files->items[i], &held));
		if (there && sure && held)
			continue;
		++*ret_count;
		*ret_bytes += !there && files->items[i].size > 0 ? files->items[i].size : 0;
	}
	return NULL;
}

int64_t source_bytes(const struct home *home, const struct source_files *files)
{
	int64_t sum = 0;
	for (size_t i = 0; i < files->count; i++) {
		AUTO_FREE char *path = files->items[i].digest ? cas_path(home, files->items[i].digest) : NULL;
		int64_t bytes = 0;
		if (path)
			err_free(file_size(path, &bytes)); /* for the display alone */
		sum += bytes > 0 ? bytes : 0;
	}
	return sum;
}

struct err *source_prove(const struct home *home, const struct source_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->items[i].digest)
			TRY(cas_prove(home, files->items[i].digest, files->items[i].name));
	return NULL;
}

void source_inputs(const struct source_files *files, struct json *inputs)
{
	struct json *list = js_array();
	const struct source *last = NULL;
	int64_t number = 0;
	for (size_t i = 0; i < files->count; i++) {
		const struct source_file *f = &files->items[i];
		AUTO_FREE char *url = mem_strndup(f->url, strcspn(f->url, "#"));
		struct json *item = js_object();
		js_set_text(item, "name", f->digest ? f->name : url);
		js_set_text(item, f->digest ? "digest" : "commit", f->digest ? f->digest : source_git_commit(f->url));
		if (f->source) {
			number += f->source != last;
			js_set_int(item, "source", number);
		}
		last = f->source;
		js_add(list, item);
	}
	js_set(inputs, "file", list);
}

struct err *source_ask(const struct home *home, const struct source *s, enum arch host_arch, struct sink *sink,
		       struct lock_entry *ret_entry)
{
	AUTO_FREE char *reference = source_reference(s, host_arch);
	struct err *e = NULL;
	if (s->url)
		e = source_git_resolve(s, ret_entry);
	else if (s->debian_source)
		e = debian_resolve_source(s->debian_source, s->suite, home->apt, sink, ret_entry);
	else
		e = debian_resolve_package(s->debian_package, s->suite, package_arch(s, host_arch), home->apt, sink,
					   ret_entry);
	if (e)
		return err_wrap(e, "cannot resolve '%s'", reference);
	free(ret_entry->reference);
	ret_entry->reference = TAKE(reference);
	return NULL;
}

struct err *source_resolve(const struct home *home, const struct source *sources, size_t count, enum arch host_arch,
			   struct lock *lock, struct sink *sink)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *reference = source_reference(&sources[i], host_arch);
		if (!reference || lock_find(lock, reference))
			continue;
		AUTO(lock_entry) entry = {.reference = NULL};
		TRY(source_ask(home, &sources[i], host_arch, sink, &entry));
		TRY(lock_put(lock, &entry));
		event_note(sink, "resolve", "%s is %s", reference, entry.version ? entry.version : "pinned");
	}
	return NULL;
}

struct err *source_resolve_build(const struct home *home, const struct recipe_target *target, const struct strs *roots,
				 struct lock *lock, struct sink *sink, struct recipe **recipe)
{
	struct recipe *old = *recipe;
	struct recipe *r = NULL;
	TRY(source_resolve(home, old->sources, 1, target->arch, lock, sink));
	TRY(source_load(old->path, target, roots, lock, /* entry= */ NULL, &r));
	*recipe = r;
	recipe_free(old);
	return source_resolve(home, r->sources, r->source_count, target->arch, lock, sink);
}

/* Requests for what is missing, with real URLs. */
struct requests {
	struct fetch_request *items;
	size_t count;
	struct strs owned;
	struct strs debian; /* URLs of the host's Debian mirror */
};

static void requests_done(struct requests *r)
{
	free(r->items);
	strs_done(&r->owned);
	strs_done(&r->debian);
}

static const char *const *mirrors_of(const struct source_file *f)
{
	return f->source && f->source->url ? (const char *const *)f->source->mirrors.items : NULL;
}

/* Without its real URL, and where to put it. */
static struct fetch_request request_of(const struct source_file *f)
{
	bool is_sha512 = f->digest && digest_kind_of(f->digest) == DIGEST_SHA512;
	return (struct fetch_request){.url = f->url,
				      .mirrors = mirrors_of(f),
				      .sha256 = is_sha512 ? NULL : f->digest,
				      .sha512 = is_sha512 ? f->digest : f->sha512,
				      .size = f->size,
				      .allow_http = true,
				      .read_only = true};
}

static bool has_request(const struct requests *r, const char *target)
{
	for (size_t i = 0; i < r->count; i++)
		if (streq(r->items[i].target, target))
			return true;
	return false;
}

static struct err *add_request(const struct home *home, const struct source_file *f, const char *step,
			       struct requests *r)
{
	AUTO_FREE char *target = cas_path(home, f->digest);
	if (has_request(r, target))
		return NULL; /* two names, one content */
	char *url = NULL;
	if (debian_is_url(f->url)) {
		TRY(debian_expand_url(f->url, &url));
		strs_add(&r->debian, url);
	} else {
		url = mem_strdup(f->url);
	}
	strs_take(&r->owned, url);
	struct fetch_request *item = &r->items[r->count++];
	*item = request_of(f);
	item->url = url;
	item->step = step;
	item->target = target;
	strs_take(&r->owned, TAKE(target));
	return NULL;
}

/* The error is of one file, the first: it is named in it. */
static struct err *explain_gone(const struct requests *r, struct err *take_e)
{
	for (size_t i = 0; i < r->debian.count; i++)
		if (strstr(take_e->message, r->debian.items[i]))
			return debian_explain_gone(take_e);
	return take_e;
}

struct err *source_out_of_reach(const struct home *home, const struct source_files *files, struct strs *lines)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct source_file *f = &files->items[i];
		struct fetch_request r = request_of(f);
		bool there = false;
		AUTO_FREE char *real = NULL;
		AUTO_FREE char *shown = fetch_url_shown(f->url);
		struct source_file bytes = *f;
		bytes.source = NULL; /* a tag that was not seen yet is no reason not to begin */
		TRY(is_there(home, &bytes, &there));
		if (there)
			continue;
		r.unverified = !f->digest;
		if (!f->digest)
			r.url = f->url + strlen("git:");
		if (debian_is_url(f->url)) {
			TRY(debian_expand_url(f->url, &real));
			r.url = real;
		}
		AUTO_FREE char *line = mem_printf("%s  %s", f->digest ? f->digest : source_git_commit(f->url), shown);
		if (fetch_out_of_reach(&r) && !strs_has(lines, line))
			strs_add(lines, line);
	}
	return NULL;
}

static struct err *fetch_files(const struct home *home, const struct requests *r, struct sink *sink)
{
	struct err *e = r->count ? fetch_run(r->items, r->count, /* deadline_ms= */ 0, sink) : NULL;
	bool all_hold = !e;
	/* What arrived counts, also when another file did not. */
	for (size_t i = 0; i < r->count; i++) {
		const struct fetch_request *item = &r->items[i];
		bool there = false;
		e = err_first(e, file_exists(item->target, &there));
		if (there)
			e = err_first(e, cas_seal(home, path_base(item->target), all_hold ? item->sha512 : NULL));
	}
	return e ? explain_gone(r, e) : NULL;
}

/* What is said of the bytes besides the digest that names them: also of those that were here before. */
static struct err *check_file(const struct home *home, const struct source_file *f, const char *step, struct sink *sink)
{
	struct err *e = cas_compare(home, f->digest, f->sha512, f->size);
	if (!e)
		return signature_check(home, f, step, sink);
	AUTO_FREE char *shown = fetch_url_shown(f->url);
	return err_wrap(e, "cannot fetch '%s'", shown);
}

struct err *source_fetch(const struct home *home, const struct source_files *files, const char *step, struct sink *sink)
{
	AUTO(requests) r = {.items = mem_array(files->count, sizeof(*r.items))};
	for (size_t i = 0; i < files->count; i++) {
		const struct source_file *f = &files->items[i];
		bool there = !f->digest;
		if (f->digest)
			TRY(cas_has(home, f->digest, &there));
		if (there)
			continue;
		TRY(cas_make_room(home, f->digest));
		TRY(add_request(home, f, step, &r));
	}
	struct source_gits *gits = source_gits_begin(home, files, step, sink);
	struct err *e = fetch_files(home, &r, source_gits_beside(gits));
	e = err_first(e, source_gits_end(gits));
	for (size_t i = 0; i < files->count && !e; i++)
		if (files->items[i].digest)
			e = check_file(home, &files->items[i], step, sink);
	return e;
}

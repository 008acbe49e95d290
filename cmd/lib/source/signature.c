#include "source/signature.h"

#include "base/path.h"
#include "fmt/digest.h"
#include "net/fetch.h"
#include "source/openpgp.h"
#include "store/cas.h"
#include "sys/beneath.h"
#include "sys/file.h"
#include "sys/tick.h"

enum { SIGNATURE_MAX = 64 << 10, KEY_MAX = 4 << 20 };

static char *place(const struct home *home, const struct source_file *f, const char *ending)
{
	return mem_printf("%s/signatures/%s.%s", home->root, f->digest, ending);
}

/* The note of @f, or NULL; one that is of something else or by another key, or damaged, is none. */
static struct err *read_note(const struct home *home, const struct source_file *f, struct json **ret_note)
{
	AUTO_FREE char *path = place(home, f, "json");
	AUTO_JSON *note = NULL;
	*ret_note = NULL;
	struct err *e = js_read(path, &note);
	if (err_is(e, ERR_OS))
		return e;
	err_free(e); /* without a note the signature is checked again */
	const char *key = js_get_text(note, "key");
	if (key && streq(js_get_text(note, digest_kind_name(digest_kind_of(f->digest))), f->digest) &&
	    strs_has(f->signature_keys, key))
		*ret_note = TAKE(note);
	return NULL;
}

struct err *signature_held(const struct home *home, const struct source_file *f, bool *ret_held)
{
	AUTO_JSON *note = NULL;
	if (f->signature_url)
		TRY(read_note(home, f, &note));
	*ret_held = !f->signature_url || note;
	return NULL;
}

/* --- the key --- */

static struct err *no_key(const struct home *home, const struct source_file *f)
{
	AUTO_FREE char *keys = strs_join(f->signature_keys, " or ");
	return err_hint(err_new(ERR_CORRUPT, "signing key %s for '%s' not found", keys, f->name),
			"nothing was installed; get it from the project, compare the fingerprint, and put it at "
			"%s/keys/%s.asc (or give `key-url` and `key-sha256` in the recipe)",
			home->root, f->signature_keys->items[0]);
}

static struct err *fetch_key(const struct home *home, const struct source *s, const char *step, struct sink *sink)
{
	AUTO_FREE char *path = cas_path(home, s->signature_key_sha256);
	bool there = false;
	TRY(cas_has(home, s->signature_key_sha256, &there));
	if (there)
		return NULL;
	TRY(cas_make_room(home, s->signature_key_sha256));
	struct fetch_request r = {.url = s->signature_key_url,
				  .sha256 = s->signature_key_sha256,
				  .size = -1,
				  .max_size = KEY_MAX,
				  .target = path,
				  .step = step,
				  .read_only = true};
	struct err *e = fetch_run(&r, 1, /* deadline_ms= */ 0, sink);
	if (!e)
		return cas_seal(home, s->signature_key_sha256, /* sha512= */ NULL);
	e = err_wrap(e, "cannot fetch the key %s", s->signature_keys.items[0]);
	if (e->kind != ERR_CORRUPT)
		return e;
	return err_hint(e,
			"key servers hand out a renewed key in other bytes: compare its fingerprint, then put it at "
			"%s/keys/%s.asc",
			home->root, s->signature_keys.items[0]);
}

/* Files with those of the pinned keys that are here; what is beside the recipe goes before the user's own. */
static struct err *find_keys(const struct home *home, const struct source_file *f, const char *step, struct sink *sink,
			     struct strs *paths)
{
	const struct source *s = f->source;
	for (size_t i = 0; i < f->signature_keys->count; i++) {
		const char *key = f->signature_keys->items[i];
		AUTO_FREE char *name = mem_printf("recipes/keys/%s.asc", key);
		char *beside = NULL;
		AUTO_FREE char *own = mem_printf("%s/keys/%s.asc", home->root, key);
		struct err *e = beneath_path(s->root ? s->root : ".", name, &beside);
		if (e && !err_is(e, ERR_ABSENT))
			return e;
		err_free(e);
		bool is_own = false;
		if (beside)
			strs_take(paths, beside);
		else
			TRY(file_exists(own, &is_own));
		if (is_own)
			strs_take(paths, TAKE(own));
	}
	if (paths->count > 0)
		return NULL;
	if (!s->signature_key_url)
		return no_key(home, f);
	TRY(fetch_key(home, s, step, sink));
	strs_take(paths, cas_path(home, s->signature_key_sha256));
	return NULL;
}

/* --- the check --- */

static struct err *write_note(const struct home *home, const struct source_file *f, const char *signature_path,
			      const struct openpgp_signature *found)
{
	AUTO_FREE char *path = place(home, f, "json");
	AUTO(str) made = STR_INIT;
	char signature_hex[SHA256_HEX];
	TRY(digest_file(signature_path, signature_hex, NULL));
	str_add_utc(&made, found->made_s * 1000);
	AUTO_JSON *note = js_object();
	js_set_text(note, "file", f->name);
	js_set_text(note, digest_kind_name(digest_kind_of(f->digest)), f->digest);
	js_set_text(note, "key", found->key);
	js_set_text(note, "signer", found->signer);
	js_set_text(note, "made", str_text(&made));
	js_set_text(note, "signature_url", f->signature_url);
	js_set_text(note, "signature_sha256", signature_hex);
	js_set_now(note, "checked");
	return js_write(path, note, 0644);
}

/* One that did not hold is not kept: the next run asks the server again. */
static struct err *fetch_signature(const struct home *home, const struct source_file *f, const char *target,
				   const char *step, struct sink *sink)
{
	AUTO_FREE char *dir = path_join(home->root, "signatures");
	TRY(dir_make(dir, 0700));
	TRY(file_remove(target));
	struct fetch_request r = {.url = f->signature_url,
				  .size = -1,
				  .max_size = SIGNATURE_MAX,
				  .target = target,
				  .step = step,
				  .allow_local_http = true,
				  .unverified = true};
	struct err *e = fetch_run(&r, 1, /* deadline_ms= */ 0, sink);
	return e ? err_wrap(e, "cannot fetch the signature of '%s'", f->name) : NULL;
}

static struct err *check(const struct home *home, const struct source_file *f, const char *target, const char *step,
			 struct sink *sink)
{
	AUTO_FREE char *object = cas_path(home, f->digest);
	AUTO(strs) keys = STRS_INIT;
	struct openpgp_signature found;
	TRY(find_keys(home, f, step, sink, &keys));
	TRY(fetch_signature(home, f, target, step, sink));
	TRY(dir_make(home->build, 0700));
	struct openpgp_request r = {.file = object,
				    .signature = target,
				    .key_files = &keys,
				    .fingerprints = f->signature_keys,
				    .name = f->name,
				    .scratch = home->build};
	TRY(openpgp_verify(&r, &found));
	TRY(write_note(home, f, target, &found));
	event_note(sink, step, "%s is signed by %s", f->name, found.key);
	return NULL;
}

struct err *signature_check(const struct home *home, const struct source_file *f, const char *step, struct sink *sink)
{
	AUTO_FREE char *target = place(home, f, "sig");
	bool held = false;
	TRY(signature_held(home, f, &held));
	if (held)
		return NULL;
	struct err *e = check(home, f, target, step, sink);
	return e ? err_first(e, file_remove(target)) : NULL;
}

struct err *signature_receipts(const struct home *home, const struct source_files *files, struct json **ret_list)
{
	AUTO_JSON *list = js_array();
	for (size_t i = 0; i < files->count; i++) {
		if (!files->items[i].signature_url)
			continue;
		struct json *note = NULL;
		TRY(read_note(home, &files->items[i], &note));
		if (note)
			js_add(list, note);
	}
	*ret_list = TAKE(list);
	return NULL;
}

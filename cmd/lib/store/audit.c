#include "store/audit.h"

#include <string.h>

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "net/gitrepo.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

enum { RECEIPT_MAX = 64 << 20 };

void audit_done(struct audit *a)
{
	strs_done(&a->damaged);
	strs_done(&a->reasons);
	strs_done(&a->spoiled);
	strs_done(&a->unreadable);
}

static void condemn(struct audit *a, const char *path, const char *why)
{
	strs_add(&a->damaged, path);
	strs_add(&a->reasons, why);
	strs_take(&a->spoiled, mem_strndup(path_base(path), STORE_KEY_SHOWN * 2));
}

/* From the last to the first: while something is there that was made of damage, so is what shows it. */
static struct err *drop_condemned(struct audit *a, struct sink *sink)
{
	for (size_t i = a->damaged.count; i-- > 0;) {
		TRY(tree_retract(a->damaged.items[i]));
		event_warn(sink, "verify", "'%s' %s: dropped", a->damaged.items[i], a->reasons.items[i]);
	}
	return NULL;
}

/* A disk's error, a permission: it may be whole, so it stays, and the others are read. */
static struct err *pass_over(struct audit *a, const char *path, struct err *take_e, struct sink *sink)
{
	if (err_is(take_e, ERR_CANCELED))
		return take_e;
	strs_add(&a->unreadable, path);
	event_warn(sink, "verify", "%s", take_e->message);
	err_free(take_e);
	return NULL;
}

static struct err *check_object(struct audit *a, const struct home *home, const char *hex, struct sink *sink)
{
	AUTO_FREE char *path = cas_path(home, hex);
	AUTO_FREE char *note = cas_note_path(home, hex);
	char found[DIGEST_HEX_MAX];
	int64_t size = 0;
	a->objects++;
	struct err *e = digest_file_as(digest_kind_of(hex), path, found, &size);
	if (e && !err_is(e, ERR_CORRUPT) && !err_is(e, ERR_ABSENT))
		return pass_over(a, path, e, sink);
	bool is_file = !e;
	err_free(e); /* a folder, a pipe, a link to nowhere */
	a->bytes += is_file ? size : 0;
	event_progress(sink, "verify", a->bytes, 0, "B");
	bool there = true;
	if (is_file && streq(found, hex)) {
		e = cas_has(home, hex, &there);             /* a note that does not fit is written anew, */
		return err_is(e, ERR_OS) ? err_free(e) : e; /* or another time: it is only faster with one */
	}
	TRY(tree_remove(note));
	condemn(a, path, is_file ? "does not match its digest" : "is not a file");
	return NULL;
}

/* Neither a note nor a part, and in the folder where it is looked for. */
static bool is_object(const struct home *home, const char *dir, const char *name)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_FREE char *place = digest_is(name) ? cas_path(home, name) : NULL;
	return place && streq(path, place);
}

static struct err *check_objects(struct audit *a, const struct home *home, struct sink *sink)
{
	AUTO(strs) dirs = STRS_INIT;
	TRY(cas_folders(home, &dirs));
	for (size_t i = 0; i < dirs.count; i++) {
		AUTO(strs) names = STRS_INIT;
		struct err *e = dir_list(dirs.items[i], &names);
		if (e)
			TRY(pass_over(a, dirs.items[i], e, sink));
		for (size_t j = 0; j < names.count; j++)
			if (is_object(home, dirs.items[i], names.items[j]))
				TRY(check_object(a, home, names.items[j], sink));
	}
	return NULL;
}

static struct err *check_repositories(struct audit *a, const struct home *home, struct sink *sink)
{
	AUTO_FREE char *top = path_join(home->root, "git");
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(top, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(top, names.items[i]);
		int64_t bytes = 0;
		if (!str_ends(path, ".git") || names.items[i][0] == '.')
			continue; /* its lock; what was half removed */
		a->repositories++;
		struct err *e = gitrepo_check(path, &bytes);
		if (e && !err_is(e, ERR_CORRUPT)) {
			TRY(pass_over(a, path, e, sink));
			continue;
		}
		a->bytes += bytes;
		event_progress(sink, "verify", a->bytes, 0, "B");
		if (e)
			condemn(a, path, "has a damaged object");
		err_free(e);
	}
	return NULL;
}

/* What is wrong with the result at @path; NULL = nothing. */
static struct err *judge_result(struct audit *a, const char *path, const char **ret_why)
{
	AUTO_FREE char *receipt_path = path_join(path, STORE_RECEIPT);
	AUTO_JSON *receipt = NULL;
	char found[SHA256_HEX];
	bool is_folder = false;
	TRY(dir_exists(path, &is_folder));
	*ret_why = is_folder ? "has no readable receipt" : "is no result";
	struct err *e = is_folder ? js_read(receipt_path, &receipt) : NULL;
	if (e || !is_folder)
		return err_is(e, ERR_OS) ? e : err_free(e);
	const char *key = js_get_text(receipt, "key");
	const char *digest = js_get_text(receipt, "digest");
	*ret_why = "has the receipt of another result";
	if (!key || strncmp(key, path_base(path), STORE_KEY_SHOWN * 2) != 0)
		return NULL;
	a->unknown += !digest;
	*ret_why = NULL;
	if (!digest)
		return NULL;
	e = tree_digest_without(path, STORE_RECEIPT, found);
	if (err_is(e, ERR_CANCELED) || err_is(e, ERR_OS))
		return e;
	*ret_why = !e && streq(found, digest) ? NULL : "does not match its receipt";
	return err_free(e); /* something that no result holds: damage like any other */
}

static struct err *check_result(struct audit *a, const char *path, struct sink *sink)
{
	const char *why = NULL;
	a->results++;
	struct err *e = judge_result(a, path, &why);
	if (e)
		return pass_over(a, path, e, sink);
	if (why)
		condemn(a, path, why);
	return NULL;
}

static struct err *check_results(struct audit *a, const struct home *home, struct sink *sink)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(home->store, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->store, names.items[i]);
		TRY(cancel_check());
		if (store_is_result(names.items[i])) /* nor a stage, nor what somebody put there */
			TRY(check_result(a, path, sink));
	}
	return NULL;
}

/* Whether the receipt at @path names something that was dropped: it may have been damaged already when it was used. */
static struct err *is_spoiled(const struct audit *a, const char *path, const char *own, bool *ret_spoiled)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	*ret_spoiled = false;
	struct err *e = file_read(path, RECEIPT_MAX, &text, &size);
	for (size_t i = 0; !e && i < a->spoiled.count && !*ret_spoiled; i++) {
		const char *id = a->spoiled.items[i];
		*ret_spoiled = strlen(id) == STORE_KEY_SHOWN * 2 && !str_starts(own, id) && strstr(text, id);
	}
	return err_is(e, ERR_ABSENT) ? err_free(e) : e;
}

/* Results that were made of dropped ones, and results made of those. */
static struct err *condemn_spoiled_results(struct audit *a, const struct home *home)
{
	size_t before;
	do {
		AUTO(strs) names = STRS_INIT;
		before = a->damaged.count;
		TRY(dir_list(home->store, &names));
		for (size_t i = 0; i < names.count; i++) {
			AUTO_FREE char *path = path_join(home->store, names.items[i]);
			AUTO_FREE char *receipt = path_join(path, STORE_RECEIPT);
			bool spoiled = false;
			if (!store_is_result(names.items[i]) || strs_has(&a->unreadable, path) ||
			    strs_has(&a->damaged, path))
				continue;
			TRY(is_spoiled(a, receipt, names.items[i], &spoiled));
			if (spoiled)
				condemn(a, path, "was made of something damaged");
		}
	} while (a->damaged.count > before);
	return NULL;
}

/* Source trees likewise: without its stamp one is unpacked again. */
static struct err *drop_spoiled_trees(struct audit *a, const struct home *home, struct sink *sink)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(home->build, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *receipt = mem_printf("%s/%s/src.receipt.json", home->build, names.items[i]);
		AUTO_FREE char *stamp = mem_printf("%s/%s/src.key", home->build, names.items[i]);
		bool spoiled = false, there = false, is_folder = false;
		AUTO_FREE char *dir = path_join(home->build, names.items[i]);
		TRY(dir_exists(dir, &is_folder));
		if (!is_folder)
			continue;
		TRY(is_spoiled(a, receipt, /* own= */ "", &spoiled));
		TRY(file_lstat(stamp, &there, NULL));
		if (!spoiled || !there)
			continue;
		TRY(file_revoke(stamp));
		event_warn(sink, "verify",
			   "the source tree of '%s' was made of something damaged: it will be made again",
			   names.items[i]);
	}
	return NULL;
}

struct err *audit_run(const struct home *home, struct sink *sink, struct audit *ret_audit)
{
	TRY(check_objects(ret_audit, home, sink));
	TRY(check_repositories(ret_audit, home, sink));
	TRY(check_results(ret_audit, home, sink));
	if (!ret_audit->spoiled.count)
		return NULL;
	TRY(condemn_spoiled_results(ret_audit, home));
	TRY(drop_spoiled_trees(ret_audit, home, sink));
	return drop_condemned(ret_audit, sink);
}

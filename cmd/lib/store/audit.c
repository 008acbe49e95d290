#include "store/audit.h"

#include "base/cancel.h"
#include "base/path.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "net/gitrepo.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/file.h"
#include "tree/tree_digest.h"

void audit_done(struct audit *a)
{
	strs_done(&a->damaged);
	strs_done(&a->unreadable);
}

static struct err *drop(struct audit *a, const char *path, const char *why, struct sink *sink)
{
	TRY(tree_remove(path));
	strs_add(&a->damaged, path);
	event_warn(sink, "verify", "'%s' %s: dropped", path, why);
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
	if (e)
		return pass_over(a, path, e, sink);
	a->bytes += size;
	event_progress(sink, "verify", a->bytes, 0, "B");
	bool there = true;
	if (streq(found, hex))
		return cas_has(home, hex, &there); /* a note that does not fit is written anew */
	TRY(file_remove(note));
	return drop(a, path, "does not match its digest", sink);
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
		if (!str_ends(path, ".git"))
			continue; /* its lock */
		a->repositories++;
		struct err *e = gitrepo_check(path, &bytes);
		if (e && !err_is(e, ERR_CORRUPT)) {
			TRY(pass_over(a, path, e, sink));
			continue;
		}
		a->bytes += bytes;
		event_progress(sink, "verify", a->bytes, 0, "B");
		if (e)
			TRY(drop(a, path, "has a damaged object", sink));
		err_free(e);
	}
	return NULL;
}

static struct err *check_result(struct audit *a, const char *path, struct sink *sink)
{
	AUTO_FREE char *receipt_path = path_join(path, STORE_RECEIPT);
	AUTO_JSON *receipt = NULL;
	char found[SHA256_HEX];
	struct err *e = js_read(receipt_path, &receipt);
	a->results++;
	if (err_is(e, ERR_OS))
		return pass_over(a, path, e, sink);
	if (e) {
		err_free(e);
		return drop(a, path, "has no readable receipt", sink);
	}
	const char *digest = js_get_text(receipt, "digest");
	if (!digest) {
		a->unknown++;
		return NULL;
	}
	e = tree_digest_without(path, STORE_RECEIPT, found);
	if (err_is(e, ERR_CANCELED) || err_is(e, ERR_OS))
		return pass_over(a, path, e, sink);
	bool same = !e && streq(found, digest);
	err_free(e); /* something that no result holds: damage like any other */
	return same ? NULL : drop(a, path, "does not match its receipt", sink);
}

static struct err *check_results(struct audit *a, const struct home *home, struct sink *sink)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(home->store, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->store, names.items[i]);
		TRY(cancel_check());
		if (names.items[i][0] != '.') /* a stage is no result */
			TRY(check_result(a, path, sink));
	}
	return NULL;
}

struct err *audit_run(const struct home *home, struct sink *sink, struct audit *ret_audit)
{
	TRY(check_objects(ret_audit, home, sink));
	TRY(check_repositories(ret_audit, home, sink));
	return check_results(ret_audit, home, sink);
}

#include "store/gc.h"

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/map.h"
#include "base/path.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "store/cas.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/tick.h"

enum { ROOT_MAX = 64 << 20, ID = STORE_KEY_SHOWN * 2, DEPTH_MAX = 64, LISTS_KEPT_MS = 24 * 3600 * 1000 };

void gc_done(struct gc *gc)
{
	for (size_t i = 0; i < gc->count; i++)
		free(gc->items[i].path);
	free(gc->items);
	*gc = (struct gc){.items = NULL};
}

/* --- what is referred to: the first ID digits of every digest and key --- */

static void keep(struct map *live, const char *hex)
{
	static const char yes[] = "";
	AUTO_FREE char *id = mem_strndup(hex, ID);
	if (!map_has(live, id))
		map_put(live, id, (void *)(uintptr_t)yes);
}

static bool is_live(const struct map *live, const char *name)
{
	AUTO_FREE char *id = mem_strndup(name, ID);
	return map_has(live, id);
}

/* "git:URL#COMMIT" keeps the copy of that repository, which is named by the digest of the URL. */
static void keep_git(struct map *live, const char *url)
{
	char hex[SHA256_HEX];
	digest_bytes(url, strcspn(url, "#\""), hex);
	keep(live, hex);
}

static void keep_text(struct map *live, const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strspn(p, "0123456789abcdef");
		if (n >= ID)
			keep(live, p);
		if (n == 0 && str_starts(p, "git:"))
			keep_git(live, p + strlen("git:"));
		p += n ? n : 1;
	}
}

static struct err *keep_file(struct map *live, const char *path)
{
	AUTO_FREE char *text = NULL;
	size_t size = 0;
	struct err *e = file_read(path, ROOT_MAX, &text, &size);
	bool there = false;
	if (err_is(e, ERR_ABSENT)) { /* gone, or never there; not a link to where nothing is now */
		err_free(e);
		e = file_lstat(path, &there, NULL);
		if (!e && there)
			e = err_new(ERR_ABSENT, "'%s' leads to nothing", path);
	}
	if (e)
		return err_hint(err_wrap(e, "cannot determine what is in use"),
				"nothing was removed; put '%s' right, or remove it if nothing needs what it names",
				path);
	if (!text)
		return NULL;
	keep_text(live, text);
	return NULL;
}

/* A record holds the inputs of each step; its key is made of them. */
static struct err *keep_record(struct map *live, const char *path)
{
	AUTO_JSON *record = NULL;
	struct err *e = js_read(path, &record);
	if (e)
		return err_hint(err_wrap(e, "cannot determine what is in use"),
				"remove '%s'; the next `up` writes it again", path);
	for (struct js_member m = {.of = record}; js_next(&m);) {
		char key[SHA256_HEX];
		key_of(m.value, key);
		keep(live, key);
	}
	return keep_file(live, path);
}

static struct err *keep_machine(struct map *live, const char *dir, int depth)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		bool is_folder = false;
		struct err *e = dir_exists(path, &is_folder);
		if (e)
			return err_wrap(e, "cannot determine what is in use");
		if (str_ends(path, ".json"))
			TRY(keep_file(live, path));
		else if (is_folder && depth > 1)
			TRY(keep_machine(live, path, depth - 1));
	}
	return NULL;
}

static struct err *find_roots(const struct home *home, const struct strs *locks, struct map *live)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(home->root, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->root, names.items[i]);
		if (str_ends(path, ".record"))
			TRY(keep_record(live, path));
		if (streq(names.items[i], "cooper.lock"))
			TRY(keep_file(live, path));
	}
	for (size_t i = 0; i < locks->count; i++)
		TRY(keep_file(live, locks->items[i]));
	return keep_machine(live, home->machines, /* depth= */ 4);
}

/* --- what is there --- */

static struct err *disk_use(const char *path, int64_t *bytes, int depth)
{
	struct stat st = {.st_mode = 0};
	bool there = false;
	AUTO(strs) names = STRS_INIT;
	TRY(file_lstat(path, &there, &st));
	*bytes += (int64_t)st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode) || depth == 0)
		return cancel_check();
	TRY(dir_list(path, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *below = path_join(path, names.items[i]);
		TRY(disk_use(below, bytes, depth - 1));
	}
	return NULL;
}

struct err *gc_add(struct gc *gc, const char *path)
{
	int64_t bytes = 0;
	TRY(disk_use(path, &bytes, DEPTH_MAX));
	gc->items = mem_grow(gc->items, &gc->cap, gc->count + 1, sizeof(*gc->items));
	gc->items[gc->count++] = (struct gc_item){mem_strdup(path), bytes};
	gc->bytes += bytes;
	return NULL;
}

/* Results; stages of runs that ended in between go as well. Receipts of those that stay are roots, too. */
static struct err *look_at_results(const struct home *home, struct map *live, struct gc *gc)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(home->store, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->store, names.items[i]);
		AUTO_FREE char *receipt = path_join(path, STORE_RECEIPT);
		bool dead = false;
		TRY(file_temp_dead(path, &dead));
		if (is_live(live, names.items[i]))
			TRY(keep_file(live, receipt));
		else if (names.items[i][0] == '.' || dead || store_is_result(names.items[i])) /* else somebody put it there */
			TRY(gc_add(gc, path));
	}
	return NULL;
}

static bool begins_with_id(const char *name)
{
	return strspn(name, "0123456789abcdef") >= ID;
}

/* Of what was half removed. */
static bool is_gone(const char *name)
{
	return str_starts(name, TREE_GONE);
}

/* What a process that was ended has left half-written or half removed in @dir, and in folders below down to @depth. */
static struct err *look_at_temps(const char *dir, int depth, struct gc *gc)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		bool dead = false, is_folder = false;
		struct stat st = {.st_mode = 0};
		TRY(file_temp_dead(path, &dead));
		dead = dead || is_gone(names.items[i]);
		if (dead)
			TRY(gc_add(gc, path));
		TRY(file_lstat(path, &is_folder, &st));
		if (!dead && S_ISDIR(st.st_mode) && depth > 1)
			TRY(look_at_temps(path, depth - 1, gc));
	}
	return NULL;
}

/* The same beside a lock, in the user's own folder: nothing else there is ours. */
static struct err *look_beside_lock(const char *lock, struct gc *gc)
{
	AUTO(strs) names = STRS_INIT;
	AUTO_FREE char *dir = path_dir(lock);
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		bool dead = false;
		if (str_starts(names.items[i], path_base(lock)))
			TRY(file_temp_dead(path, &dead));
		if (dead)
			TRY(gc_add(gc, path));
	}
	return NULL;
}

/* What a build that failed or was cut short left beside its source tree: the next one begins without it. */
static struct err *look_at_build(const char *dir, struct gc *gc)
{
	static const char *const kept[] = {"src", "src.key", "src.receipt.json"};
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		bool stays = false;
		for (size_t k = 0; k < ARRAY_LEN(kept); k++)
			stays = stays || streq(names.items[i], kept[k]);
		if (!stays)
			TRY(gc_add(gc, path));
	}
	return NULL;
}

/* The trees that builds work in: one is kept while a result or a record names the sources that it was unpacked from. */
static struct err *look_at_builds(const struct home *home, const struct map *live, struct gc *gc)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(home->build, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->build, names.items[i]);
		AUTO_FREE char *stamp = path_join(path, "src.key");
		AUTO_FREE char *key = NULL;
		bool is_folder = false;
		TRY(dir_exists(path, &is_folder));
		struct err *e = is_folder ? file_read(stamp, SHA256_HEX, &key, NULL) : NULL;
		if (e && !err_is(e, ERR_ABSENT))
			return err_wrap(e, "cannot determine what is in use");
		err_free(e);
		bool stays = streq(names.items[i], HOME_CACHE_TAG) || (key && is_live(live, key) && !is_gone(names.items[i]));
		if (!stays)
			TRY(gc_add(gc, path));
		else if (is_folder)
			TRY(look_at_build(path, gc));
	}
	return NULL;
}

/* Package lists that are read anew before they are used again anyway. */
static struct err *look_at_lists(const struct home *home, struct gc *gc)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(home->apt, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->apt, names.items[i]);
		AUTO_FREE char *stamp = path_join(path, "stamp");
		AUTO_FREE char *lock = path_join(path, "lock");
		struct stat st = {.st_mode = 0};
		bool is_folder = false, there = false, held = false;
		TRY(dir_exists(path, &is_folder));
		if (is_folder)
			TRY(file_stat(stamp, &there, &st));
		if (is_folder)
			TRY(lock_held(lock, &held, NULL));
		int64_t age_ms = there ? tick_wall_ms() - file_mtime_ns(&st) / 1000000 : LISTS_KEPT_MS + 1;
		bool is_tag = streq(names.items[i], HOME_CACHE_TAG);
		if (!is_tag && !held && (age_ms > LISTS_KEPT_MS || age_ms < 0))
			TRY(gc_add(gc, path));
	}
	return NULL;
}

/* Files and folders of @dir that are named by a digest, whatever their ending: notes, parts, locks. */
static struct err *look_at(const char *dir, const struct map *live, struct gc *gc)
{
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(dir, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);
		bool dead = false;
		TRY(file_temp_dead(path, &dead));
		if (dead || is_gone(names.items[i]) ||
		    (begins_with_id(names.items[i]) && !is_live(live, names.items[i])))
			TRY(gc_add(gc, path));
	}
	return NULL;
}

static struct err *look_at_objects(const struct home *home, const struct map *live, struct gc *gc)
{
	AUTO(strs) dirs = STRS_INIT;
	TRY(cas_folders(home, &dirs));
	for (size_t i = 0; i < dirs.count; i++)
		TRY(look_at(dirs.items[i], live, gc));
	return NULL;
}

static struct err *find(const struct home *home, const struct strs *locks, struct map *live, struct gc *gc)
{
	AUTO_FREE char *signatures = path_join(home->root, "signatures");
	AUTO_FREE char *git = path_join(home->root, "git");
	AUTO_FREE char *disks = path_join(home->root, "disks");
	TRY(find_roots(home, locks, live));
	TRY(look_at_results(home, live, gc));
	TRY(look_at_objects(home, live, gc));
	TRY(look_at(signatures, live, gc));
	TRY(look_at(git, live, gc));
	TRY(look_at_builds(home, live, gc));
	TRY(look_at_lists(home, gc));
	for (size_t i = 0; i < locks->count; i++)
		TRY(look_beside_lock(locks->items[i], gc));
	TRY(look_at_temps(home->root, /* depth= */ 1, gc));
	TRY(look_at_temps(home->cas, /* depth= */ 1, gc));
	TRY(look_at_temps(disks, /* depth= */ 2, gc));
	return look_at_temps(home->machines, /* depth= */ 4, gc);
}

struct err *gc_find(const struct home *home, const struct strs *locks, struct gc *ret_gc)
{
	struct map live = {.entries = NULL};
	struct gc gc = {.items = NULL};
	struct err *e = find(home, locks, &live, &gc);
	map_done(&live);
	if (e)
		gc_done(&gc);
	else
		*ret_gc = gc;
	return e;
}

void gc_left_records(const struct home *home, struct strs *records_and_stacks)
{
	AUTO(strs) names = STRS_INIT;
	err_free(dir_list(home->root, &names));
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *path = path_join(home->root, names.items[i]);
		AUTO_JSON *record = NULL;
		bool is_there = true;
		if (str_ends(path, ".record"))
			err_free(js_read(path, &record));
		const char *stack = js_get_text(record, GC_RECORD_STACK);
		if (stack)
			err_free(file_exists(stack, &is_there));
		if (is_there)
			continue;
		strs_add(records_and_stacks, path);
		strs_add(records_and_stacks, stack);
	}
}

struct err *gc_remove(const struct gc *gc, struct sink *sink)
{
	int64_t done = 0;
	for (size_t i = 0; i < gc->count; i++) {
		TRY(cancel_check());
		TRY(tree_retract(gc->items[i].path));
		done += gc->items[i].bytes;
		event_progress(sink, "gc", done, gc->bytes, "B");
	}
	return NULL;
}

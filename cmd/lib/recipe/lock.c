#include "recipe/lock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/path.h"
#include "fmt/digest.h"
#include "recipe/lock_file.h"

enum { LOCK_FORMAT = 1 };

/* Entries live in the arena until the end: what lock_find() lent stays valid when an entry is replaced. */
struct lock {
	char *path;
	char *place; /* the file that it led to when it was opened */
	pthread_mutex_t mutex;
	struct map entries; /* reference -> struct lock_entry */
	struct arena *arena;
};

void lock_entry_done(struct lock_entry *entry)
{
	for (size_t i = 0; i < entry->file_count; i++) {
		free(entry->files[i].name);
		free(entry->files[i].url);
		free(entry->files[i].sha256);
		free(entry->files[i].uncompressed_sha256);
		free(entry->files[i].signature);
	}
	free(entry->files);
	free(entry->reference);
	free(entry->version);
	*entry = (struct lock_entry){.reference = NULL};
}

static struct err *bad(const char *path, const char *reference, const char *what)
{
	return err_hint(err_new(ERR_CORRUPT, "the lock '%s' is damaged: entry '%s' %s", path, reference, what),
			"restore it from version control, or remove it to resolve everything again");
}

/* What is not known would be lost when the file is written. */
static struct err *check_keys(const char *path, const struct json *object, const char *const *known,
			      const char *reference)
{
	for (struct js_member m = {.of = object}; js_next(&m);) {
		size_t i = 0;
		while (known[i] && !streq(known[i], m.key))
			i++;
		if (known[i])
			continue;
		AUTO_FREE char *where = reference ? mem_printf(", in the entry '%s'", reference) : mem_strdup("");
		return err_hint(
			err_new(ERR_CORRUPT, "the lock '%s' has the unknown key '%s'%s", path, m.key, where),
			"correct it if it was written by hand; else another version of cooper wrote it: use that one, "
			"or remove the file to resolve everything again");
	}
	return NULL;
}

static struct err *read_file_entry(const char *path, const char *reference, const struct json *item,
				   struct arena *arena, struct lock_file *ret)
{
	const char *name = js_get_text(item, "name");
	const char *url = js_get_text(item, "url");
	const char *sha256 = js_get_text(item, "sha256");
	const char *inner = js_get_text(item, "uncompressed_sha256");
	int64_t size = js_get_int(item, "size", -1);
	static const char *const known[] = {"name", "url", "sha256", "size", "uncompressed_sha256", "signature", NULL};
	TRY(check_keys(path, item, known, reference));
	if (!name || !path_is_plain(name) || strchr(name, '/'))
		return bad(path, reference, "has a file without a plain name");
	if (!url || !strchr(url, ':'))
		return bad(path, reference, "has a file without a URL");
	bool by_commit = str_starts(url, "git:"); /* the URL ends in the commit's id */
	if (!by_commit && (!sha256 || !digest_valid(DIGEST_SHA256, sha256)))
		return bad(path, reference,
			   sha256 ? "has a SHA-256 that is not 64 lower-case hex digits"
				  : "has a file without a SHA-256");
	if (!by_commit && size < 0 && (js_get(item, "size") || !str_starts(reference, "channel:")))
		return bad(path, reference,
			   js_get(item, "size") ? "has a size that is no whole number of bytes"
						: "has a file without a size");
	if (inner && !digest_valid(DIGEST_SHA256, inner))
		return bad(path, reference, "has an inner digest that is not a SHA-256");
	*ret = (struct lock_file){.name = arena_strdup(arena, name),
				  .url = arena_strdup(arena, url),
				  .sha256 = arena_strdup(arena, sha256),
				  .size = size,
				  .uncompressed_sha256 = arena_strdup(arena, inner),
				  .signature = arena_strdup(arena, js_get_text(item, "signature"))};
	return NULL;
}

static struct err *read_entry(const char *path, const char *reference, const struct json *value, struct arena *arena,
			      struct lock_entry **ret)
{
	const char *version = js_get_text(value, "version");
	const struct json *files = js_get(value, "files");
	static const char *const known[] = {"version", "files", NULL};
	TRY(check_keys(path, value, known, reference));
	if (!version || !js_is_array(files) || js_count(files) == 0)
		return bad(path, reference, "has no version or no files");
	struct lock_entry *entry = arena_alloc(arena, sizeof(*entry));
	entry->reference = arena_strdup(arena, reference);
	entry->version = arena_strdup(arena, version);
	entry->files = arena_array(arena, js_count(files), sizeof(*entry->files));
	for (; entry->file_count < js_count(files); entry->file_count++)
		TRY(read_file_entry(path, reference, js_at(files, entry->file_count), arena,
				    &entry->files[entry->file_count]));
	*ret = entry;
	return NULL;
}

static struct err *check_format(const char *path, const struct json *root)
{
	static const char *const known[] = {"format", "entries", NULL};
	int64_t format = js_get_int(root, "format", 0);
	if (!js_is_object(root) || !js_get(root, "format"))
		return err_hint(err_new(ERR_CORRUPT, "the lock '%s' is no lock: it has no 'format'", path),
				"restore it from version control, or remove it to resolve everything again");
	AUTO_FREE char *said = js_canonical(js_get(root, "format"));
	if (format != LOCK_FORMAT)
		return err_hint(
			err_new(ERR_CORRUPT, "the lock '%s' is of format %s, and this cooper knows %d", path, said,
				LOCK_FORMAT),
			"it was written by another version of cooper; use that one, or remove the file to resolve "
			"everything again");
	if (!js_is_object(js_get(root, "entries")))
		return err_hint(err_new(ERR_CORRUPT, "the lock '%s' is damaged: it has no map of 'entries'", path),
				"restore it from version control, or remove it to resolve everything again");
	return check_keys(path, root, known, NULL);
}

/* Entries of the file at @path that @entries has not; a missing file has none. */
static struct err *read_entries(const char *path, struct arena *arena, struct map *entries)
{
	AUTO_JSON *root = NULL;
	TRY(lock_file_read(path, &root));
	if (!root)
		return NULL;
	TRY(check_format(path, root));
	for (struct js_member m = {.of = js_get(root, "entries")}; js_next(&m);) {
		struct lock_entry *entry = NULL;
		if (map_has(entries, m.key))
			continue;
		TRY(read_entry(path, m.key, m.value, arena, &entry));
		map_put(entries, m.key, entry);
	}
	return NULL;
}

struct err *lock_open(const char *path, struct lock **ret_lock)
{
	struct lock *lock = mem_alloc(sizeof(*lock));
	pthread_mutex_init(&lock->mutex, NULL);
	lock->path = mem_strdup(path);
	lock->arena = arena_new();
	struct err *e = lock_file_place(path, &lock->place);
	if (!e)
		e = read_entries(path, lock->arena, &lock->entries);
	if (e) {
		lock_free(lock);
		return e;
	}
	*ret_lock = lock;
	return NULL;
}

struct lock *lock_free(struct lock *lock)
{
	if (!lock)
		return NULL;
	map_done(&lock->entries);
	arena_free(lock->arena);
	pthread_mutex_destroy(&lock->mutex);
	free(lock->path);
	free(lock->place);
	free(lock);
	return NULL;
}

const struct lock_entry *lock_find(const struct lock *lock, const char *reference)
{
	/* the mutex guards a state that a const lock only lends */
	pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&lock->mutex;
	pthread_mutex_lock(mutex);
	const struct lock_entry *entry = map_get(&lock->entries, reference);
	pthread_mutex_unlock(mutex);
	return entry;
}

static struct json *entry_json(const struct lock_entry *entry)
{
	struct json *value = js_object();
	struct json *files = js_array();
	for (size_t i = 0; i < entry->file_count; i++) {
		const struct lock_file *f = &entry->files[i];
		struct json *file = js_object();
		js_set_text(file, "name", f->name);
		js_set_text(file, "url", f->url);
		if (f->sha256)
			js_set_text(file, "sha256", f->sha256);
		if (f->size >= 0)
			js_set_int(file, "size", f->size);
		if (f->uncompressed_sha256)
			js_set_text(file, "uncompressed_sha256", f->uncompressed_sha256);
		if (f->signature)
			js_set_text(file, "signature", f->signature);
		js_add(files, file);
	}
	js_set_text(value, "version", entry->version ? entry->version : "");
	js_set(value, "files", files);
	return value;
}

void lock_entry_digest(const struct lock_entry *entry, char ret_hex[65])
{
	AUTO_JSON *value = entry_json(entry);
	AUTO_FREE char *text = js_canonical(value);
	digest_bytes(text, strlen(text), ret_hex);
}

static struct err *write_entries(const struct lock *lock)
{
	const struct map *entries = &lock->entries;
	AUTO(strs) names = STRS_INIT;
	for (size_t i = 0; i < entries->count; i++)
		strs_add(&names, entries->entries[i].key);
	strs_sort(&names);
	AUTO_JSON *root = js_object();
	struct json *list = js_object();
	for (size_t i = 0; i < names.count; i++)
		js_set(list, names.items[i], entry_json(map_get(entries, names.items[i])));
	js_set_int(root, "format", LOCK_FORMAT);
	js_set(root, "entries", list);
	return lock_file_write(lock->path, lock->place, root);
}

static struct err *check_entry(const struct lock *lock, const struct lock_entry *entry)
{
	if (entry->file_count == 0)
		return bad(lock->path, entry->reference, "would have no files");
	for (size_t i = 0; i < entry->file_count; i++)
		if (!str_starts(entry->files[i].url, "git:") &&
		    (!entry->files[i].sha256 || !digest_valid(DIGEST_SHA256, entry->files[i].sha256)))
			return bad(lock->path, entry->reference, "would have a file without a SHA-256");
	return NULL;
}

/* A copy of @entry, as the file will have it. */
static struct err *put(struct lock *lock, const struct lock_entry *entry)
{
	AUTO_JSON *value = entry_json(entry);
	struct lock_entry *copy = NULL;
	TRY(read_entry(lock->path, entry->reference, value, lock->arena, &copy));
	copy->put_here = true;
	map_put(&lock->entries, entry->reference, copy);
	return NULL;
}

/* Another process may have added entries since the file was read: they are kept. */
struct err *lock_put_all(struct lock *lock, const struct lock_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		TRY(check_entry(lock, &entries[i]));
	pthread_mutex_lock(&lock->mutex);
	struct err *e = read_entries(lock->path, lock->arena, &lock->entries);
	for (size_t i = 0; i < count && !e; i++)
		e = put(lock, &entries[i]);
	if (!e)
		e = write_entries(lock);
	pthread_mutex_unlock(&lock->mutex);
	return e;
}

struct err *lock_put(struct lock *lock, const struct lock_entry *entry)
{
	return lock_put_all(lock, entry, 1);
}

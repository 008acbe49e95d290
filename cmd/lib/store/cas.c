#include "store/cas.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "fmt/json.h"
#include "sys/file.h"

enum { OBJECT_MODE = 0444 };

char *cas_path(const struct home *home, const char *digest)
{
	return mem_printf("%s/%s/%.2s/%s", home->cas, digest_kind_name(digest_kind_of(digest)), digest, digest);
}

char *cas_note_path(const struct home *home, const char *digest)
{
	AUTO_FREE char *path = cas_path(home, digest);
	return mem_printf("%s.json", path);
}

static struct err *add_folders(const struct home *home, enum digest_kind kind, struct strs *paths)
{
	AUTO_FREE char *top = path_join(home->cas, digest_kind_name(kind));
	AUTO(strs) names = STRS_INIT;
	TRY(dir_list(top, &names));
	for (size_t i = 0; i < names.count; i++)
		if (strlen(names.items[i]) == 2 && strspn(names.items[i], "0123456789abcdef") == 2)
			strs_take(paths, path_join(top, names.items[i]));
	return NULL;
}

struct err *cas_folders(const struct home *home, struct strs *paths)
{
	TRY(add_folders(home, DIGEST_SHA256, paths));
	return add_folders(home, DIGEST_SHA512, paths);
}

struct err *cas_make_room(const struct home *home, const char *digest)
{
	AUTO_FREE char *path = cas_path(home, digest);
	AUTO_FREE char *dir = path_dir(path);
	return dir_make(dir, 0700);
}

/* NULL when there is none, or a broken one. */
static struct json *read_note(const char *path)
{
	struct json *note = NULL;
	err_free(js_read(path, &note)); /* without a note the bytes are asked */
	return note;
}

/* A folder in the note's place: nothing can be renamed over it, and what notes say is found out again. */
static struct err *clear_note_place(const char *note_path)
{
	bool is_folder = false;
	TRY(dir_exists(note_path, &is_folder));
	return is_folder ? tree_remove(note_path) : NULL;
}

/* Also when the power goes: the note is written after it. A download has been so since it took its name. */
static struct err *make_read_only(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, OBJECT_MODE) != 0)
		return err_os(errno, "cannot seal '%s'", path);
	return file_sync(fd, path);
}

struct err *cas_seal(const struct home *home, const char *digest, const char *sha512)
{
	AUTO_FREE char *path = cas_path(home, digest);
	AUTO_FREE char *note_path = cas_note_path(home, digest);
	AUTO_JSON *old = read_note(note_path);
	struct stat st;
	if (!sha512)
		sha512 = js_get_text(old, "sha512"); /* the same name, the same bytes */
	bool there = false;
	TRY(clear_note_place(note_path));
	TRY(file_stat(path, &there, &st));
	if (!there)
		return err_new(ERR_ABSENT, "'%s' does not exist", path);
	if ((st.st_mode & 07777) != OBJECT_MODE)
		TRY(make_read_only(path));
	AUTO_JSON *note = js_object();
	js_set_int(note, "size", (int64_t)st.st_size);
	js_set_int(note, "mtime_ns", file_mtime_ns(&st));
	js_set_int(note, "inode", (int64_t)st.st_ino);
	if (sha512)
		js_set_text(note, "sha512", sha512);
	return js_write(note_path, note, 0444);
}

static bool note_holds(const char *note_path, const struct stat *st)
{
	AUTO_JSON *note = read_note(note_path);
	return note && js_get_int(note, "size", -1) == (int64_t)st->st_size &&
	       js_get_int(note, "mtime_ns", -1) == file_mtime_ns(st) &&
	       js_get_int(note, "inode", -1) == (int64_t)st->st_ino;
}

struct err *cas_has(const struct home *home, const char *digest, bool *ret_there)
{
	AUTO_FREE char *path = cas_path(home, digest);
	AUTO_FREE char *note_path = cas_note_path(home, digest);
	struct stat st;
	bool there = false;
	*ret_there = false;
	TRY(file_stat(path, &there, &st));
	if (!there)
		return NULL;
	if (!S_ISREG(st.st_mode))
		return err_hint(err_new(ERR_CORRUPT, "'%s' is %s where a download has to be", path,
					S_ISDIR(st.st_mode) ? "a folder" : "no regular file"),
				"`cooper verify --deep` drops it, and the next run fetches it again");
	if (note_holds(note_path, &st)) {
		*ret_there = true;
		return NULL;
	}
	char found[DIGEST_HEX_MAX];
	TRY(digest_file_as(digest_kind_of(digest), path, found, NULL));
	if (!streq(found, digest)) {
		TRY(file_remove(note_path));
		return file_remove(path);
	}
	*ret_there = true;
	return cas_seal(home, digest, /* sha512= */ NULL);
}

struct err *cas_agrees(const struct home *home, const char *digest, const char *sha512, int64_t size, bool *ret_agrees)
{
	AUTO_FREE char *path = cas_path(home, digest);
	int64_t found = -1;
	TRY(file_size(path, &found));
	*ret_agrees = found < 0 || size < 0 || found == size;
	if (found < 0 || !*ret_agrees || !sha512)
		return NULL;
	AUTO_FREE char *note_path = cas_note_path(home, digest);
	AUTO_JSON *note = read_note(note_path);
	*ret_agrees = streq(js_get_text(note, "sha512"), sha512);
	return NULL;
}

struct err *cas_compare(const struct home *home, const char *digest, const char *sha512, int64_t size)
{
	AUTO_FREE char *path = cas_path(home, digest);
	int64_t found = -1;
	bool agrees = false;
	char hex[DIGEST_HEX_MAX];
	TRY(file_size(path, &found));
	TRY(cas_agrees(home, digest, sha512, size, &agrees));
	if (agrees)
		return NULL;
	if (size >= 0 && found != size)
		return err_hint(err_new(ERR_CORRUPT, "size differs: expected %lld bytes, found %lld", (long long)size,
					(long long)found),
				"its digest is correct: check the size in the recipe, or in cooper.lock");
	TRY(digest_file_as(DIGEST_SHA512, path, hex, NULL));
	TRY(cas_seal(home, digest, hex));
	return streq(hex, sha512) ? NULL : digest_differs(DIGEST_SHA512, sha512, hex);
}

struct err *cas_prove(const struct home *home, const char *digest, const char *name)
{
	AUTO_FREE char *path = cas_path(home, digest);
	AUTO_FREE char *note_path = cas_note_path(home, digest);
	char found[DIGEST_HEX_MAX];
	TRY(digest_file_as(digest_kind_of(digest), path, found, NULL));
	if (streq(found, digest))
		return NULL;
	TRY(file_remove(note_path));
	TRY(file_remove(path));
	return err_hint(
		err_new(ERR_CORRUPT, "'%s' was damaged after it was verified: its bytes in '%s' changed", name, path),
		"it is removed, and the same command again fetches it; if that happens twice, check the disk");
}

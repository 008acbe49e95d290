/*
 * tree_writer.h - files, folders and links below one folder, never outside it
 *
 * Every folder on the way is opened by descriptor without following links, every file is created anew: a link in
 * the way is an error, never a detour. Names are taken once; two names that a Mac would take for one (utf8_fold()) are
 * refused everywhere. All times are set to one value and modes are 0755 or 0644 (under the umask), so that trees
 * from the same archive are the same. The tree's digest (tree_digest.h) comes for free.
 *
 * Paths are plain (path_is_plain()); the caller has applied archive_policy.h. The folders of the last entry stay
 * open, so that a file costs open, write, set time, close; all but the opening is done by threads for small files
 * (file_pool.h), and told by a later call when it fails.
 *
 *	struct tree_writer *w = tree_writer_new(fd, 0);
 *	TRY(tree_writer_file(w, "src/a.c", false));
 *	TRY(tree_writer_data(w, bytes, size, 0));
 *	TRY(tree_writer_file_end(w, size));
 *	TRY(tree_writer_finish(w, hex));
 *	tree_writer_free(w);
 */
#ifndef COOPER_TREE_TREE_WRITER_H
#define COOPER_TREE_TREE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/digest.h"

enum tree_kind { TREE_NOTHING, TREE_FILE, TREE_DIR, TREE_SYMLINK };

struct tree_writer;

/** tree_writer_new() - write below the open folder @dirfd (borrowed); @mtime in seconds since 1970 for everything */
struct tree_writer *tree_writer_new(int dirfd, int64_t mtime);
/** tree_writer_allow_collisions() - let names differ only by case or normalisation; before the first entry */
void tree_writer_allow_collisions(struct tree_writer *w);
struct tree_writer *tree_writer_free(struct tree_writer *w);

/** tree_writer_dir() - a folder and those above it; again is fine */
MUST_CHECK struct err *tree_writer_dir(struct tree_writer *w, const char *path);
/** tree_writer_file() - begin a new file; CORRUPT when the name is taken or collides */
MUST_CHECK struct err *tree_writer_file(struct tree_writer *w, const char *path, bool executable);
/** tree_writer_data() - bytes at @offset of the begun file, at or after the end of what came before (a hole) */
MUST_CHECK struct err *tree_writer_data(struct tree_writer *w, const void *data, size_t size, int64_t offset);
/** tree_writer_file_end() - close the begun file, @size bytes long (-1 = where the data ended) */
MUST_CHECK struct err *tree_writer_file_end(struct tree_writer *w, int64_t size);
MUST_CHECK struct err *tree_writer_symlink(struct tree_writer *w, const char *path, const char *target);
/** tree_writer_hardlink() - a second name for the file @target that this writer wrote; a copy where links cannot be */
MUST_CHECK struct err *tree_writer_hardlink(struct tree_writer *w, const char *path, const char *target);
/** tree_writer_count() - how many names there are by now, those of folders on the way included */
int64_t tree_writer_count(const struct tree_writer *w);
/** tree_writer_find() - what this writer wrote at @path; @ret_target: a link's target, borrowed */
enum tree_kind tree_writer_find(const struct tree_writer *w, const char *path, const char **ret_target);
/** tree_writer_finish() - set the folders' times; the digest of what was written */
MUST_CHECK struct err *tree_writer_finish(struct tree_writer *w, char ret_hex[SHA256_HEX]);

/** tree_open_below() - make and open the folder @path below @dirfd, following no link */
MUST_CHECK struct err *tree_open_below(int dirfd, const char *path, int *ret_fd);

#endif

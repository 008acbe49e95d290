/*
 * file.h - files that are whole or absent
 *
 * Written files appear by rename after a flush; directories are flushed after it. Names are opened with
 * O_CLOEXEC everywhere. tree_remove() walks by descriptor and never follows a link.
 */
#ifndef COOPER_SYS_FILE_H
#define COOPER_SYS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/** file_read() - whole file, at most @max bytes (more is ERR_CORRUPT); NUL added; ABSENT when missing. A folder, and a
 *  pipe or socket, which could keep us waiting for ever, is USAGE */
MUST_CHECK struct err *file_read(const char *path, size_t max, char **ret_data, size_t *ret_size);
/** fd_read_all() - the same of an open file, from where it stands, called @path in errors */
MUST_CHECK struct err *fd_read_all(int fd, const char *path, size_t max, char **ret_data, size_t *ret_size);
/** file_write() - replace @path atomically with @size bytes, @mode exactly, flushed with its directory */
MUST_CHECK struct err *file_write(const char *path, const void *data, size_t size, mode_t mode);
/** file_temp_open() - a new file beside @path, to read and write, under a name that nobody else uses: @path.tmp-<16 hex
 *  digits>. It is locked (flock) for as long as its writer lives */
MUST_CHECK struct err *file_temp_open(const char *path, char **ret_temp, int *ret_fd);
/** file_temp_commit() - make @temp the file @path, with @mode exactly and flushed; or, after @take_e, remove it.
 *  Returns @take_e or what failed */
MUST_CHECK struct err *file_temp_commit(int take_fd, const char *temp, const char *path, mode_t mode,
					struct err *take_e);
/** file_temp_commit_new() - the same, but nothing is replaced: USAGE when there is something at @path */
MUST_CHECK struct err *file_temp_commit_new(int take_fd, const char *temp, const char *path, mode_t mode,
					    struct err *take_e);
/** file_temp_dead() - whether @path has such a name, and nobody who could finish it lives */
MUST_CHECK struct err *file_temp_dead(const char *path, bool *ret_dead);
/** fd_read() - read() that goes on after a signal */
ssize_t fd_read(int fd, void *buffer, size_t size);
/** fd_pwrite() - pwrite() until all of it is out; false with errno */
bool fd_pwrite(int fd, const void *data, size_t size, int64_t offset);
/** file_write_all() - write() until all of it is out */
MUST_CHECK struct err *file_write_all(int fd, const void *data, size_t size, const char *name);
/** file_sync() - to the platter (F_FULLFSYNC on macOS) */
MUST_CHECK struct err *file_sync(int fd, const char *name);
/** dir_sync() - flush the names in a folder */
MUST_CHECK struct err *dir_sync(const char *path);
/** dir_make() - mkdir -p with @mode for each new level */
MUST_CHECK struct err *dir_make(const char *path, mode_t mode);
/** dir_missing() - append what dir_make() would make, outermost first */
MUST_CHECK struct err *dir_missing(const char *path, struct strs *missing);
/** file_rename() - rename and flush both directories */
MUST_CHECK struct err *file_rename(const char *from, const char *to);
/** file_link() - another name for the file @from, which must be new, flushed */
MUST_CHECK struct err *file_link(const char *from, const char *to);
/** file_remove() - unlink; missing is fine */
MUST_CHECK struct err *file_remove(const char *path);
/** file_revoke() - remove a stamp, and flush its folder: what it stood for may change from now on */
MUST_CHECK struct err *file_revoke(const char *path);
/** tree_remove() - remove @path whatever it is, read-only folders included; never into what is mounted below it;
 *  missing is fine */
MUST_CHECK struct err *tree_remove(const char *path);
/** tree_read_only() - take the write bits off everything below @path (and @path itself), and setuid and setgid */
MUST_CHECK struct err *tree_read_only(const char *path);
/** tree_sync() - flush every file and folder below @path, and @path itself; ABSENT when missing */
MUST_CHECK struct err *tree_sync(const char *path);
/**
 * tree_publish() - give a finished file or folder its name, whole or not at all, also when the power goes
 * @stage:  beside @path, on the same file system
 *
 * Flushes everything below @stage, renames it to @path, and flushes the folder. Whatever stands for the result (a
 * stamp, a record) is written after it. Every result is published through here or by file_write().
 */
MUST_CHECK struct err *tree_publish(const char *stage, const char *path);
/**
 * tree_retract() - the opposite of tree_publish(): @path loses its name at once and for good, then is removed
 *
 * What a kill or a disk's error leaves of a folder is named TREE_GONE and its name, and counts for nothing. Where there
 * is no room for another name it is removed under its own. Missing is fine.
 */
MUST_CHECK struct err *tree_retract(const char *path);
#define TREE_GONE ".gone-"
/** file_copy() - copy bytes and @mode, by clone or copy_file_range where possible; target appears whole */
MUST_CHECK struct err *file_copy(const char *from, const char *to, mode_t mode);
/**
 * file_stat() - what @path is, links followed; file_lstat() - the same of a link itself
 * @ret_there:  whether anything has that name
 * @ret_st:     written when there is something; may be NULL
 *
 * Only a name that does not exist is "not there". What could not be seen (a disk's error, a folder that may not be
 * entered, a file where a folder has to be, links in a circle) is an error: somebody will remove, fetch or make anew
 * what is said not to be there.
 */
MUST_CHECK struct err *file_stat(const char *path, bool *ret_there, struct stat *ret_st);
MUST_CHECK struct err *file_lstat(const char *path, bool *ret_there, struct stat *ret_st);
/** file_stat_optional() - file_stat() of somebody else's configuration, which may be anywhere or nowhere (/dev/null):
 *  below what is no folder there is none */
MUST_CHECK struct err *file_stat_optional(const char *path, bool *ret_there, struct stat *ret_st);
/** file_symlink() - a symbolic link @path to @target, which must be new */
MUST_CHECK struct err *file_symlink(const char *target, const char *path);
/** file_link_text() - what the link @path says, heap; NULL for what is no link, or not there */
MUST_CHECK struct err *file_link_text(const char *path, char **ret_text);
/** file_link_target() - where the link @path leads in the end, heap; NULL for what is no link, or leads nowhere */
MUST_CHECK struct err *file_link_target(const char *path, char **ret_target);
/** file_exists() - whether something other than a folder is there; dir_exists() - whether a folder is; as file_stat()
 */
MUST_CHECK struct err *file_exists(const char *path, bool *ret_there);
MUST_CHECK struct err *dir_exists(const char *path, bool *ret_there);
/** file_size() - size in bytes, -1 when missing; as file_stat() */
MUST_CHECK struct err *file_size(const char *path, int64_t *ret_bytes);
/** file_offered() - whether the host seems to have something other than a folder at @path. For the usual places of its
 *  programs, of which one that cannot be seen is as good as none; never for what is ours or the user's */
bool file_offered(const char *path);
/** file_permits() - NULL when we may do @mode (R_OK, W_OK, X_OK together) with what is there */
MUST_CHECK struct err *file_permits(const char *path, int mode);
/** file_absolute() - @path as seen from anywhere: the current folder before a relative one; heap */
char *file_absolute(const char *path);
/** dir_list() - names in @path without . and .., sorted; a missing directory gives none. A list that could not be read
 *  to its end is an error, never a short list */
MUST_CHECK struct err *dir_list(const char *path, struct strs *names);
/** dir_names() - the same for the open directory @fd, from its start, called @shown in errors */
MUST_CHECK struct err *dir_names(int fd, const char *shown, struct strs *names);
/** file_mtime_ns() - modification time in ns of a stat result (hides st_mtim against st_mtimespec) */
int64_t file_mtime_ns(const struct stat *st);

#endif

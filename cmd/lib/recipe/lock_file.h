/*
 * lock_file.h - the file behind cooper.lock: through a link, never in place of one, never in place of anything else
 *
 * A link to a file that several projects share is written through; what is no file, leads nowhere or is read-only is
 * refused with its reason: another file would come to be, and the shared one would be forgotten without a word.
 */
#ifndef COOPER_RECIPE_LOCK_FILE_H
#define COOPER_RECIPE_LOCK_FILE_H

#include "fmt/json.h"

/**
 * lock_file_place() - the file that @path leads to, itself where it is no link or does not exist yet
 *
 * Errors: USAGE (a folder; put there by another user), OS (a link that leads nowhere)
 */
MUST_CHECK struct err *lock_file_place(const char *path, char **ret_real);
/**
 * lock_file_read() - what is in it; NULL where it does not exist
 *
 * Errors: those of lock_file_place(), CORRUPT (no JSON; the conflict of a merge is called that)
 */
MUST_CHECK struct err *lock_file_read(const char *path, struct json **ret_root);
/**
 * lock_file_write() - replace it, keeping its mode
 * @place:  where it led when it was read: nothing else is written, wherever a link that came meanwhile leads
 *
 * Errors: those of lock_file_place(), USAGE (read-only; it leads elsewhere now), OS
 */
MUST_CHECK struct err *lock_file_write(const char *path, const char *place, const struct json *root);

#endif

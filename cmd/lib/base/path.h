/*
 * path.h - paths as text: joining, checking, matching; never touches the disk
 */
#ifndef COOPER_BASE_PATH_H
#define COOPER_BASE_PATH_H

#include <stdbool.h>

#include "base/str.h"

/** path_join() - @dir / @name as a heap string; an absolute @name wins */
char *path_join(const char *dir, const char *name);
/** path_dir() - the part before the last slash ("." without one), heap */
char *path_dir(const char *path);
/** path_base() - the part after the last slash; borrowed from @path */
const char *path_base(const char *path);
/** path_url_base() - the last part of a URL's path, without query and fragment, escapes as they are; heap */
char *path_url_base(const char *url);
/**
 * path_clean() - a relative path with ".", empty and "x/.." parts resolved, as a heap string
 *
 * Returns NULL when @path is absolute, empty after cleaning, or leads outside ("..").
 */
char *path_clean(const char *path);
/** path_is_plain() - relative, not empty, no "." or ".." or empty component */
bool path_is_plain(const char *path);
/**
 * path_part_is_git() - whether the component of @len bytes is git's own folder to some file system
 *
 * By letter case, by marks that HFS+ does not see, or by the short name of FAT. See: CVE-2014-9390
 */
bool path_part_is_git(const char *part, size_t len);
/**
 * glob_match() - whether @path matches @pattern
 *
 * '*' and '?' do not match '/', '**' does; a pattern that ends in '/' matches everything below that folder;
 * a pattern without any '/' matches the base name at any depth.
 */
bool glob_match(const char *pattern, const char *path);
/** glob_match_any() - glob_match() against each of @patterns */
bool glob_match_any(const struct strs *patterns, const char *path);

#endif

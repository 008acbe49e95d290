/*
 * home.h - where cooper keeps things: COOPER_HOME, else $XDG_DATA_HOME/cooper, else ~/.local/share/cooper
 *
 * Layout: cas/sha256/ab/<hex> (or sha512), store/<key>-<name>/, machines/<name>/, disks/all/<id>.qcow2,
 * build/<name>/ (in progress), apt/ (private apt state), log/, ccache/, git/, signatures/, keys/ (the user's), cooper.lock, accel.json,
 * compiler.json, up.lock, <stack>.<arch>[.<project>].record. Everything is 0700. A folder that holds other things is
 * not taken for a home.
 */
#ifndef COOPER_STORE_HOME_H
#define COOPER_STORE_HOME_H

#include "base/err.h"
#include "base/str.h"

/* In the folders that can be made again, for programs that make backups: https://bford.info/cachedir/ */
#define HOME_CACHE_TAG "CACHEDIR.TAG"

struct home {
	char *root;
	char *cas;
	char *store;
	char *machines;
	char *build;
	char *apt;
	char *log;
};

/**
 * home_open() - decide the place; makes nothing
 *
 * Errors: USAGE (no place is named; it, the way to it, or what a link in it leads to belongs to another user or can be
 * written by others: what is kept there is run), OS
 */
MUST_CHECK struct err *home_open(struct home *ret_home);
/** home_at() - the places below @root, an absolute path */
void home_at(const char *root, struct home *ret_home);
/** home_check() - USAGE for a folder that holds what is not cooper's, and nothing that shows that it was one */
MUST_CHECK struct err *home_check(const struct home *home);
/** home_make() - make the folders, and tell programs that make backups what they may leave out; idempotent; errors of
 *  home_open() and home_check() */
MUST_CHECK struct err *home_make(const struct home *home);
/**
 * home_remove() - remove what is cooper's, and the folder itself when nothing else is in it
 * @ret_left:  the name of something that was there and is not cooper's, and stays; NULL when all is gone; heap
 * @links:     gets each removed link, and then what it leads to, which stays
 *
 * Errors: those of home_check(), and then nothing was removed.
 */
MUST_CHECK struct err *home_remove(const struct home *home, char **ret_left, struct strs *links);
void home_done(struct home *home);

#endif

/*
 * home.h - where cooper keeps things: COOPER_HOME, else $XDG_DATA_HOME/cooper, else ~/.local/share/cooper
 *
 * Layout: cas/sha256/ab/<hex>, store/<key>-<name>/, machines/<name>/, build/<name>/ (work in progress),
 * apt/ (private apt state), log/. Everything is 0700.
 */
#ifndef COOPER_STORE_HOME_H
#define COOPER_STORE_HOME_H

#include "base/err.h"

struct home {
	char *root;
	char *cas;
	char *store;
	char *machines;
	char *build;
	char *apt;
	char *log;
};

/** home_open() - decide the place; makes nothing */
MUST_CHECK struct err *home_open(struct home *ret_home);
/** home_at() - the places below @root, an absolute path */
void home_at(const char *root, struct home *ret_home);
/** home_make() - make the folders; idempotent */
MUST_CHECK struct err *home_make(const struct home *home);
void home_done(struct home *home);

#endif

/*
 * gitrepo_pin.h - which commit is wanted, and where its repository is; what is refused without libgit2
 */
#ifndef COOPER_NET_GITREPO_PIN_H
#define COOPER_NET_GITREPO_PIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { GITREPO_ID = 41 }; /* of SHA-1 as hex, with the NUL */

struct gitrepo_pin {
	const char *url;    /* https://, http:// or file:// */
	const char *commit; /* 40 lower-case hex digits */
	const char *tag;    /* that must lead to the commit on the server; NULL = none */
	const char *dir;    /* the bare repository of ours; made when it is missing */
};
/** gitrepo_pin_check() - USAGE unless URL and commit (where there is one) are such as can be read */
MUST_CHECK struct err *gitrepo_pin_check(const struct gitrepo_pin *pin);
/** gitrepo_has() - whether gitrepo_fetch() has brought the commit to @pin->dir, and seen the tag lead to it */
MUST_CHECK struct err *gitrepo_has(const struct gitrepo_pin *pin, bool *ret_there);
/** gitrepo_pin_stamp() - note that; @tree: the commit's */
MUST_CHECK struct err *gitrepo_pin_stamp(const struct gitrepo_pin *pin, const char *tree);
/** gitrepo_lfs_refused() - the error for the file @path, which is this pointer of Git LFS (magic.h) */
MUST_CHECK struct err *gitrepo_lfs_refused(const char *path, const char *data, size_t size);

#endif

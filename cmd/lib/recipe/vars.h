/*
 * vars.h - ${name} in recipe text, from a fixed set
 */
#ifndef COOPER_RECIPE_VARS_H
#define COOPER_RECIPE_VARS_H

#include "base/err.h"
#include "base/str.h"

/* Values for one expansion; NULL = not available in this place (using it is a USAGE error). */
struct vars {
	const char *name;       /* recipe's name */
	const char *version;    /* recipe's version */
	const char *source;     /* absolute path of the unpacked, patched source tree */
	const char *build;      /* absolute path of the build folder */
	const char *prefix;     /* where results are installed */
	const char *guest_arch; /* aarch64, x86_64 */
	const char *host_arch;
	const char *os;          /* macos, linux */
	const char *jobs;        /* parallel jobs */
	const char *key;         /* first 12 digits of the step's key */
	const char *debian_arch; /* guest_arch in Debian's words: arm64, amd64 */
};

/** vars_known() - the names of all variables, NULL-terminated */
const char *const *vars_known(void);
/**
 * vars_check_at() - USAGE when @text uses an unknown name or a broken ${; did-you-mean in the hint
 *
 * Tells where in @text the fault stands; the offsets are set on error only.
 */
MUST_CHECK struct err *vars_check_at(const char *text, size_t *ret_from, size_t *ret_to);
/** vars_expand() - @text with every ${name} replaced; $$ gives $ */
MUST_CHECK struct err *vars_expand(const struct vars *vars, const char *text, char **ret_text);
/** vars_expand_all() - append the expansion of each of @items to @out */
MUST_CHECK struct err *vars_expand_all(const struct vars *vars, const struct strs *items, struct strs *out);

#endif

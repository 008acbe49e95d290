/*
 * source_files.h - the files that sources come down to, to be fetched
 */
#ifndef COOPER_SOURCE_SOURCE_FILES_H
#define COOPER_SOURCE_SOURCE_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "recipe/recipe.h"

/* Files to fetch, in the order of the recipe. Borrowed from the recipe and the lock. */
struct source_file {
	const struct source *source; /* NULL for a patch */
	const char *name;            /* file name, for unpacking and messages */
	const char *url;
	const char *digest;        /* SHA-256, or SHA-512 where that alone is given (cas.h); NULL for git:URL#COMMIT */
	const char *sha512;        /* that must hold beside a SHA-256; NULL = none */
	int64_t size;              /* -1 = unknown */
	const char *version;       /* that the lock says a Debian source has; NULL = none */
	const char *signature_url; /* of a detached OpenPGP signature; NULL = none is asked for */
	const struct strs *signature_keys; /* fingerprints of primary keys, of which one must have made it */
};

struct source_files {
	struct source_file *items;
	size_t count;
	size_t cap;
	struct strs owned; /* names that had to be made */
};

void source_files_done(struct source_files *files);

#endif

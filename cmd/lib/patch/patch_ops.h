/*
 * patch_ops.h - the journal's text: what is to be done to which path, whole or not at all
 *
 * Private to the patch engine. Paths are written with their length: any byte but NUL may be in them. The text ends in
 * a digest of itself; patch_ops_parse() takes nothing but a whole and unharmed one.
 */
#ifndef COOPER_PATCH_PATCH_OPS_H
#define COOPER_PATCH_PATCH_OPS_H

#include "fmt/digest.h"
#include "patch/patch_overlay.h"

enum { PATCH_TOKEN_HEX = 33 };

enum patch_op_kind {
	PATCH_OP_REMOVE,
	PATCH_OP_PUT,     /* a staged file or link takes the name */
	PATCH_OP_REWRITE, /* new bytes in the file that is there */
};

struct patch_step {
	enum patch_op_kind kind;
	char *path;
	size_t at;                           /* PUT: name of the staged file; REWRITE: offset in the staged data */
	size_t size;                         /* bytes of it */
	const struct patch_content *content; /* REWRITE: the bytes, when they are in memory; not in the text */
};

struct patch_ops {
	struct patch_step *items;
	size_t count, cap;
	char token[PATCH_TOKEN_HEX]; /* names the staging folder */
	char series[SHA256_HEX];
};

#define PATCH_OPS_INIT                                                                                                 \
	{                                                                                                              \
		NULL, 0, 0, "", ""                                                                                     \
	}

void patch_ops_done(struct patch_ops *v);
/** patch_ops_add() - takes @op.path */
void patch_ops_add(struct patch_ops *v, struct patch_step op);
/** patch_ops_write() - the journal's text; patch_ops_parse() reads it, false on damage (free @ret all the same) */
void patch_ops_write(const struct patch_ops *v, struct str *out);
bool patch_ops_parse(const char *text, size_t size, struct patch_ops *ret);

#endif

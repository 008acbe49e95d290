/*
 * patch_header.h - what stands around the diffs of a patch file: words before them, a signature after them
 *
 * Read for people (a commit's author and message), kept for machines: a patch that is written anew keeps its bytes
 * before patch_header.head and from patch_header.tail on.
 */
#ifndef COOPER_PATCH_PATCH_HEADER_H
#define COOPER_PATCH_PATCH_HEADER_H

#include "patch/patch.h"

struct patch_header {
	size_t head;   /* bytes before the first diff */
	size_t tail;   /* where the rest after the last diff begins; the size of the text when there is none */
	bool git;      /* the diffs say "diff --git" */
	bool holes;    /* some have no bytes, or are of binary files without the way back */
	char *author;  /* "Name <mail>", NULL = not said */
	char *subject; /* never empty: the patch's name when nothing else is there */
	char *body;    /* the other words, may be "" */
};

/** patch_header_read() - CORRUPT or USAGE when the patch cannot be parsed; free with patch_header_done() */
MUST_CHECK struct err *patch_header_read(const struct patch_input *input, struct patch_header *ret);
void patch_header_done(struct patch_header *h);

#endif

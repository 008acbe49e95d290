/*
 * unpack_child.h - the program that reads archives: `cooper tool unpack-child JOB`, which unpack.c starts
 *
 * A process of its own, so that nothing of ours is in its memory, and confined before it reads the first byte. Its
 * descriptors: 0 the archive, 1 what it says, 3 the folder to write in. It says one line a message, fields separated
 * by tabs: "progress BYTES", "warning TEXT", "error KIND ERRNO TEXT HINT", "done ENTRIES BYTES EXCLUDED DIGEST".
 */
#ifndef COOPER_TREE_UNPACK_CHILD_H
#define COOPER_TREE_UNPACK_CHILD_H

#include "tree/unpack_options.h"

#define UNPACK_CHILD "unpack-child"

enum { UNPACK_UNHEARD = 3 /* its exit status where it could not say a line: no word about the archive */ };

/** unpack_child_job() - JOB for @archive and the folder @dir, which are names for messages and for the confinement */
char *unpack_child_job(const char *archive, const char *dir, const struct unpack_options *o);
/** unpack_child_run() - do @job and end the process; a test that unpacks calls it from its main() */
NO_RETURN void unpack_child_run(const char *job);

#endif

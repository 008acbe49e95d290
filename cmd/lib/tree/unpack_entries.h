/*
 * unpack_entries.h - the inside of the unpacking child: reader, policy and writer put together
 */
#ifndef COOPER_TREE_UNPACK_ENTRIES_H
#define COOPER_TREE_UNPACK_ENTRIES_H

#include "fmt/archive.h"
#include "tree/tree_writer.h"
#include "tree/unpack_options.h"

/* Who is told about progress and oddities */
struct unpack_listener {
	void (*progress)(struct unpack_listener *l, int64_t packed);
	void (*warn)(struct unpack_listener *l, const char *text);
};

/** unpack_entries() - write everything that @r has and the policy allows */
MUST_CHECK struct err *unpack_entries(struct archive_reader *r, struct tree_writer *w, const struct unpack_options *o,
				      struct unpack_listener *l, struct unpack_report *ret_report);

#endif

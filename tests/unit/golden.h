/*
 * golden.h - compare a text with the file that holds what it must be
 *
 * Programs run from the top of the tree. COOPER_GOLDEN_REWRITE=1 writes the files instead; the diff is reviewed.
 */
#ifndef COOPER_TESTS_GOLDEN_H
#define COOPER_TESTS_GOLDEN_H

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "sys/file.h"

static inline void assert_golden(const char *path, const char *text)
{
	AUTO_FREE char *expected = NULL;
	size_t size = 0;

	if (getenv("COOPER_GOLDEN_REWRITE")) {
		assert_ok(file_write(path, text, strlen(text), 0644));
		return;
	}
	assert_ok(file_read(path, 1 << 20, &expected, &size));
	if (!streq(expected, text))
		fail_msg("'%s' differs; 'sh tests/golden/machine.sh --rewrite' writes it anew. Now:\n%s", path, text);
}

#endif

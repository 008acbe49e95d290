/*
 * yaml_text.h - what is wrong with a recipe as text, before anybody reads it as YAML
 *
 * A file after a merge with conflicts, in UTF-16, with characters that do not show: the YAML reader stumbles over their
 * consequences some lines further down, or takes them for a part of a word. Pure functions over bytes.
 */
#ifndef COOPER_FMT_YAML_TEXT_H
#define COOPER_FMT_YAML_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct yaml_fault {
	size_t offset;
	size_t size;
	const char *message;
	const char *hint;
};

/** yaml_encoding_fault() - a text in UTF-16 or UTF-32, by its first bytes; false when there is none */
bool yaml_encoding_fault(const char *text, size_t size, struct yaml_fault *ret);
/**
 * yaml_next_fault() - what no place of a recipe may have: a merge conflict, line breaks that are none to an editor,
 * marks that change the order of text
 * @at: where to go on; moved behind the fault
 *
 * False at the end. Messages live in @arena.
 */
bool yaml_next_fault(struct arena *arena, const char *text, size_t size, size_t *at, struct yaml_fault *ret);
/**
 * yaml_hidden_fault() - the first character of @text + @from that does not show, below @to
 *
 * Right in quotes and in blocks, where it may be meant; never in a word without them.
 */
bool yaml_hidden_fault(struct arena *arena, const char *text, size_t from, size_t to, struct yaml_fault *ret);

#endif

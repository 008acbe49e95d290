/*
 * quote.h - words as a POSIX shell reads them back
 *
 * For texts that a shell must read: commands in a guest, hooks of a program that takes them as shell text. A child of
 * ours needs none of this, it gets its words one by one (sys/child.h).
 *
 *	str_add(&text, "rm -f ");
 *	quote_word(&text, path);
 *
 * See: Shell Command Language, 2.2 Quoting (POSIX)
 */
#ifndef COOPER_BASE_QUOTE_H
#define COOPER_BASE_QUOTE_H

#include "base/str.h"

/** quote_word() - append @word so that a POSIX shell reads it back as it is */
void quote_word(struct str *out, const char *word);

/** quote_argv() - all words, with spaces between; heap */
char *quote_argv(const char *const *argv);

#endif

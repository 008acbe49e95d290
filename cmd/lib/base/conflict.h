/*
 * conflict.h - the marks that git leaves in a file where a merge could not decide
 */
#ifndef COOPER_BASE_CONFLICT_H
#define COOPER_BASE_CONFLICT_H

#include <stdbool.h>
#include <stddef.h>

/** conflict_mark() - whether the line at @line, with @size bytes to the end of the text, is "<<<<<<<", "|||||||",
 *  "=======" or ">>>>>>>", with or without words behind it */
bool conflict_mark(const char *line, size_t size);
/** conflict_line() - number of the first such line in @text, from 1; 0 when there is none */
int conflict_line(const char *text, size_t size);

#endif

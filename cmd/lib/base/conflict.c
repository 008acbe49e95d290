#include "base/conflict.h"

#include <string.h>

enum { MARK = 7 };

bool conflict_mark(const char *line, size_t size)
{
	if (size < MARK || !memchr("<|=>", line[0], 4))
		return false;
	for (size_t i = 1; i < MARK; i++)
		if (line[i] != line[0])
			return false;
	return size == MARK || line[MARK] == ' ' || line[MARK] == '\r' || line[MARK] == '\n';
}

int conflict_line(const char *text, size_t size)
{
	int number = 1;
	for (size_t i = 0; i < size; i++) {
		if ((i == 0 || text[i - 1] == '\n') && conflict_mark(text + i, size - i))
			return number;
		number += text[i] == '\n';
	}
	return 0;
}

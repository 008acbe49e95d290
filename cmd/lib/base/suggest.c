#include "base/suggest.h"

#include <string.h>


enum { WORD_MAX = 64 };

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;
	return m < c ? m : c;
}

/* Optimal string alignment distance: insert, delete, replace, swap of neighbours. */
static int distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	int rows[3][WORD_MAX + 1];
	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;
	int *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= m; j++)
		last[j] = (int)j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = (int)i;
		for (size_t j = 1; j <= m; j++) {
			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		int *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

const char *suggest_nearest(const char *word, const char *const *known, size_t n)
{
	int limit = strlen(word) < 4 ? 1 : 2;
	const char *best = NULL;
	for (size_t i = 0; i < n; i++) {
		int d = distance(word, known[i]);
		if (d <= limit) {
			best = known[i];
			limit = d - 1;
		}
	}
	return best;
}

/* Why a hunk does not fit: the place where most of its lines agree, both sides shown. */
#include <stdlib.h>
#include <string.h>

#include "patch/patch_text.h"

enum { SHOWN_ROWS = 24, SHOWN_BYTES = 110, LOOK_AHEAD = 8, REPEATS_MAX = 8 };

/* The old side of a hunk, with hashes, sorted for look-up. */
struct wanted {
	const struct patch_line *line;
	uint64_t hash;
	size_t index;
};

static size_t collect_old(const struct patch_set *set, const struct patch_hunk *h, struct wanted *out)
{
	size_t n = 0;
	for (size_t i = 0; i < h->count; i++) {
		const struct patch_line *l = &set->lines[h->first + i];
		if (l->kind == '+')
			continue;
		out[n] = (struct wanted){l, patch_line_hash(l), n};
		n++;
	}
	return n;
}

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static size_t lower_bound(const struct wanted *w, size_t n, uint64_t hash)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (w[mid].hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Every line of the text that the hunk wants votes for the place that it would be wanted for. */
static int64_t closest(const struct patch_text *t, const struct wanted *sorted, size_t n, int64_t expected,
		       size_t *ret_votes)
{
	AUTO_FREE uint32_t *votes = mem_array(t->count + n + 1, sizeof(*votes));
	for (size_t i = 0; i < t->count; i++) {
		uint64_t hash = patch_line_hash(&t->lines[i]);
		size_t first = lower_bound(sorted, n, hash);
		for (size_t k = first; k < n && k < first + REPEATS_MAX && sorted[k].hash == hash; k++)
			votes[i + n - sorted[k].index]++;
	}
	int64_t best = -1;
	for (size_t i = 0; i < t->count + n + 1; i++) {
		int64_t at = (int64_t)i - (int64_t)n;
		if (best < 0 || votes[i] > votes[best] ||
		    (votes[i] == votes[best] && llabs(at - expected) < llabs(best - (int64_t)n - expected)))
			best = (int64_t)i;
	}
	*ret_votes = votes[best];
	return best - (int64_t)n;
}

static void add_row(struct str *s, int64_t number, char mark, const struct patch_line *line)
{
	if (number > 0)
		str_addf(s, "%7lld %c ", (long long)number, mark);
	else
		str_addf(s, "        %c ", mark);
	size_t len = line->len < SHOWN_BYTES ? line->len : SHOWN_BYTES;
	for (size_t i = 0; i < len;) {
		const char *tab = memchr(line->text + i, '\t', len - i);
		size_t n = tab ? (size_t)(tab - line->text) - i : len - i;
		str_add_escaped(s, line->text + i, n);
		if (tab)
			str_add(s, "        ");
		i += n + (tab ? 1 : 0);
	}
	str_add(s, len < line->len ? "...\n" : line->eol ? "\n" : " (no newline at the end)\n");
}

/* From @i, @j on, the fewest lines to skip on either side until both agree again. */
static void resync(const struct patch_text *t, const struct wanted *old, size_t n, size_t i, size_t j, size_t *ret_i,
		   size_t *ret_j)
{
	for (size_t sum = 1; sum <= (size_t)LOOK_AHEAD; sum++) {
		for (size_t a = 0; a <= sum; a++) {
			if (i + a < n && j + sum - a < t->count &&
			    patch_line_same(old[i + a].line, &t->lines[j + sum - a])) {
				*ret_i = a;
				*ret_j = sum - a;
				return;
			}
		}
	}
	*ret_i = 1;
	*ret_j = j < t->count ? 1 : 0;
}

static void add_comparison(struct str *s, const struct patch_text *t, const struct wanted *old, size_t n, size_t at)
{
	size_t i = 0, j = at, rows = 0;
	while (i < n && rows < SHOWN_ROWS) {
		if (j < t->count && patch_line_same(old[i].line, &t->lines[j])) {
			add_row(s, (int64_t)j + 1, ' ', &t->lines[j]);
			i++;
			j++;
			rows++;
			continue;
		}
		size_t skip_i = 0, skip_j = 0;
		resync(t, old, n, i, j, &skip_i, &skip_j);
		for (; skip_i > 0; skip_i--, rows++)
			add_row(s, 0, '<', old[i++].line);
		for (; skip_j > 0; skip_j--, rows++, j++)
			add_row(s, (int64_t)j + 1, '>', &t->lines[j]);
	}
	if (i < n)
		str_addf(s, "          (%zu more lines)\n", n - i);
}

char *patch_explain(const struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h,
		    const char *path, int64_t expected)
{
	struct str s = STR_INIT;
	AUTO_FREE char *shown = str_escape(path);
	AUTO_FREE struct wanted *old = mem_array(h->count + 1, sizeof(*old));
	AUTO_FREE struct wanted *sorted = mem_array(h->count + 1, sizeof(*sorted));
	size_t n = collect_old(set, h, old);
	size_t votes = 0;
	collect_old(set, h, sorted);
	qsort(sorted, n, sizeof(*sorted), compare_wanted);
	int64_t at = closest(t, sorted, n, expected, &votes);
	if (t->count == 0 || n == 0) {
		str_addf(&s, "'%s' has %zu lines\n", shown, t->count);
		return str_take(&s);
	}
	if (votes == 0)
		str_addf(&s, "no line of the hunk is anywhere near in '%s'\n", shown);
	else
		str_addf(&s,
			 "closest place: '%s' line %lld, %zu of %zu lines agree ('<' the patch expects, '>' the file "
			 "has)\n",
			 shown, (long long)(at < 0 ? 1 : at + 1), votes, n);
	if (patch_at_end(h))
		str_add(&s, "it has no context after its change: it was made at the end of the file and may fit only "
			    "there\n");
	if (patch_at_start(h))
		str_add(&s, "it has less context before its change than after: it was made at the start of the file "
			    "and may fit only there\n");
	size_t from = at < 0 ? 0 : (size_t)at < t->count ? (size_t)at : t->count - 1;
	add_comparison(&s, t, old, n, from);
	return str_take(&s);
}

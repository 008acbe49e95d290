/* Why a hunk does not fit: the place where most of its lines agree, both sides shown. */
#include <stdlib.h>
#include <string.h>

#include "patch/patch_blanks.h"
#include "patch/patch_text.h"

enum { SHOWN_ROWS = 24, SHOWN_BYTES = 110, LOOK_AHEAD = 8, REPEATS_MAX = 8, NOTES_MAX = 3 };

typedef uint64_t hash_fn(const struct patch_line *line);

/* The old side of a hunk, with hashes, sorted for look-up. */
struct wanted {
	const struct patch_line *line;
	uint64_t hash;
	size_t index;
	size_t row; /* in the patch */
};

static size_t collect_old(const struct patch_set *set, const struct patch_hunk *h, hash_fn *hash, struct wanted *out)
{
	size_t n = 0, row = h->line;
	for (size_t i = 0; i < h->count; i++) {
		const struct patch_line *l = &set->lines[h->first + i];
		row++;
		if (l->kind != '+') {
			out[n] = (struct wanted){l, hash(l), n, row};
			n++;
		}
		row += !l->eol; /* "\\ No newline" */
	}
	return n;
}

/* The same for lines that differ in nothing but blanks. */
static uint64_t shown_hash(const struct patch_line *line)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
	for (size_t i = 0, n = 0; i < line->len; i += n) {
		n = patch_blank_at(line->text + i, line->len - i);
		if (n)
			continue;
		h = (h ^ (unsigned char)line->text[i]) * 0x100000001b3u;
		n = 1;
	}
	return h;
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
		       hash_fn *hash_line, size_t *ret_votes)
{
	AUTO_FREE uint32_t *votes = mem_array(t->count + n + 1, sizeof(*votes));
	for (size_t i = 0; i < t->count; i++) {
		uint64_t hash = hash_line(&t->lines[i]);
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

/* What a line that the patch expects and one that the file has differ in, where that does not show. */
static void add_note(struct str *s, const struct wanted *want, const struct patch_line *has, size_t number)
{
	const struct patch_line *l = want->line;
	size_t column = 0;
	size_t at = patch_first_difference(l->text, l->len, has->text, has->len, &column);
	str_addf(s, "line %zu, column %zu: the patch (line %zu) has ", number, column, want->row);
	str_add_patch_char(s, l->text + at, l->len - at);
	str_add(s, ", the file has ");
	str_add_patch_char(s, has->text + at, has->len - at);
	str_add_char(s, '\n');
}

static bool begins_foreign(const struct patch_line *l, size_t at)
{
	return at < l->len && (unsigned char)l->text[at] >= 0x80;
}

/* A difference that does not show: in blanks, or in letters that may look like each other. */
static bool is_unseen(const struct patch_line *a, const struct patch_line *b)
{
	size_t column = 0;
	if (a->len == b->len && memcmp(a->text, b->text, a->len) == 0)
		return false;
	size_t at = patch_first_difference(a->text, a->len, b->text, b->len, &column);
	return patch_looks_same(a->text, a->len, b->text, b->len) || begins_foreign(a, at) || begins_foreign(b, at);
}

/* The rows of a comparison, what cannot be seen in them, and whether that is all. */
struct comparison {
	struct str rows, notes;
	size_t count, note_count;
	bool blanks; /* every pair differs in blanks alone */
};

static void compare_pairs(struct comparison *c, const struct patch_text *t, const struct wanted *old, size_t i,
			  size_t count_i, size_t j, size_t count_j)
{
	for (size_t k = 0; k < count_i && k < count_j; k++) {
		const struct patch_line *a = old[i + k].line, *b = &t->lines[j + k];
		c->blanks &= patch_looks_same(a->text, a->len, b->text, b->len) && a->eol == b->eol;
		if (is_unseen(a, b) && c->note_count++ < NOTES_MAX)
			add_note(&c->notes, &old[i + k], b, j + k + 1);
	}
	c->blanks &= count_i == count_j;
}

static void compare(struct comparison *c, const struct patch_text *t, const struct wanted *old, size_t n, size_t at)
{
	size_t i = 0, j = at;
	while (i < n && c->count < SHOWN_ROWS) {
		if (j < t->count && patch_line_same(old[i].line, &t->lines[j])) {
			add_row(&c->rows, (int64_t)j + 1, ' ', &t->lines[j]);
			i++;
			j++;
			c->count++;
			continue;
		}
		size_t skip_i = 0, skip_j = 0;
		resync(t, old, n, i, j, &skip_i, &skip_j);
		compare_pairs(c, t, old, i, skip_i, j, skip_j);
		c->count += skip_i + skip_j;
		for (; skip_i > 0; skip_i--)
			add_row(&c->rows, 0, '<', old[i++].line);
		for (; skip_j > 0; skip_j--, j++)
			add_row(&c->rows, (int64_t)j + 1, '>', &t->lines[j]);
	}
	c->blanks &= i == n;
	if (i < n)
		str_addf(&c->rows, "          (%zu more lines)\n", n - i);
}

static int64_t find_closest(const struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h,
			    int64_t expected, hash_fn *hash, size_t *ret_votes)
{
	AUTO_FREE struct wanted *sorted = mem_array(h->count + 1, sizeof(*sorted));
	size_t n = collect_old(set, h, hash, sorted);
	qsort(sorted, n, sizeof(*sorted), compare_wanted);
	return closest(t, sorted, n, expected, hash, ret_votes);
}

static void add_binding(struct str *s, const struct patch_hunk *h)
{
	if (patch_at_end(h))
		str_add(s, "it has no context after its change: it was made at the end of the file and may fit only "
			   "there\n");
	if (patch_at_start(h))
		str_add(s, "it has less context before its change than after: it was made at the start of the file "
			   "and may fit only there\n");
}

char *patch_explain(const struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h,
		    const char *path, int64_t expected, bool *ret_blanks)
{
	struct str s = STR_INIT;
	AUTO_FREE char *shown = str_escape(path);
	AUTO_FREE struct wanted *old = mem_array(h->count + 1, sizeof(*old));
	size_t n = collect_old(set, h, patch_line_hash, old);
	*ret_blanks = false;
	if (t->count == 0 || n == 0) {
		str_addf(&s, "'%s' has %zu lines\n", shown, t->count);
		return str_take(&s);
	}
	size_t votes = 0, alike = 0;
	int64_t at = find_closest(t, set, h, expected, patch_line_hash, &votes);
	int64_t other = votes < n ? find_closest(t, set, h, expected, shown_hash, &alike) : 0;
	at = alike > votes ? other : at;
	struct comparison c = {.blanks = true};
	compare(&c, t, old, n, at < 0 ? 0 : (size_t)at < t->count ? (size_t)at : t->count - 1);
	*ret_blanks = c.blanks && c.note_count > 0;
	if (votes == 0 && alike == 0)
		str_addf(&s, "no line of the hunk is anywhere near in '%s'\n", shown);
	else
		str_addf(&s,
			 "closest place: '%s' line %lld, %zu of %zu lines agree%s ('<' the patch expects, '>' the file "
			 "has)\n",
			 shown, (long long)(at < 0 ? 1 : at + 1), alike > votes ? alike : votes, n,
			 alike > votes ? " but for blanks" : "");
	add_binding(&s, h);
	str_add_mem(&s, str_text(&c.rows), c.rows.len);
	str_add_mem(&s, str_text(&c.notes), c.notes.len);
	str_done(&c.rows);
	str_done(&c.notes);
	return str_take(&s);
}

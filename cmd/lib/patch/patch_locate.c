#include <stdlib.h>
#include <string.h>

#include "patch/patch_scan.h"
#include "patch/patch_text.h"

void patch_text_done(struct patch_text *t)
{
	free(t->lines);
	free(t->sums);
	*t = PATCH_TEXT_INIT;
}

void patch_text_reserve(struct patch_text *t, size_t n)
{
	if (t->cap || !n)
		return;
	t->lines = mem_array(n, sizeof(*t->lines));
	t->cap = n;
}

void patch_text_add(struct patch_text *t, const struct patch_line *lines, size_t n)
{
	if (!n)
		return;
	t->lines = mem_grow(t->lines, &t->cap, t->count + n, sizeof(*t->lines));
	memcpy(t->lines + t->count, lines, n * sizeof(*lines));
	t->count += n;
}

void patch_text_split(struct patch_text *t, const char *data, size_t size)
{
	struct patch_scan s = patch_scan_of(&(struct patch_input){.text = data, .size = size});
	struct patch_scan ahead = s;
	struct patch_row row;
	while (patch_next(&ahead, &row))
		;
	patch_text_reserve(t, ahead.line);
	while (patch_next(&s, &row))
		patch_text_add(t, &(struct patch_line){.text = row.text, .len = (uint32_t)row.len, .eol = row.eol}, 1);
}

void patch_text_join(const struct patch_text *t, struct str *out)
{
	size_t size = 0;
	for (size_t i = 0; i < t->count; i++)
		size += t->lines[i].len + 1u;
	out->data = mem_grow(out->data, &out->cap, out->len + size + 1, 1);
	for (size_t i = 0; i < t->count; i++) {
		memcpy(out->data + out->len, t->lines[i].text, t->lines[i].len);
		out->len += t->lines[i].len;
		if (t->lines[i].eol)
			out->data[out->len++] = '\n';
	}
	out->data[out->len] = '\0';
}

bool patch_text_crlf(const struct patch_text *t)
{
	return t->count && patch_line_crlf(&t->lines[0]);
}

bool patch_line_crlf(const struct patch_line *line)
{
	return line->eol && line->len && line->text[line->len - 1] == '\r';
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

uint64_t patch_line_hash(const struct patch_line *line)
{
	uint64_t h = line->len * 2u + line->eol;
	const char *p = line->text;
	size_t left = line->len;
	for (; left >= 8; left -= 8, p += 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		h = mix(h ^ word) + 0x9e3779b97f4a7c15u;
	}
	uint64_t word = 0;
	if (left)
		memcpy(&word, p, left);
	return mix(mix(h ^ word));
}

/* The hash of a run of lines is a polynomial in BASE over their hashes: windows come from differences of sums. */
static const uint64_t BASE = 0x5851f42d4c957f2du;

static void make_sums(struct patch_text *t)
{
	if (t->sums)
		return;
	t->sums = mem_array(t->count + 1, sizeof(*t->sums));
	for (size_t i = 0; i < t->count; i++)
		t->sums[i + 1] = t->sums[i] * BASE + patch_line_hash(&t->lines[i]);
}

/* What a search compares against every window of the text. */
struct window {
	size_t len;
	uint64_t hash;
	uint64_t power; /* BASE to the len */
};

static struct window make_window(const struct patch_set *set, const struct patch_hunk *h)
{
	struct window w = {.power = 1};
	for (size_t i = 0; i < h->count; i++) {
		const struct patch_line *l = &set->lines[h->first + i];
		if (l->kind == '+')
			continue;
		w.hash = w.hash * BASE + patch_line_hash(l);
		w.power *= BASE;
		w.len++;
	}
	return w;
}

/* Whether the old side of @h is at line @at. */
static bool fits_at(const struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h, size_t at)
{
	if (at > t->count || h->old_count > t->count - at)
		return false;
	for (size_t i = 0; i < h->count; i++) {
		const struct patch_line *l = &set->lines[h->first + i];
		if (l->kind != '+' && !patch_line_same(l, &t->lines[at++]))
			return false;
	}
	return true;
}

static bool window_fits(const struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h,
			const struct window *w, size_t at)
{
	uint64_t hash = t->sums[at + w->len] - t->sums[at] * w->power;
	return hash == w->hash && fits_at(t, set, h, at);
}

/* Outwards from @expected within [@min, @max]. */
static enum patch_fit search(struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h, size_t min,
			     size_t max, int64_t expected, size_t *ret_at, size_t *ret_other)
{
	make_sums(t);
	struct window w = make_window(set, h);
	int64_t low = expected > (int64_t)max ? (int64_t)max : expected - 1;
	int64_t high = expected < (int64_t)min ? (int64_t)min : expected + 1;
	while (low >= (int64_t)min || high <= (int64_t)max) {
		int64_t down = low >= (int64_t)min ? expected - low : INT64_MAX;
		int64_t up = high <= (int64_t)max ? high - expected : INT64_MAX;
		bool fits_low = down <= up && window_fits(t, set, h, &w, (size_t)low);
		bool fits_high = up <= down && window_fits(t, set, h, &w, (size_t)high);
		if (fits_low || fits_high) {
			*ret_at = (size_t)(fits_low ? low : high);
			*ret_other = (size_t)high;
			return fits_low && fits_high ? PATCH_FITS_TWICE : PATCH_FITS;
		}
		if (down <= up)
			low--;
		if (up <= down)
			high++;
	}
	return PATCH_FITS_NOWHERE;
}

bool patch_at_start(const struct patch_hunk *h)
{
	return h->lead < h->trail && h->old_start <= 1;
}

bool patch_at_end(const struct patch_hunk *h)
{
	return h->lead && !h->trail;
}

enum patch_fit patch_locate(struct patch_text *t, const struct patch_set *set, const struct patch_hunk *h, size_t min,
			    int64_t expected, size_t *ret_at, size_t *ret_other)
{
	if (min > t->count || h->old_count > t->count - min)
		return PATCH_FITS_NOWHERE;
	size_t max = t->count - h->old_count;
	if (patch_at_start(h))
		max = 0;
	if (patch_at_end(h))
		min = t->count - h->old_count > min ? t->count - h->old_count : min;
	if (min > max)
		return PATCH_FITS_NOWHERE;
	if (expected >= (int64_t)min && expected <= (int64_t)max && fits_at(t, set, h, (size_t)expected)) {
		*ret_at = (size_t)expected;
		return PATCH_FITS;
	}
	/* Nothing on the old side: the stated line is all there is to go by. */
	if (h->old_count == 0)
		return PATCH_FITS_NOWHERE;
	return search(t, set, h, min, max, expected, ret_at, ret_other);
}

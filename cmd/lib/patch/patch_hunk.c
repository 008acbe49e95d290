/* Hunks of a unified diff: counted, never guessed, so that a mail's "-- " is no deletion. */
#include <stdlib.h>
#include <string.h>

#include "patch/patch_blanks.h"
#include "patch/patch_scan.h"
#include "patch/patch_set.h"

bool patch_line_same(const struct patch_line *a, const struct patch_line *b)
{
	return a->len == b->len && a->eol == b->eol && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

static bool parse_range(const char **p, const char *end, size_t *ret_start, size_t *ret_count)
{
	*ret_count = 1;
	if (!patch_number(p, end, ret_start))
		return false;
	if (*p == end || **p != ',')
		return true;
	(*p)++;
	return patch_number(p, end, ret_count);
}

/* "@@ -START[,COUNT] +START[,COUNT] @@ anything" */
static bool parse_header(const struct patch_row *row, struct patch_hunk *h)
{
	const char *p = row->text + 4;
	const char *end = row->text + row->len;
	if (!parse_range(&p, end, &h->old_start, &h->old_count) || end - p < 2 || p[0] != ' ' || p[1] != '+')
		return false;
	p += 2;
	if (!parse_range(&p, end, &h->new_start, &h->new_count) || end - p < 3 || memcmp(p, " @@", 3) != 0)
		return false;
	return (h->old_count || h->new_count) && (h->old_start || !h->old_count) && (h->new_start || !h->new_count);
}

/* The text ends where the hunk needs another line, or inside its last one. */
static struct err *cut_short(const struct patch_scan *s, const struct patch_hunk *h)
{
	return err_hint(patch_damaged(s, s->line, "the hunk of line %zu is cut short", h->line),
			"fetch the patch again: its end is missing");
}

/* Take the newline off the last line of one side: there must be one, and it must be that side's last. With a
 * transport that made CRLF of every line end, the CR before it is the transport's. */
static struct err *no_newline(const struct patch_scan *s, struct patch_set *set, const struct patch_hunk *h, bool crlf)
{
	if (h->count == 0)
		return patch_damaged(s, s->line, "'\\ No newline' before any line");
	struct patch_line *l = &set->lines[h->first + h->count - 1];
	if (crlf && l->eol && l->len && l->text[l->len - 1] == '\r')
		l->len--;
	l->eol = false;
	return NULL;
}

static struct err *check_newlines(const struct patch_scan *s, const struct patch_set *set, const struct patch_hunk *h)
{
	bool old_ended = false, new_ended = false;
	for (size_t i = 0; i < h->count; i++) {
		const struct patch_line *l = &set->lines[h->first + i];
		bool is_old = l->kind != '+', is_new = l->kind != '-';
		if ((is_old && old_ended) || (is_new && new_ended))
			return patch_damaged(s, h->line, "'\\ No newline' is followed by more lines of the same file");
		old_ended |= is_old && !l->eol;
		new_ended |= is_new && !l->eol;
	}
	return NULL;
}

/* A line that cannot be the hunk's next. */
static struct err *wrong_line(const struct patch_scan *s, const struct patch_hunk *h, const struct patch_row *row)
{
	if (row->text[0] == ' ' || row->text[0] == '-' || row->text[0] == '+')
		return patch_damaged(s, s->line, "the hunk of line %zu has more lines than its header says", h->line);
	if (patch_row_starts(row, "@@ -") || patch_row_starts(row, "diff ") || patch_row_starts(row, "Index: "))
		return err_hint(
			patch_damaged(s, s->line, "the hunk of line %zu has fewer lines than its header says", h->line),
			"fetch the patch again: lines of it are missing, or its header was edited by hand");
	AUTO(str) what = STR_INIT;
	str_add_patch_char(&what, row->text, row->len);
	return err_hint(patch_damaged(s, s->line,
				      "a line of the hunk of line %zu begins with %s instead of ' ', '-' or '+'",
				      h->line, str_text(&what)),
			"fetch the patch again in its raw form: a mail program, a web page or an editor changed it");
}

/* What kind of line @row is, and how many bytes of it say so: mailers strip the blank of an empty context line, and
 * others that before a tab. It must match the file byte for byte all the same. */
static char line_kind(const struct patch_row *row, size_t *ret_skip)
{
	*ret_skip = 0;
	if (!row->len || row->text[0] == '\t' || (row->len == 1 && row->text[0] == '\r'))
		return ' ';
	*ret_skip = 1;
	return row->text[0];
}

static struct err *add_line(const struct patch_scan *s, struct patch_set *set, struct patch_hunk *h,
			    const struct patch_row *row, size_t *old_left, size_t *new_left)
{
	size_t skip = 0;
	char kind = line_kind(row, &skip);
	if (!row->eol || row->len > PATCH_LINE_MAX)
		return cut_short(s, h);
	if ((kind != ' ' && kind != '-' && kind != '+') || (kind != '+' && !*old_left) || (kind != '-' && !*new_left))
		return wrong_line(s, h, row);
	*old_left -= kind != '+';
	*new_left -= kind != '-';
	set->lines = mem_grow(set->lines, &set->line_cap, set->line_count + 1, sizeof(*set->lines));
	set->lines[set->line_count++] = (struct patch_line){
		.text = row->text + skip, .len = (uint32_t)(row->len - skip), .eol = true, .kind = kind};
	h->count++;
	return NULL;
}

static struct err *parse_body(struct patch_scan *s, struct patch_set *set, struct patch_hunk *h, bool crlf)
{
	struct patch_row row;
	size_t old_left = h->old_count, new_left = h->new_count;
	h->first = set->line_count;
	while (old_left || new_left) {
		if (!patch_peek(s, &row))
			return cut_short(s, h);
		if (row.len && row.text[0] == '\\')
			TRY(no_newline(s, set, h, crlf));
		else
			TRY(add_line(s, set, h, &row, &old_left, &new_left));
		patch_next(s, &row);
	}
	bool more = patch_peek(s, &row);
	/* The words are in diff's language; only without a line end of their own can they be known to be whole. */
	if (more && !row.eol && patch_row_starts(&row, "\\") && !patch_row_starts(&row, "\\ No newline at end of file"))
		return cut_short(s, h);
	if (more && patch_row_starts(&row, "\\")) {
		TRY(no_newline(s, set, h, crlf));
		patch_next(s, &row);
	}
	return check_newlines(s, set, h);
}

static void measure_context(const struct patch_set *set, struct patch_hunk *h)
{
	const struct patch_line *lines = set->lines + h->first;
	while (h->lead < h->count && lines[h->lead].kind == ' ')
		h->lead++;
	while (h->trail + h->lead < h->count && lines[h->count - 1 - h->trail].kind == ' ')
		h->trail++;
}

/* "-- " begins a mail's signature, "--- NAME" a file, "-----" something else's end. */
static bool is_after_hunk(const struct patch_row *row)
{
	return !patch_row_starts(row, "--") || row->len == 2 || row->text[2] == ' ' || row->text[2] == '-' ||
	       row->text[2] == '\r';
}

/* A changed line after a hunk, or after more context, belongs to it: its header counts too few. After an empty line
 * "- " may be an item of a list in words. */
static struct err *check_end(const struct patch_scan *s, const struct patch_hunk *h)
{
	struct patch_row row;
	struct patch_scan ahead = *s;
	bool blank = false;
	while (patch_peek(&ahead, &row) && (!row.len || row.text[0] == ' ')) {
		blank |= !row.len;
		patch_next(&ahead, &row);
	}
	if (!patch_peek(&ahead, &row) || (row.text[0] != '+' && row.text[0] != '-'))
		return NULL;
	if (patch_row_starts(&row, "--") && (blank || is_after_hunk(&row)))
		return NULL;
	if (blank && (row.len == 1 || row.text[1] == ' '))
		return NULL;
	return patch_damaged(s, ahead.line, "the hunk of line %zu has more lines than its header says", h->line);
}

/* A CR after the function's name is the name's; after "@@" it is the transport's. */
static bool is_transport(const struct patch_row *row, bool trimmed)
{
	return trimmed && row->len >= 2 && memcmp(row->text + row->len - 2, "@@", 2) == 0;
}

struct err *patch_parse_hunks(struct patch_scan *s, struct patch_set *set)
{
	struct patch_file *f = &set->files[set->file_count - 1];
	struct patch_row row;
	f->hunk_first = set->hunk_count;
	while (patch_peek(s, &row) && patch_row_starts(&row, "@@")) {
		struct patch_hunk h = {.line = s->line};
		bool trimmed = patch_row_trim(&row);
		if (patch_row_starts(&row, "@@@"))
			return err_hint(err_new(ERR_USAGE, "patch '%s', line %zu: this is a merge's combined diff",
						s->input->name, s->line),
					"make it again against one parent, with git diff");
		if (!patch_row_starts(&row, "@@ -") || !parse_header(&row, &h))
			return patch_damaged(s, s->line, "a hunk's header is damaged");
		f->crlf |= is_transport(&row, trimmed);
		patch_next(s, &row);
		TRY(parse_body(s, set, &h, f->crlf));
		TRY(check_end(s, &h));
		measure_context(set, &h);
		set->hunks = mem_grow(set->hunks, &set->hunk_cap, set->hunk_count + 1, sizeof(*set->hunks));
		set->hunks[set->hunk_count++] = h;
		f->hunk_count++;
	}
	return NULL;
}

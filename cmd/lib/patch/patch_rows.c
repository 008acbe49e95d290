#include "patch/patch_rows.h"

#include <string.h>
#include <strings.h>


enum { ID_MIN = 7, ID_FULL = 40 };

static size_t count_hex(const char *p, size_t size)
{
	size_t n = 0;
	while (n < size && ((p[n] >= '0' && p[n] <= '9') || (p[n] >= 'a' && p[n] <= 'f')))
		n++;
	return n;
}

bool patch_row_is_blank(const struct patch_row *row)
{
	for (size_t i = 0; i < row->len; i++)
		if (!strchr(" \t\r", row->text[i]) || !row->text[i])
			return false;
	return true;
}

bool patch_row_is_binary(const struct patch_row *row)
{
	static const char tail[] = " differ";
	size_t n = sizeof(tail) - 1;
	return (patch_row_starts(row, "Binary files ") || patch_row_starts(row, "Files ")) && row->len > n &&
	       memcmp(row->text + row->len - n, tail, n) == 0;
}

/* hg diff without --git. */
static bool has_changed(const struct patch_row *row)
{
	static const char tail[] = " has changed";
	size_t n = sizeof(tail) - 1;
	return patch_row_starts(row, "Binary file ") && row->len > n + 12 &&
	       memcmp(row->text + row->len - n, tail, n) == 0;
}

/* https://git-scm.com/docs/git-diff --submodule=log: "Submodule NAME OLD..NEW (rewind):" */
bool patch_row_submodule(const struct patch_row *row, const char **ret_name, size_t *ret_len)
{
	if (!patch_row_starts(row, "Submodule "))
		return false;
	const char *name = row->text + 10, *end = row->text + row->len;
	for (const char *p = name + 1; p < end; p++) {
		size_t n = *p == ' ' ? count_hex(p + 1, (size_t)(end - p) - 1) : 0;
		const char *dots = p + 1 + n;
		if (n < ID_MIN || end - dots < 2 || memcmp(dots, "..", 2) != 0)
			continue;
		*ret_name = name;
		*ret_len = (size_t)(p - name);
		return true;
	}
	return false;
}

/* --submodule=diff: the diff of what is in it follows, so that nothing is missing. */
static bool is_submodule(struct patch_scan ahead, const struct patch_row *row)
{
	const char *name = NULL;
	size_t len = 0;
	struct patch_row next;
	if (!patch_row_submodule(row, &name, &len))
		return false;
	bool more = patch_next(&ahead, &next);
	while (more && patch_row_is_blank(&next))
		more = patch_next(&ahead, &next);
	return !more || !patch_row_starts(&next, "diff --git ") || next.len < len ||
	       !memmem(next.text, next.len, name, len);
}

/* The separator of mails, "From ID Mon Sep 17 00:00:00 2001", as git-format-patch(1) and mailboxes have it (RFC 4155).
 */
static bool is_mail(const struct patch_rows *r, const struct patch_row *row)
{
	if (!patch_row_starts(row, "From "))
		return false;
	if (count_hex(row->text + 5, row->len - 5) >= ID_FULL)
		return true;
	if (r->last.text && !patch_row_is_blank(&r->last))
		return false;
	for (size_t i = 5; i + 14 <= row->len; i++) {
		const char *p = row->text + i;
		size_t digits = 0;
		for (const char *shape = " 99:99:99 9999";
		     *shape && (*shape == '9' ? *p >= '0' && *p <= '9' : *p == *shape); shape++, p++)
			digits++;
		if (digits == 14)
			return true;
	}
	return false;
}

static bool is_commit(const struct patch_row *row)
{
	return patch_row_starts(row, "commit ") && count_hex(row->text + 7, row->len - 7) >= ID_FULL;
}

enum patch_row_kind patch_rows_kind(const struct patch_rows *r, const struct patch_scan *s)
{
	struct patch_scan ahead = *s;
	struct patch_row row, second, third;
	patch_next(&ahead, &row);
	patch_row_trim(&row);
	if (patch_row_starts(&row, "diff --git "))
		return PATCH_ROW_GIT;
	if (patch_row_is_binary(&row) ? patch_row_starts(&row, "Binary") : has_changed(&row))
		return PATCH_ROW_BINARY;
	if (is_submodule(ahead, &row))
		return PATCH_ROW_SUBMODULE;
	if (is_mail(r, &row) || is_commit(&row))
		return PATCH_ROW_MAIL;
	if (!patch_row_starts(&row, "--- ") || row.len == 4)
		return PATCH_ROW_WORDS;
	bool found = patch_next(&ahead, &second) && patch_next(&ahead, &third) && patch_row_starts(&second, "+++ ") &&
		     patch_row_starts(&third, "@@");
	return found ? PATCH_ROW_PLAIN : PATCH_ROW_WORDS;
}

/* "Name: value" (RFC 5322 section 2.2). */
static bool is_field(const struct patch_row *row)
{
	size_t n = 0;
	while (n < row->len && row->text[n] > ' ' && row->text[n] < 0x7f && row->text[n] != ':')
		n++;
	return n > 0 && n < row->len && row->text[n] == ':' && !patch_row_starts(row, "http");
}

static bool is_named(const struct patch_row *row, const char *name)
{
	return row->len > strlen(name) && strncasecmp(row->text, name, strlen(name)) == 0;
}

/* git-mailinfo(1): where a mail's text ends. */
static bool ends_text(const struct patch_row *row)
{
	if (patch_row_starts(row, "diff -") || patch_row_starts(row, "Index: "))
		return true;
	struct patch_row rest = {.text = row->text + 3, .len = row->len - 3};
	return patch_row_starts(row, "---") &&
	       (patch_row_is_blank(&rest) || (row->len > 4 && row->text[3] == ' ' && row->text[4] > ' '));
}

/* "--BOUNDARY", then a head of its own (RFC 2046 section 5.1). */
static bool begins_part(const struct patch_row *row, const struct patch_scan *s)
{
	struct patch_row next;
	return patch_row_starts(row, "--") && patch_peek(s, &next) && is_named(&next, "Content-") && is_field(&next);
}

static void begin_head(struct patch_rows *r, bool mail)
{
	r->part = PATCH_IN_HEAD;
	r->field = (struct patch_row){.len = 0};
	r->from = r->subject = mail;
}

static void pass_head(struct patch_rows *r, const struct patch_row *row)
{
	bool folded = r->field.text && row->len && (row->text[0] == ' ' || row->text[0] == '\t');
	if (patch_row_is_blank(row)) {
		r->part = r->from && r->subject ? PATCH_IN_TEXT : PATCH_IN_PATCH;
	} else if (is_field(row)) {
		r->from |= is_named(row, "From:");
		r->subject |= is_named(row, "Subject:");
		r->field = *row;
	} else if (folded) {
		/* The field is its first row and those that follow it. */
		r->field.len = (size_t)(row->text + row->len - r->field.text);
	} else {
		r->part = PATCH_IN_PATCH;
	}
}

void patch_rows_pass(struct patch_rows *r, struct patch_scan *s)
{
	struct patch_row row;
	enum patch_row_kind kind = patch_rows_kind(r, s);
	if (!r->indented && patch_row_indented(s))
		r->indented = s->line;
	patch_next(s, &row);
	patch_row_trim(&row);
	r->property |= patch_row_starts(&row, "Property changes on: ");
	if (kind == PATCH_ROW_MAIL) {
		r->section = r->property = false;
		r->log = is_commit(&row);
		if (r->log)
			r->part = PATCH_IN_PATCH;
		else
			begin_head(r, /* mail= */ true);
	} else if (r->part == PATCH_IN_HEAD) {
		pass_head(r, &row);
	} else if (begins_part(&row, s)) {
		begin_head(r, /* mail= */ true);
	} else if (r->part == PATCH_IN_TEXT && ends_text(&row)) {
		r->part = PATCH_IN_PATCH;
	} else if (r->part == PATCH_AT_START && is_field(&row)) {
		begin_head(r, /* mail= */ false);
		pass_head(r, &row);
	} else if (r->part == PATCH_AT_START && !patch_row_is_blank(&row)) {
		r->part = PATCH_IN_PATCH;
	}
	r->last = row;
}

void patch_rows_section(struct patch_rows *r)
{
	r->part = PATCH_IN_PATCH;
	r->section = true;
	r->log = r->property = false;
	r->last = (struct patch_row){.len = 0};
}

bool patch_rows_in_text(const struct patch_rows *r)
{
	return r->part == PATCH_IN_HEAD || r->part == PATCH_IN_TEXT;
}

bool patch_row_indented(const struct patch_scan *s)
{
	struct patch_scan ahead = *s;
	struct patch_row row, next;
	patch_next(&ahead, &row);
	size_t n = 0;
	while (n < row.len && strchr(" \t>|", row.text[n]) && row.text[n])
		n++;
	struct patch_row rest = {.text = row.text + n, .len = row.len - n};
	if (!n || !patch_next(&ahead, &next) || next.len < n || memcmp(next.text, row.text, n) != 0)
		return false;
	struct patch_row below = {.text = next.text + n, .len = next.len - n};
	return patch_row_starts(&rest, "diff --git ") ||
	       (patch_row_starts(&rest, "--- ") && patch_row_starts(&below, "+++ "));
}

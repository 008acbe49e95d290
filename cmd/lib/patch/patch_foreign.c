#include "patch/patch_foreign.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "fmt/packing.h"
#include "patch/patch_blanks.h"

/* What a file is that begins with these bytes. */
struct start {
	const char *bytes;
	size_t size;
	const char *what, *way_out;
};

static const char to_utf8[] = "make it again with git diff --output=FILE, or convert it: iconv -t UTF-8 -f ";

/* The Unicode Standard, section 23.8; the longer one first. */
static const struct start starts[] = {
	{"\xff\xfe\0\0", 4, "UTF-32", "UTF-32"},   {"\0\0\xfe\xff", 4, "UTF-32", "UTF-32"},
	{"\xff\xfe", 2, "UTF-16", "UTF-16"},       {"\xfe\xff", 2, "UTF-16", "UTF-16"},
	{"PK\3\4", 4, "packed (zip)", "unzip -p"}, {"\x1f\x9d", 2, "packed (compress)", "gzip -dc"},
	{"LZIP", 4, "packed (lzip)", "lzip -dc"},
};

static struct err *is_other(const struct patch_input *input, const char *what, const char *way_out)
{
	struct err *e = err_new(ERR_CORRUPT, "patch '%s' is %s, not plain text", input->name, what);
	if (str_starts(what, "UTF"))
		return err_hint(e, "%s%s %s", to_utf8, way_out, input->name);
	return err_hint(e, "unpack it: %s %s > FILE", way_out, input->name);
}

/* Every second byte of an ASCII text in UTF-16 is 0. */
static const char *wide_text(const struct patch_input *input)
{
	enum { ENOUGH = 8 };
	bool little = input->size >= ENOUGH, big = little;
	for (size_t i = 0; i < ENOUGH && (little || big); i++) {
		little &= !input->text[i] == (i % 2 == 1);
		big &= !input->text[i] == (i % 2 == 0);
	}
	return little ? "UTF-16LE" : big ? "UTF-16BE" : NULL;
}

struct err *patch_foreign_whole(const struct patch_input *input)
{
	static const char *const unpackers[][3] = {{"gz", "packed (gzip)", "gzip -dc"},
						   {"xz", "packed (xz)", "xz -dc"},
						   {"bz2", "packed (bzip2)", "bzip2 -dc"},
						   {"zst", "packed (zstd)", "zstd -dc"}};
	const char *packing = packing_of(input->text, input->size);
	for (size_t i = 0; i < ARRAY_LEN(unpackers); i++)
		if (streq(packing, unpackers[i][0]))
			return is_other(input, unpackers[i][1], unpackers[i][2]);
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (input->size >= starts[i].size && memcmp(input->text, starts[i].bytes, starts[i].size) == 0)
			return is_other(input, starts[i].what, starts[i].way_out);
	const char *wide = wide_text(input);
	if (wide)
		return is_other(input, "UTF-16", wide);
	if (input->size && memchr(input->text, '\r', input->size) && !memchr(input->text, '\n', input->size))
		return err_hint(err_new(ERR_CORRUPT, "the lines of patch '%s' end in CR alone", input->name),
				"convert it: tr '\\r' '\\n' < %s > FILE", input->name);
	return NULL;
}

static struct err *another_format(const struct patch_scan *s, size_t line, const char *what, const char *way_out)
{
	return err_hint(err_new(ERR_USAGE, "patch '%s', line %zu: this %s", s->input->name, line, what), "%s", way_out);
}

/* The value of the head's field @name, whose rows end before the cursor, or NULL. */
static const char *field_value(const struct patch_rows *r, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);
	if (r->part != PATCH_IN_HEAD || r->field.len < n || strncasecmp(r->field.text, name, n) != 0)
		return NULL;
	*ret_len = r->field.len - n;
	return r->field.text + n;
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* A mail's head that says that what follows are not the patch's own bytes (RFC 2045 section 6, RFC 3676). */
static struct err *check_head(const struct patch_rows *r, const struct patch_scan *s)
{
	static const char *const kinds[] = {"quoted-printable", "base64"};
	static const char decode[] =
		"decode it: git mailinfo HEAD-FILE PATCH-FILE < MAIL, or git am and git format-patch";
	static const char flowed[] = "format=flowed";
	size_t len = 0;
	const char *p = field_value(r, "Content-Transfer-Encoding:", &len);
	for (; p && len && is_one_of(*p, " \t\r\n\""); p++)
		len--;
	while (p && len && is_one_of(p[len - 1], " \t\r\n\";"))
		len--;
	for (size_t i = 0; p && i < ARRAY_LEN(kinds); i++)
		if (len == strlen(kinds[i]) && strncasecmp(p, kinds[i], len) == 0)
			return another_format(s, s->line - 1, "mail's text is encoded", decode);
	p = field_value(r, "Content-Type:", &len);
	for (; p && len >= sizeof(flowed) - 1; p++, len--)
		if (strncasecmp(p, flowed, sizeof(flowed) - 1) == 0)
			return another_format(s, s->line - 1, "mail's lines are flowed, not the patch's own", decode);
	return NULL;
}

/* The rows at the cursor that tell formats apart. */
struct ahead {
	struct patch_row row, second, third;
	bool has_second, has_third;
};

static struct ahead look_ahead(const struct patch_scan *s)
{
	struct patch_scan scan = *s;
	struct ahead a = {.has_second = false};
	patch_next(&scan, &a.row);
	a.has_second = patch_next(&scan, &a.second);
	a.has_third = patch_next(&scan, &a.third);
	patch_row_trim(&a.row);
	if (a.has_second)
		patch_row_trim(&a.second);
	if (a.has_third)
		patch_row_trim(&a.third);
	return a;
}

static bool row_is(const struct patch_row *row, const char *text)
{
	return row->len == strlen(text) && patch_row_starts(row, text);
}

static struct err *check_format(const struct patch_scan *s, const struct ahead *a)
{
	if (patch_row_starts(&a->row, "diff --cc ") || patch_row_starts(&a->row, "diff --combined ") ||
	    patch_row_starts(&a->row, "@@@ -"))
		return another_format(s, s->line, "is a merge's combined diff",
				      "make it again against one parent, with git diff");
	if (patch_row_starts(&a->row, "*** ") && a->has_third && patch_row_starts(&a->second, "--- ") &&
	    patch_row_starts(&a->third, "***************"))
		return another_format(s, s->line, "is a context diff", "make it again with diff -u");
	if (row_is(&a->row, "-----BEGIN PGP SIGNED MESSAGE-----"))
		return another_format(s, s->line, "is a signed message, whose lines are not the patch's own",
				      "take the text out of it: gpg --decrypt MESSAGE > FILE");
	if (memchr(a->row.text, '\0', a->row.len))
		return err_hint(patch_damaged(s, s->line, "a NUL byte between diffs: UTF-16, or no patch at all"),
				"make it again with git diff --output=FILE");
	return NULL;
}

/* "--- NAME" that no hunk follows. */
static struct err *check_names(const struct patch_scan *s, const struct ahead *a)
{
	if (!patch_row_starts(&a->row, "--- ") || a->row.len == 4)
		return NULL;
	bool has_names = a->has_second && patch_row_starts(&a->second, "+++ ");
	if (!a->has_second || (has_names && !a->has_third))
		return err_hint(patch_damaged(s, s->line, "the patch ends inside a file's header"),
				"fetch the patch again: part of it is missing");
	/* svn writes both names above properties, too. */
	if (!has_names || patch_row_is_blank(&a->third) || patch_row_starts(&a->third, "Property changes on"))
		return NULL;
	return err_hint(patch_damaged(s, s->line, "no hunk follows these two names"),
			"fetch the patch again; or take both lines out of it when the file does not change");
}

static bool pass_range(const char **p, const char *end)
{
	size_t n = 0;
	if (!patch_number(p, end, &n))
		return false;
	if (*p == end || **p != ',')
		return true;
	++*p;
	return patch_number(p, end, &n);
}

/* "5c5", "1,2d0" with @both sides; "5c", "1,2d" without. */
static bool is_command(const struct patch_row *row, bool both)
{
	const char *p = row->text, *end = row->text + row->len;
	if (!pass_range(&p, end) || p == end || !is_one_of(*p, "acd"))
		return false;
	p++;
	return both ? pass_range(&p, end) && p == end : p == end;
}

static struct err *check_commands(const struct patch_rows *r, const struct patch_scan *s, const struct ahead *a)
{
	if (is_command(&a->row, /* both= */ true) && a->has_second &&
	    (patch_row_starts(&a->second, "<") || patch_row_starts(&a->second, ">")))
		return another_format(s, s->line, "is a normal diff, which names no file",
				      "make it again with diff -u");
	bool begins =
		!r->last.text ? !r->section : patch_row_starts(&r->last, "diff ") || patch_row_starts(&r->last, "====");
	if (begins && is_command(&a->row, /* both= */ false))
		return another_format(s, s->line, "is a diff in ed's commands", "make it again with diff -u");
	return NULL;
}

/* Lines of git's headers that are nothing else, and hunks: they belong to a file whose name was lost. */
static bool is_orphan(const struct patch_row *row)
{
	static const char *const words[] = {"old mode 1", "new mode 1", "deleted file mode 1", "new file mode 1"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (patch_row_starts(row, words[i]) && row->len == strlen(words[i]) + 5)
			return true;
	static const char similarity[] = "similarity index ";
	if (patch_row_starts(row, similarity)) {
		const char *p = row->text + sizeof(similarity) - 1, *end = row->text + row->len;
		size_t n = 0;
		return patch_number(&p, end, &n) && end - p == 1 && *p == '%';
	}
	return patch_row_starts(row, "@@ -") || row_is(row, "GIT binary patch");
}

/* A file that differs, and nothing of how: an empty one that comes or goes, or only its properties do. */
static struct err *check_nothing(const struct patch_rows *r, const struct patch_scan *s, const struct ahead *a)
{
	static const char way_out[] = "make it again with git diff, which says it; or take that line out of the patch";
	bool index = patch_row_starts(&a->row, "Index: ") && a->has_second && patch_row_starts(&a->second, "====") &&
		     (!a->has_third || patch_row_starts(&a->third, "Index: "));
	bool all = patch_row_starts(&a->row, "diff -") && a->row.len > 6 && a->row.text[6] != '-' &&
		   (!a->has_second || patch_row_starts(&a->second, "diff -"));
	const char *options = all ? memchr(a->row.text + 5, ' ', a->row.len - 5) : NULL;
	bool has_n = options && (memchr(a->row.text, 'N', (size_t)(options - a->row.text)) ||
				 patch_row_starts(&a->row, "diff -r 0") || memmem(a->row.text, a->row.len, " -N ", 4));
	if (index || has_n)
		return err_hint(patch_damaged(s, s->line, "a file differs, and the patch does not say in what: '%.*s'",
					      (int)(a->row.len < 200 ? a->row.len : 200), a->row.text),
				"%s", way_out);
	const char *p = memmem(a->row.text, a->row.len, ": svn:", 6);
	struct patch_row rest = {.text = p, .len = p ? (size_t)(a->row.text + a->row.len - p) : 0};
	if (r->property && p && (row_is(&rest, ": svn:executable") || row_is(&rest, ": svn:special")))
		return err_hint(patch_damaged(s, s->line, "a file's mode changes by a property of svn"), "%s", way_out);
	return NULL;
}

struct err *patch_foreign_row(const struct patch_rows *r, const struct patch_scan *s)
{
	struct ahead a = look_ahead(s);
	TRY(check_head(r, s));
	TRY(check_format(s, &a));
	TRY(check_names(s, &a));
	if (patch_rows_in_text(r))
		return NULL;
	TRY(patch_foreign_hidden(s, &a.row));
	if (is_orphan(&a.row))
		return patch_damaged(s, s->line, "a hunk belongs to no file: its header is missing or damaged");
	TRY(check_commands(r, s, &a));
	TRY(check_nothing(r, s, &a));
	if (r->section && !r->log && patch_row_indented(s))
		return err_hint(patch_damaged(s, s->line, "a diff is indented: whether it is one or words is not said"),
				"take the blanks before its lines away, or the lines out of the patch");
	return NULL;
}

struct err *patch_foreign_none(const struct patch_rows *r, const struct patch_input *input)
{
	struct err *e = err_new(ERR_CORRUPT, "patch '%s' contains no diff", input->name);
	const char *end = input->text + input->size, *p = input->text;
	while (p < end && is_one_of(*p, " \t\r\n"))
		p++;
	if (r->indented)
		return err_hint(e, "the diff of line %zu is indented: take the blanks before its lines away",
				r->indented);
	if (p < end && *p == '<')
		return err_hint(e, "it is a web page: fetch the patch in its raw form");
	return e;
}

/* The start of @row as it looks: all blanks alike, without what takes no room, dashes as they are typed. */
static size_t look_of(const struct patch_row *row, char *out, size_t room)
{
	size_t n = 0;
	for (size_t i = 0, step = 0; i < row->len && n + 2 < room; i += step) {
		int32_t point = 0;
		step = patch_blank_at(row->text + i, row->len - i);
		if (step) {
			bool takes_room = patch_blank_takes_room(row->text + i, row->len - i);
			if (takes_room)
				out[n++] = ' ';
			continue;
		}
		step = utf8_next(row->text + i, row->len - i, &point);
		bool dash = (point >= 0x2010 && point <= 0x2015) || point == 0x2212;
		out[n++] = dash ? '-' : point >= 0x80 || point < 0 ? '?' : (char)point;
		if (point == 0x2014)
			out[n++] = '-';
	}
	return n;
}

struct err *patch_foreign_hidden(const struct patch_scan *s, const struct patch_row *row)
{
	static const char *const headers[] = {"diff --git ",      "+++ ",       "@@ -",
					      "rename from ",     "rename to ", "copy from ",
					      "copy to ",         "old mode ",  "deleted file mode ",
					      "new file mode ",   "new mode ",  "similarity index ",
					      "GIT binary patch", "--- a/",     "--- /dev/null"};
	char look[64];
	size_t n = look_of(row, look, sizeof(look));
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		size_t len = strlen(headers[i]), column = 0;
		if (n < len || memcmp(look, headers[i], len) != 0 || patch_row_starts(row, headers[i]))
			continue;
		size_t at = patch_first_difference(row->text, row->len, headers[i], len, &column);
		AUTO(str) has = STR_INIT;
		str_add_patch_char(&has, row->text + at, row->len - at);
		return err_hint(patch_damaged(s, s->line, "this would begin with '%s', but for %s at column %zu",
					      headers[i], str_text(&has), column),
				"fetch the patch again in its raw form: a web page, a mail program or an editor "
				"changed it");
	}
	return NULL;
}

/* Files of a patch: git sections, plain sections, and the prose between them. */
#include <stdlib.h>
#include <string.h>

#include "patch/patch_scan.h"
#include "patch/patch_set.h"

static struct patch_file *add_file(struct patch_set *set, size_t group, size_t line)
{
	set->files = mem_grow(set->files, &set->file_cap, set->file_count + 1, sizeof(*set->files));
	struct patch_file *f = &set->files[set->file_count++];
	*f = (struct patch_file){.group = group, .line = line};
	return f;
}

/* Names of one section as its headers give them, the more exact ones winning at the end. */
struct names {
	struct patch_name pair_old, pair_new; /* diff --git */
	struct patch_name old, new;           /* --- and +++ */
	struct patch_name from, to;           /* rename, copy */
};

static void names_done(struct names *n)
{
	patch_name_done(&n->pair_old);
	patch_name_done(&n->pair_new);
	patch_name_done(&n->old);
	patch_name_done(&n->new);
	patch_name_done(&n->from);
	patch_name_done(&n->to);
}

enum field {
	FIELD_OLD_MODE,
	FIELD_NEW_MODE,
	FIELD_DELETED,
	FIELD_CREATED,
	FIELD_COPY_FROM,
	FIELD_COPY_TO,
	FIELD_RENAME_FROM,
	FIELD_RENAME_TO,
	FIELD_SIMILARITY,
	FIELD_INDEX,
	FIELD_OLD_NAME,
	FIELD_NEW_NAME,
	FIELD_NONE,
};

/* https://git-scm.com/docs/diff-format#generate_patch_text_with_p */
static enum field find_field(const struct patch_row *row, size_t *ret_skip)
{
	static const struct {
		const char *prefix;
		enum field field;
	} fields[] = {
		{"old mode ", FIELD_OLD_MODE},
		{"new mode ", FIELD_NEW_MODE},
		{"deleted file mode ", FIELD_DELETED},
		{"new file mode ", FIELD_CREATED},
		{"copy from ", FIELD_COPY_FROM},
		{"copy to ", FIELD_COPY_TO},
		{"rename from ", FIELD_RENAME_FROM},
		{"rename to ", FIELD_RENAME_TO},
		{"rename old ", FIELD_RENAME_FROM},
		{"rename new ", FIELD_RENAME_TO},
		{"similarity index ", FIELD_SIMILARITY},
		{"dissimilarity index ", FIELD_SIMILARITY},
		{"index ", FIELD_INDEX},
		{"--- ", FIELD_OLD_NAME},
		{"+++ ", FIELD_NEW_NAME},
	};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (patch_row_starts(row, fields[i].prefix)) {
			*ret_skip = strlen(fields[i].prefix);
			return fields[i].field;
		}
	}
	return FIELD_NONE;
}

static struct err *parse_mode(const struct patch_scan *s, const char *p, const char *end, unsigned *ret)
{
	unsigned mode = 0;
	const char *start = p;
	for (; p < end && p - start < 6 && *p >= '0' && *p <= '7'; p++)
		mode = mode * 8 + (unsigned)(*p - '0');
	if (p != end || p == start)
		return patch_damaged(s, s->line, "a file mode is damaged");
	if ((mode & 0170000) != 0100000 && mode != 0120000 && mode != PATCH_GITLINK)
		return patch_damaged(s, s->line, "a file of mode %o is neither a regular file nor a symbolic link",
				     mode);
	*ret = mode;
	return NULL;
}

static size_t copy_id(const char *p, const char *end, char ret[PATCH_ID_MAX])
{
	size_t n = 0;
	for (; p < end && n < PATCH_ID_MAX - 1 && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f')); p++)
		ret[n++] = *p;
	ret[n] = '\0';
	return n;
}

/* "index OLD..NEW [MODE]" */
static struct err *parse_index(const struct patch_scan *s, const char *p, const char *end, struct patch_file *f)
{
	size_t n = copy_id(p, end, f->old_id);
	p += n;
	if (!n || end - p < 2 || memcmp(p, "..", 2) != 0)
		return patch_damaged(s, s->line, "an index line is damaged");
	p += 2;
	n = copy_id(p, end, f->new_id);
	p += n;
	if (!n || (p < end && *p != ' '))
		return patch_damaged(s, s->line, "an index line is damaged");
	if (p == end)
		return NULL;
	unsigned mode = 0;
	TRY(parse_mode(s, p + 1, end, &mode));
	f->old_mode = f->old_mode ? f->old_mode : mode;
	f->new_mode = f->new_mode ? f->new_mode : mode;
	return NULL;
}

static struct err *parse_field(const struct patch_scan *s, enum field field, const char *p, size_t len,
			       struct patch_file *f, struct names *n)
{
	const char *end = p + len;
	switch (field) {
	case FIELD_OLD_MODE:
		f->chmod = true;
		return parse_mode(s, p, end, &f->old_mode);
	case FIELD_NEW_MODE:
		f->chmod = true;
		return parse_mode(s, p, end, &f->new_mode);
	case FIELD_DELETED:
		f->op = PATCH_DELETE;
		return parse_mode(s, p, end, &f->old_mode);
	case FIELD_CREATED:
		f->op = PATCH_CREATE;
		return parse_mode(s, p, end, &f->new_mode);
	case FIELD_COPY_FROM:
	case FIELD_RENAME_FROM:
		f->op = field == FIELD_COPY_FROM ? PATCH_COPY : PATCH_RENAME;
		patch_name_done(&n->from);
		return patch_name_bare(s, p, len, &n->from);
	case FIELD_COPY_TO:
	case FIELD_RENAME_TO:
		patch_name_done(&n->to);
		return patch_name_bare(s, p, len, &n->to);
	case FIELD_INDEX:
		return parse_index(s, p, end, f);
	case FIELD_OLD_NAME:
		return patch_name_header(s, p, len, &n->old);
	case FIELD_NEW_NAME:
		return patch_name_header(s, p, len, &n->new);
	case FIELD_SIMILARITY:
	case FIELD_NONE:
		break;
	}
	return NULL;
}

/* One block of "GIT binary patch": "literal SIZE" or "delta SIZE", rows of base85, an empty row. */
static struct err *parse_binary_block(struct patch_scan *s, struct patch_binary *b, bool *ret_found)
{
	struct patch_row row;
	*ret_found = false;
	if (!patch_peek(s, &row))
		return NULL;
	patch_row_trim(&row);
	size_t skip = patch_row_starts(&row, "literal ") ? 8 : patch_row_starts(&row, "delta ") ? 6 : 0;
	const char *p = row.text + skip;
	const char *end = row.text + row.len;
	if (!skip)
		return NULL;
	if (!patch_number(&p, end, &b->size) || p != end || b->size > PATCH_BINARY_MAX)
		return patch_damaged(s, s->line, "a binary hunk's size is damaged or larger than %d bytes",
				     PATCH_BINARY_MAX);
	b->kind = skip == 8 ? PATCH_BINARY_LITERAL : PATCH_BINARY_DELTA;
	patch_next(s, &row);
	b->text = s->at;
	size_t first = s->line;
	do {
		b->text_size = (size_t)(s->at - b->text);
		if (!patch_next(s, &row) || !row.eol)
			return err_hint(
				patch_damaged(s, s->line, "the binary hunk of line %zu is cut short", first - 1),
				"fetch the patch again: part of it is missing");
		patch_row_trim(&row);
	} while (row.len);
	*ret_found = true;
	return NULL;
}

static struct err *parse_binary(struct patch_scan *s, struct patch_file *f)
{
	struct patch_row row;
	bool found = false;
	size_t line = s->line;
	patch_next(s, &row);
	TRY(parse_binary_block(s, &f->forward, &found));
	if (!found)
		return patch_damaged(s, line, "a binary patch without data");
	return parse_binary_block(s, &f->backward, &found);
}

static bool is_binary_notice(const struct patch_row *row)
{
	static const char tail[] = " differ";
	size_t n = sizeof(tail) - 1;
	return (patch_row_starts(row, "Binary files ") || patch_row_starts(row, "Files ")) && row->len > n &&
	       memcmp(row->text + row->len - n, tail, n) == 0;
}

bool patch_id_is_empty(const char *id)
{
	static const char empty_blob[] = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
	return strlen(id) >= 7 && strncmp(id, empty_blob, strlen(id)) == 0;
}

/* A header that promises a change of content and is followed by none lost its end. */
static bool lacks_content(const struct patch_file *f, bool has_names)
{
	if (f->hunk_count || f->forward.kind || f->binary_missing)
		return false;
	if (has_names)
		return true;
	if (!*f->old_id)
		return f->op == PATCH_MODIFY && !(f->chmod && f->old_mode && f->new_mode);
	if (f->op == PATCH_CREATE)
		return !patch_id_is_empty(f->new_id);
	if (f->op == PATCH_DELETE)
		return !patch_id_is_empty(f->old_id);
	return strcmp(f->old_id, f->new_id) != 0 || (f->op == PATCH_MODIFY && !f->chmod);
}

static struct err *set_name(const struct patch_scan *s, struct patch_name *from, char **ret_path, struct patch_file *f)
{
	if (from->fault)
		return patch_damaged(s, from->line, "%s", from->fault);
	if (!from->absent && !from->path && from->raw)
		f->strip_failed = true;
	*ret_path = TAKE(from->path);
	if (!f->raw || f->strip_failed)
		if (!from->absent && from->raw) {
			free(f->raw);
			f->raw = TAKE(from->raw);
		}
	return NULL;
}

/* Of a rename or copy: "rename from" and "rename to", unless the other headers place both below a submodule. */
static struct err *settle_moved(const struct patch_scan *s, struct names *n, struct patch_file *f)
{
	struct patch_name *from = &n->from, *to = &n->to;
	if (!from->raw || !to->raw)
		return patch_damaged(s, f->line, "a rename or copy lacks one of its names");
	if (from->path && to->path && n->old.path && n->new.path) {
		if (!patch_names_below(n->old.path, n->new.path, from->path, to->path))
			return patch_damaged(s, f->line, "a rename or copy has two different pairs of names");
		from = &n->old;
		to = &n->new;
	} else if (from->path && to->path && !n->pair_old.path && n->pair_new.raw) {
		AUTO_FREE char *pair = mem_strdup(n->pair_new.raw);
		TRY(patch_name_moved(s, pair, from->path, to->path, &n->pair_old, &n->pair_new));
		if (n->pair_old.path && n->pair_new.path) {
			from = &n->pair_old;
			to = &n->pair_new;
		}
	}
	TRY(set_name(s, from, &f->old_path, f));
	return set_name(s, to, &f->new_path, f);
}

/* The kind of change, when only a /dev/null says it, and the names. */
static struct err *settle_kept(const struct patch_scan *s, struct names *n, struct patch_file *f, bool has_names)
{
	if (!n->pair_old.raw && !has_names)
		return patch_damaged(s, f->line, "no file name in this 'diff --git' line at strip %d", s->input->strip);
	if (has_names && n->old.absent && f->op == PATCH_MODIFY)
		f->op = PATCH_CREATE;
	if (has_names && n->new.absent && f->op == PATCH_MODIFY)
		f->op = PATCH_DELETE;
	if (f->op != PATCH_CREATE)
		TRY(set_name(s, has_names ? &n->old : &n->pair_old, &f->old_path, f));
	if (f->op != PATCH_DELETE)
		TRY(set_name(s, has_names ? &n->new : &n->pair_new, &f->new_path, f));
	if (!f->strip_failed && ((f->op != PATCH_CREATE && !f->old_path) || (f->op != PATCH_DELETE && !f->new_path)))
		return patch_damaged(s, f->line, "a file has no name where it needs one");
	return NULL;
}

static struct err *settle_git(const struct patch_scan *s, struct names *n, struct patch_file *f)
{
	bool has_names = n->old.raw && n->new.raw;
	if (!has_names && (n->old.raw || n->new.raw))
		return patch_damaged(s, f->line, "one of the lines '---' and '+++' is missing");
	if (f->op == PATCH_RENAME || f->op == PATCH_COPY)
		TRY(settle_moved(s, n, f));
	else
		TRY(settle_kept(s, n, f, has_names));
	if (lacks_content(f, has_names))
		return err_hint(
			patch_damaged(s, s->line, "the section of line %zu has no content: it is cut short", f->line),
			"fetch the patch again: part of it is missing");
	return NULL;
}

static struct err *parse_git_rows(struct patch_scan *s, struct patch_set *set, struct names *n)
{
	struct patch_file *f = &set->files[set->file_count - 1];
	struct patch_row row;
	size_t skip = 0;
	patch_next(s, &row);
	f->crlf = patch_row_trim(&row);
	f->git = true;
	TRY(patch_name_pair(s, row.text + 11, row.len - 11, &n->pair_old, &n->pair_new));
	while (patch_peek(s, &row)) {
		bool crlf = patch_row_trim(&row);
		enum field field = find_field(&row, &skip);
		if (field == FIELD_NONE || (field == FIELD_OLD_NAME && n->old.raw) ||
		    (field == FIELD_NEW_NAME && (n->new.raw || !n->old.raw)))
			break;
		f->crlf |= crlf;
		TRY(parse_field(s, field, row.text + skip, row.len - skip, f, n));
		patch_next(s, &row);
	}
	if (!patch_peek(s, &row))
		return NULL;
	patch_row_trim(&row);
	if (patch_row_starts(&row, "@@") && n->new.raw)
		return patch_parse_hunks(s, set);
	if (patch_row_starts(&row, "GIT binary patch"))
		return parse_binary(s, f);
	f->binary_missing = is_binary_notice(&row);
	if (f->binary_missing)
		patch_next(s, &row);
	return NULL;
}

static struct err *parse_git(struct patch_scan *s, struct patch_set *set, size_t group)
{
	struct names n = {0};
	add_file(set, group, s->line);
	struct err *e = parse_git_rows(s, set, &n);
	if (!e)
		e = settle_git(s, &n, &set->files[set->file_count - 1]);
	names_done(&n);
	return e;
}

/* A name that is too short for the strip, absolute or outside the tree is passed over when the other one is of use: the
 * trees were made beside each other, at any place. */
static struct patch_name *one_of(struct patch_name *wanted, struct patch_name *other)
{
	return !wanted->path && other->path ? other : wanted;
}

static struct err *settle_plain(const struct patch_scan *s, struct patch_set *set, struct names *n)
{
	struct patch_file *f = &set->files[set->file_count - 1];
	const struct patch_hunk *h = &set->hunks[f->hunk_first];
	bool one = f->hunk_count == 1;
	if (n->old.absent && n->new.absent)
		return patch_damaged(s, f->line, "both sides are /dev/null");
	if (n->old.absent || (n->old.epoch && one && !h->old_count && !h->old_start))
		f->op = PATCH_CREATE;
	else if (n->new.absent || (n->new.epoch &&one && !h->new_count && !h->new_start))
		f->op = PATCH_DELETE;
	else
		f->maybe_create = one && !h->old_count && !h->old_start;
	if (f->op == PATCH_CREATE)
		return set_name(s, one_of(&n->new, &n->old), &f->new_path, f);
	if (f->op == PATCH_DELETE)
		return set_name(s, one_of(&n->old, &n->new), &f->old_path, f);
	if (n->old.path)
		TRY(set_name(s, &n->old, &f->old_path, f));
	return n->new.path || !f->old_path ? set_name(s, &n->new, &f->new_path, f) : NULL;
}

static struct err *parse_plain_rows(struct patch_scan *s, struct patch_set *set, struct names *n)
{
	struct patch_row row;
	patch_peek(s, &row);
	bool crlf = patch_row_trim(&row);
	TRY(patch_name_header(s, row.text + 4, row.len - 4, &n->old));
	patch_next(s, &row);
	patch_peek(s, &row);
	crlf |= patch_row_trim(&row);
	set->files[set->file_count - 1].crlf = crlf;
	TRY(patch_name_header(s, row.text + 4, row.len - 4, &n->new));
	patch_next(s, &row);
	TRY(patch_parse_hunks(s, set));
	return settle_plain(s, set, n);
}

static struct err *parse_plain(struct patch_scan *s, struct patch_set *set, size_t group)
{
	struct names n = {0};
	add_file(set, group, s->line);
	struct err *e = parse_plain_rows(s, set, &n);
	names_done(&n);
	return e;
}

/* "Binary files A and B differ" of a plain diff: a change without its data. */
static struct err *parse_plain_binary(struct patch_scan *s, struct patch_set *set, size_t group)
{
	struct patch_row row;
	struct patch_name name = {0};
	struct patch_file *f = add_file(set, group, s->line);
	patch_next(s, &row);
	patch_row_trim(&row);
	const char *end = row.text + row.len - 7;
	const char *start = end;
	for (const char *p = row.text; end - p > 5; p++)
		if (memcmp(p, " and ", 5) == 0)
			start = p + 5;
	f->binary_missing = true;
	struct err *e = patch_name_header(s, start, (size_t)(end - start), &name);
	if (!e)
		e = set_name(s, &name, &f->new_path, f);
	patch_name_done(&name);
	return e;
}

enum row_kind {
	ROW_PROSE,
	ROW_GIT,
	ROW_PLAIN,
	ROW_CONTEXT,
	ROW_COMBINED,
	ROW_ENCODED,
	ROW_BINARY,
	ROW_HUNK,
	ROW_MAIL,
	ROW_CUT
};

/* The separator of mails: "From <40 hex digits> Mon Sep 17 00:00:00 2001". */
static bool is_mail(const struct patch_row *row)
{
	char id[PATCH_ID_MAX];
	return patch_row_starts(row, "From ") && copy_id(row->text + 5, row->text + row->len, id) >= 40;
}

/* A mail's header that says that what follows are not the patch's own bytes (RFC 2045 section 6). */
static bool is_encoded(const struct patch_row *row)
{
	static const char field[] = "Content-Transfer-Encoding:";
	static const char *const kinds[] = {"quoted-printable", "base64"};
	size_t n = sizeof(field) - 1;
	if (row->len < n || strncasecmp(row->text, field, n) != 0)
		return false;
	while (n < row->len && (row->text[n] == ' ' || row->text[n] == '\t' || row->text[n] == '"'))
		n++;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (row->len - n >= strlen(kinds[i]) && strncasecmp(row->text + n, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

/* What the row at the cursor begins; looks at most two rows ahead. */
static enum row_kind classify(const struct patch_scan *s)
{
	struct patch_scan ahead = *s;
	struct patch_row row, second, third;
	patch_next(&ahead, &row);
	bool has_second = patch_next(&ahead, &second);
	bool has_third = patch_next(&ahead, &third);
	patch_row_trim(&row);
	if (patch_row_starts(&row, "diff --git "))
		return ROW_GIT;
	if (patch_row_starts(&row, "diff --cc ") || patch_row_starts(&row, "diff --combined "))
		return ROW_COMBINED;
	if (patch_row_starts(&row, "--- ") && row.len > 4) {
		if (has_third && patch_row_starts(&second, "+++ ") && patch_row_starts(&third, "@@"))
			return ROW_PLAIN;
		return !has_second || (!has_third && patch_row_starts(&second, "+++ ")) ? ROW_CUT : ROW_PROSE;
	}
	if (patch_row_starts(&row, "*** ") && has_third && patch_row_starts(&second, "--- ") &&
	    patch_row_starts(&third, "***************"))
		return ROW_CONTEXT;
	if (is_binary_notice(&row) && patch_row_starts(&row, "Binary"))
		return ROW_BINARY;
	if (is_encoded(&row))
		return ROW_ENCODED;
	if (is_mail(&row))
		return ROW_MAIL;
	return patch_row_starts(&row, "@@ -") || patch_row_starts(&row, "GIT binary patch") ? ROW_HUNK : ROW_PROSE;
}

static struct err *parse_rows(struct patch_scan *s, struct patch_set *set)
{
	struct patch_row row;
	size_t group = 0;
	while (patch_peek(s, &row)) {
		switch (classify(s)) {
		case ROW_GIT:
			TRY(parse_git(s, set, group));
			break;
		case ROW_PLAIN:
			TRY(parse_plain(s, set, group));
			break;
		case ROW_BINARY:
			TRY(parse_plain_binary(s, set, group));
			break;
		case ROW_CONTEXT:
			return err_hint(err_new(ERR_USAGE, "patch '%s', line %zu: this is a context diff",
						s->input->name, s->line),
					"make it again with diff -u");
		case ROW_COMBINED:
			return err_hint(err_new(ERR_USAGE, "patch '%s', line %zu: this is a merge's combined diff",
						s->input->name, s->line),
					"make it again against one parent, with git diff");
		case ROW_ENCODED:
			return err_hint(
				err_new(ERR_USAGE, "patch '%s', line %zu: this mail's text is encoded", s->input->name,
					s->line),
				"decode it: git mailinfo HEAD-FILE PATCH-FILE < MAIL, or git am and git format-patch");
		case ROW_HUNK:
			return patch_damaged(s, s->line, "a hunk belongs to no file: its header is missing or damaged");
		case ROW_CUT:
			return err_hint(patch_damaged(s, s->line, "the patch ends inside a file's header"),
					"fetch the patch again: part of it is missing");
		case ROW_MAIL:
			group++;
			patch_next(s, &row);
			break;
		case ROW_PROSE:
			patch_next(s, &row);
			break;
		}
	}
	return NULL;
}

struct err *patch_parse(const struct patch_input *input, struct patch_set *ret)
{
	struct patch_scan s = patch_scan_of(input);
	*ret = (struct patch_set){.name = input->name};
	struct err *e = parse_rows(&s, ret);
	if (!e && input->size && !ret->file_count)
		e = err_new(ERR_CORRUPT, "patch '%s' contains no diff", input->name);
	if (e)
		patch_set_done(ret);
	return e;
}

/* Files of a patch: git sections and plain sections. */
#include <stdlib.h>
#include <string.h>

#include "patch/patch_foreign.h"
#include "patch/patch_rows.h"
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
	if (row.len == 16 && patch_row_starts(&row, "GIT binary patch"))
		return parse_binary(s, f);
	TRY(patch_foreign_hidden(s, &row));
	f->binary_missing = patch_row_is_binary(&row);
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

/* The name in "Binary files A and B differ", the second; in hg's "Binary file A has changed", the one. */
static void find_binary_name(const struct patch_row *row, const char **ret_start, const char **ret_end)
{
	static const char changed[] = " has changed", differ[] = " differ";
	bool one = patch_row_starts(row, "Binary file ");
	*ret_end = row->text + row->len - (one ? sizeof(changed) : sizeof(differ)) + 1;
	*ret_start = one ? row->text + 12 : *ret_end;
	for (const char *p = row->text; !one && *ret_end - p > 5; p++)
		if (memcmp(p, " and ", 5) == 0)
			*ret_start = p + 5;
}

/* A change of a plain diff without its data. */
static struct err *parse_plain_binary(struct patch_scan *s, struct patch_set *set, size_t group)
{
	struct patch_row row;
	struct patch_name name = {0};
	struct patch_file *f = add_file(set, group, s->line);
	const char *start = NULL, *end = NULL;
	f->binary_missing = true;
	patch_peek(s, &row);
	patch_row_trim(&row);
	find_binary_name(&row, &start, &end);
	size_t len = (size_t)(end - start);
	/* hg's is relative to the top, without a/. */
	struct err *e = patch_row_starts(&row, "Binary file ") ? patch_name_bare(s, start, len, &name)
							       : patch_name_header(s, start, len, &name);
	if (!e)
		e = set_name(s, &name, &f->new_path, f);
	patch_name_done(&name);
	patch_next(s, &row);
	return e;
}

/* git diff --submodule=log: other commits of a submodule, whose name stands there alone. */
static struct err *parse_submodule(struct patch_scan *s, struct patch_set *set, size_t group)
{
	struct patch_row row;
	struct patch_name name = {0};
	struct patch_file *f = add_file(set, group, s->line);
	const char *start = NULL;
	size_t len = 0;
	f->old_mode = f->new_mode = PATCH_GITLINK;
	patch_peek(s, &row);
	patch_row_submodule(&row, &start, &len);
	struct err *e = patch_name_bare(s, start, len, &name);
	if (!e)
		e = set_name(s, &name, &f->new_path, f);
	patch_name_done(&name);
	patch_next(s, &row);
	return e;
}

typedef struct err *parse_fn(struct patch_scan *s, struct patch_set *set, size_t group);

static struct err *parse_rows(struct patch_scan *s, struct patch_rows *rows, struct patch_set *set)
{
	static parse_fn *const parsers[] = {[PATCH_ROW_GIT] = parse_git,
					    [PATCH_ROW_PLAIN] = parse_plain,
					    [PATCH_ROW_BINARY] = parse_plain_binary,
					    [PATCH_ROW_SUBMODULE] = parse_submodule};
	struct patch_row row;
	size_t group = 0;
	for (patch_skip_mark(s); patch_peek(s, &row); patch_skip_mark(s)) {
		enum patch_row_kind kind = patch_rows_kind(rows, s);
		if (kind == PATCH_ROW_WORDS || kind == PATCH_ROW_MAIL) {
			group += kind == PATCH_ROW_MAIL;
			TRY(patch_foreign_row(rows, s));
			patch_rows_pass(rows, s);
		} else {
			TRY(parsers[kind](s, set, group));
			patch_rows_section(rows);
		}
	}
	return NULL;
}

struct err *patch_parse(const struct patch_input *input, struct patch_set *ret)
{
	struct patch_scan s = patch_scan_of(input);
	struct patch_rows rows = PATCH_ROWS_INIT;
	*ret = (struct patch_set){.name = input->name};
	TRY(patch_foreign_whole(input));
	struct err *e = parse_rows(&s, &rows, ret);
	if (!e && input->size && !ret->file_count)
		e = patch_foreign_none(&rows, input);
	if (e)
		patch_set_done(ret);
	return e;
}

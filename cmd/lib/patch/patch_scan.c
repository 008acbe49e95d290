#include "patch/patch_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"

struct patch_scan patch_scan_of(const struct patch_input *input)
{
	return (struct patch_scan){.input = input, .at = input->text, .end = input->text + input->size, .line = 1};
}

void patch_skip_mark(struct patch_scan *s)
{
	if (s->end - s->at >= 3 && memcmp(s->at, "\xef\xbb\xbf", 3) == 0)
		s->at += 3;
}

bool patch_peek(const struct patch_scan *s, struct patch_row *row)
{
	if (s->at == s->end)
		return false;
	const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));
	row->text = s->at;
	row->len = (size_t)((newline ? newline : s->end) - s->at);
	row->eol = newline != NULL;
	return true;
}

bool patch_next(struct patch_scan *s, struct patch_row *row)
{
	if (!patch_peek(s, row))
		return false;
	s->at += row->len + (row->eol ? 1 : 0);
	s->line++;
	return true;
}

bool patch_row_starts(const struct patch_row *row, const char *prefix)
{
	size_t n = strlen(prefix);
	return row->len >= n && memcmp(row->text, prefix, n) == 0;
}

bool patch_row_trim(struct patch_row *row)
{
	if (!row->len || row->text[row->len - 1] != '\r')
		return false;
	row->len--;
	return true;
}

struct err *patch_damaged(const struct patch_scan *s, size_t line, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	AUTO_FREE char *what = mem_vprintf(fmt, ap);
	va_end(ap);
	return err_new(ERR_CORRUPT, "patch '%s', line %zu: %s", s->input->name, line, what);
}

bool patch_number(const char **p, const char *end, size_t *ret)
{
	const char *q = *p;
	size_t n = 0;
	for (; q < end && *q >= '0' && *q <= '9'; q++) {
		if (q - *p >= 9)
			return false;
		n = n * 10 + (size_t)(*q - '0');
	}
	if (q == *p)
		return false;
	*p = q;
	*ret = n;
	return true;
}

void patch_name_done(struct patch_name *n)
{
	free(n->raw);
	free(n->path);
	free(n->fault);
	*n = (struct patch_name){0};
}

/* One escape of a C-style quoted name, after the backslash; false when it is none. */
static bool unquote_escape(const char **p, const char *end, struct str *out)
{
	static const char letters[] = "abfnrtv\"\\";
	static const char meanings[] = "\a\b\f\n\r\t\v\"\\";
	if (*p == end)
		return false;
	const char *letter = memchr(letters, **p, sizeof(letters) - 1);
	if (letter) {
		str_add_char(out, meanings[letter - letters]);
		(*p)++;
		return true;
	}
	if (end - *p < 3 || **p > '3')
		return false;
	unsigned value = 0;
	for (int i = 0; i < 3; i++, (*p)++) {
		if (**p < '0' || **p > '7')
			return false;
		value = value * 8 + (unsigned)(**p - '0');
	}
	if (!value)
		return false;
	str_add_char(out, (char)value);
	return true;
}

/* The quoted name at *@p, which stands on the opening quote and ends up after the closing one; heap or NULL. */
static char *unquote(const char **p, const char *end)
{
	AUTO(str) out = STR_INIT;
	for ((*p)++; *p < end && **p != '"';) {
		char c = *(*p)++;
		if (c != '\\')
			str_add_char(&out, c);
		else if (!unquote_escape(p, end, &out))
			return NULL;
	}
	if (*p == end)
		return NULL;
	(*p)++;
	return str_take(&out);
}

/* @raw without @strip components; runs of slashes count as one; NULL when nothing is left. Borrowed from @raw. */
static const char *strip_name(const char *raw, int strip)
{
	const char *p = raw;
	for (int i = 0; i < strip; i++) {
		p = strchr(p, '/');
		if (!p)
			return NULL;
		p += strspn(p, "/");
	}
	return *p ? p : NULL;
}

/* Found out here and not when half of the series is in place. macOS takes 1024 bytes with the tree's own path. */
enum { NAME_BYTES_MAX = 255, PATH_BYTES_MAX = 768 };

static struct err *check_parts(const struct patch_scan *s, const char *raw, const char *path)
{
	if (strlen(path) > PATH_BYTES_MAX)
		return patch_damaged(s, s->line, "a path of %zu bytes is longer than systems take", strlen(path));
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if (n > NAME_BYTES_MAX)
			return patch_damaged(s, s->line, "a name of %zu bytes is longer than file systems take", n);
		if (path_part_is_git(p, n))
			return patch_damaged(s, s->line, "'%s' is inside a .git folder", raw);
		p += n + strspn(p + n, "/");
	}
	if (str_starts(path, ".cooper-patch"))
		return patch_damaged(s, s->line, "'%s' is a name that cooper reserves while it patches", raw);
	return NULL;
}

static bool leads_outside(const char *path)
{
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && memcmp(p, "..", 2) == 0)
			return true;
		p += n + strspn(p + n, "/");
	}
	return false;
}

/* Strip, check and clean @name->raw. What is damaged or hostile is refused; what only is of no use is noted: the other
 * name of the section may do. */
static struct err *settle(const struct patch_scan *s, int strip, struct patch_name *name)
{
	if (strcmp(name->raw, "/dev/null") == 0) {
		name->absent = true;
		return NULL;
	}
	name->line = s->line;
	const char *rest = strip_name(name->raw, strip);
	if (!rest)
		return NULL;
	if (rest[0] == '/' || leads_outside(rest)) {
		name->fault = mem_printf("'%s' %s", name->raw,
					 rest[0] == '/' ? "is an absolute path" : "leads outside the tree");
		return NULL;
	}
	TRY(check_parts(s, name->raw, rest));
	name->path = path_clean(rest);
	return NULL;
}

/* Match @p against @shape, where '9' stands for any digit. */
static bool has_shape(const char *p, const char *end, const char *shape)
{
	for (; *shape; shape++, p++)
		if (p == end || (*shape == '9' ? *p < '0' || *p > '9' : *p != *shape))
			return false;
	return true;
}

static const char stamp_shape[] = "9999-99-99 99:99:99";

/* Whether "1970-01-01 01:00:00.000000000 +0100" is the epoch, as diff -N stamps a file that is not there. */
static bool is_epoch(const char *p, const char *end)
{
	enum { STAMP = sizeof(stamp_shape) - 1, MINUTES_PER_DAY = 24 * 60 };
	if (!has_shape(p, end, stamp_shape) || memcmp(p + 17, "00", 2) != 0)
		return false;
	int minutes = ((p[11] - '0') * 10 + p[12] - '0') * 60 + (p[14] - '0') * 10 + p[15] - '0';
	if (memcmp(p, "1969-12-31", 10) == 0)
		minutes -= MINUTES_PER_DAY;
	else if (memcmp(p, "1970-01-01", 10) != 0)
		return false;
	p += STAMP;
	if (p < end && *p == '.')
		for (p++; p < end && *p >= '0' && *p <= '9'; p++)
			if (*p != '0')
				return false;
	int zone = 0;
	if (has_shape(p, end, " +9999") || has_shape(p, end, " -9999")) {
		zone = ((p[2] - '0') * 10 + p[3] - '0') * 60 + (p[4] - '0') * 10 + p[5] - '0';
		zone = p[1] == '-' ? -zone : zone;
	}
	return minutes == zone;
}

/* Where an unquoted name ends: at a tab, or before a time stamp that follows a blank. */
static size_t bare_length(const char *text, size_t len)
{
	const char *tab = memchr(text, '\t', len);
	if (tab)
		return (size_t)(tab - text);
	for (size_t i = 1; i + sizeof(stamp_shape) - 1 < len + 1; i++)
		if (text[i - 1] == ' ' && has_shape(text + i, text + len, stamp_shape))
			return i - 1;
	return len;
}

struct err *patch_name_header(const struct patch_scan *s, const char *text, size_t len, struct patch_name *ret)
{
	const char *end = text + len;
	const char *p = text;
	if (len && *p == '"') {
		ret->raw = unquote(&p, end);
		if (!ret->raw)
			return patch_damaged(s, s->line, "a quoted name is broken");
	} else {
		p += bare_length(text, len);
		ret->raw = mem_strndup(text, (size_t)(p - text));
	}
	if (strlen(ret->raw) == 0 || memchr(text, '\0', len))
		return patch_damaged(s, s->line, "a name is missing");
	while (p < end && (*p == '\t' || *p == ' '))
		p++;
	ret->epoch = is_epoch(p, end);
	return settle(s, s->input->strip, ret);
}

struct err *patch_name_bare(const struct patch_scan *s, const char *text, size_t len, struct patch_name *ret)
{
	const char *p = text;
	ret->raw = len && *p == '"' ? unquote(&p, text + len) : mem_strndup(text, len);
	if (!ret->raw || !*ret->raw || memchr(text, '\0', len))
		return patch_damaged(s, s->line, "a name is missing or broken");
	return settle(s, s->input->strip > 0 ? s->input->strip - 1 : 0, ret);
}

/* Both names of a "diff --git" line: more than systems take, and every blank of it is tried. */
enum { PAIR_BYTES_MAX = 8192 };

/* Without quotes only one split makes sense: the one where both halves are the same name after the strip. */
static bool split_pair(const char *text, size_t len, int strip, char **ret_a, char **ret_b)
{
	if (len < 3 || len > PAIR_BYTES_MAX)
		return false;
	AUTO_FREE char *both = mem_strndup(text, len);
	for (char *blank = strchr(both, ' '); blank; blank = strchr(blank + 1, ' ')) {
		*blank = '\0';
		const char *rest_a = strip_name(both, strip);
		const char *rest_b = strip_name(blank + 1, strip);
		if (rest_a && rest_b && strcmp(rest_a, rest_b) == 0) {
			*ret_a = mem_strdup(both);
			*ret_b = mem_strdup(blank + 1);
			return true;
		}
		*blank = ' ';
	}
	return false;
}

/* With a quote somewhere, the quotes say where the names end. */
static bool split_quoted(const char *text, size_t len, char **ret_a, char **ret_b)
{
	const char *end = text + len;
	const char *p = text;
	AUTO_FREE char *a = NULL;
	if (*p == '"') {
		a = unquote(&p, end);
	} else {
		while (p < end && !(p[0] == ' ' && end - p > 1 && p[1] == '"'))
			p++;
		a = mem_strndup(text, (size_t)(p - text));
	}
	if (!a || p == end || *p++ != ' ' || p == end)
		return false;
	AUTO_FREE char *b = *p == '"' ? unquote(&p, end) : mem_strndup(p, (size_t)(end - p));
	if (!b)
		return false;
	*ret_a = TAKE(a);
	*ret_b = TAKE(b);
	return true;
}

struct err *patch_name_pair(const struct patch_scan *s, const char *text, size_t len, struct patch_name *ret_a,
			    struct patch_name *ret_b)
{
	bool quoted = len && (text[0] == '"' || text[len - 1] == '"');
	bool found = quoted ? split_quoted(text, len, &ret_a->raw, &ret_b->raw)
			    : split_pair(text, len, s->input->strip, &ret_a->raw, &ret_b->raw);
	if (!found) {
		ret_b->raw = mem_strndup(text, len);
		return NULL;
	}
	TRY(settle(s, s->input->strip, ret_a));
	return settle(s, s->input->strip, ret_b);
}

bool patch_names_below(const char *a, const char *b, const char *from, const char *to)
{
	size_t a_len = strlen(a), b_len = strlen(b), from_len = strlen(from), to_len = strlen(to);
	if (a_len < from_len || b_len < to_len || a_len - from_len != b_len - to_len)
		return false;
	size_t n = a_len - from_len;
	return strcmp(a + n, from) == 0 && strcmp(b + n, to) == 0 && strncmp(a, b, n) == 0 &&
	       (n == 0 || a[n - 1] == '/');
}

struct err *patch_name_moved(const struct patch_scan *s, const char *pair, const char *from, const char *to,
			     struct patch_name *ret_a, struct patch_name *ret_b)
{
	if (strlen(pair) > PAIR_BYTES_MAX)
		return NULL;
	for (const char *blank = strchr(pair, ' '); blank; blank = strchr(blank + 1, ' ')) {
		AUTO_FREE char *left = mem_strndup(pair, (size_t)(blank - pair));
		const char *a = strip_name(left, s->input->strip);
		const char *b = strip_name(blank + 1, s->input->strip);
		if (!a || !b || !patch_names_below(a, b, from, to))
			continue;
		patch_name_done(ret_a);
		patch_name_done(ret_b);
		ret_a->raw = TAKE(left);
		ret_b->raw = mem_strdup(blank + 1);
		TRY(settle(s, s->input->strip, ret_a));
		return settle(s, s->input->strip, ret_b);
	}
	return NULL;
}

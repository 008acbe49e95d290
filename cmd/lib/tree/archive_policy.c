#include "tree/archive_policy.h"

#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "base/units.h"
#include "base/utf8.h"

struct archive_limits archive_limits_of(const struct archive_limits *limits)
{
	const struct archive_limits defaults = ARCHIVE_LIMITS_DEFAULT;

	if (!limits)
		return defaults;
	return (struct archive_limits){
		.entries = limits->entries ? limits->entries : defaults.entries,
		.bytes = limits->bytes ? limits->bytes : defaults.bytes,
		.file_bytes = limits->file_bytes ? limits->file_bytes : defaults.file_bytes,
		.ratio = limits->ratio ? limits->ratio : defaults.ratio,
		.ratio_after = limits->ratio_after ? limits->ratio_after : defaults.ratio_after,
		.depth = limits->depth ? limits->depth : defaults.depth,
		.name_bytes = limits->name_bytes ? limits->name_bytes : defaults.name_bytes,
		.path_bytes = limits->path_bytes ? limits->path_bytes : defaults.path_bytes,
	};
}

static bool set_size(const char *text, int64_t *ret_bytes)
{
	int64_t bytes = 0;

	if (!size_parse(text, &bytes) || bytes < 1 || bytes > ARCHIVE_BYTES_MAX)
		return false;
	*ret_bytes = bytes;
	return true;
}

struct err *archive_limits_set(struct archive_limits *limits, const char *text)
{
	const char *value = strchr(text, '=');
	AUTO_FREE char *name = mem_strndup(text, strcspn(text, "="));
	bool good = false;

	if (value && streq(name, "entries"))
		good = num_parse(value + 1, 1, ARCHIVE_ENTRIES_MAX, &limits->entries);
	else if (value && streq(name, "bytes"))
		good = set_size(value + 1, &limits->bytes);
	else if (value && streq(name, "file"))
		good = set_size(value + 1, &limits->file_bytes);
	else if (value && streq(name, "ratio"))
		good = num_parse(value + 1, 1, ARCHIVE_RATIO_MAX, &limits->ratio);
	if (good)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "'%s' is not a limit", text),
			"entries=N (to %d), bytes=SIZE and file=SIZE (16GiB, to 64TiB), ratio=N (to %d)",
			ARCHIVE_ENTRIES_MAX, ARCHIVE_RATIO_MAX);
}

static struct err *refuse(const char *name, const char *why)
{
	AUTO_FREE char *shown = str_escape_short(name);

	return err_hint(err_new(ERR_CORRUPT, "entry '%s' %s", shown, why),
			"if this entry is not needed, add it to 'exclude:' of the source");
}

static struct err *refuse_place(const char *name, const char *why)
{
	return err_hint(refuse(name, why), "such an archive writes outside its folder: get it from another place");
}

static bool is_dots(const char *p, size_t n)
{
	return n == 2 && p[0] == '.' && p[1] == '.';
}

struct err *archive_policy_path(const char *name, int strip, char **ret_path)
{
	AUTO(str) path = STR_INIT;

	if (name[0] == '\0')
		return err_new(ERR_CORRUPT, "an entry has no name");
	if (name[0] == '/')
		return refuse_place(name, "has an absolute name");
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");

		if (is_dots(p, n))
			return refuse_place(name, "has '..' in its name");
		if (n > 0 && !(n == 1 && p[0] == '.') && strip-- <= 0) {
			if (path.len > 0)
				str_add_char(&path, '/');
			str_add_mem(&path, p, n);
		}
		p += n + (p[n] == '/');
	}
	*ret_path = path.len > 0 ? str_take(&path) : NULL;
	return NULL;
}

static bool has_control(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			return true;
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* C1 controls, U+0080 to U+009F */
			return true;
		/* direction overrides, U+202A to U+202E and U+2066 to U+2069: a name that reads as another one */
		if (p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae)
			return true;
		if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
			return true;
	}
	return false;
}

static struct err *check_length(const char *path, const struct archive_limits *limits)
{
	int depth = 0;

	if (strlen(path) > (size_t)limits->path_bytes)
		return refuse(path, "has too long a name");
	for (const char *p = path; *p; depth++) {
		size_t n = strcspn(p, "/");

		if (n > (size_t)limits->name_bytes)
			return refuse(path, "has too long a component in its name");
		p += n + (p[n] == '/');
	}
	if (depth > limits->depth)
		return refuse(path, "is nested too deeply");
	return NULL;
}

struct err *archive_policy_name(const char *path, const struct archive_limits *limits)
{
	TRY(check_length(path, limits));
	if (has_control(path))
		return refuse(path, "has control characters in its name");
	if (!utf8_is_valid(path))
		return refuse(path, "has a name that is not UTF-8 (a Mac could not store it)");
	return NULL;
}

static struct err *refuse_link(const char *path, const char *target, const char *why)
{
	AUTO_FREE char *from = str_escape_short(path);
	AUTO_FREE char *to = str_escape_short(target);

	return err_hint(err_new(ERR_CORRUPT, "link '%s' -> '%s' %s", from, to, why),
			"if this link is not needed, add it to 'exclude:' of the source");
}

const char *archive_policy_link_fault(const char *path, const char *target)
{
	int up = 0;
	bool named = false;

	if (target[0] == '\0')
		return "points to nothing";
	if (target[0] == '/')
		return "points outside the tree (absolute)";
	for (; *path; path++)
		up -= *path == '/';
	for (const char *p = target; *p;) {
		size_t n = strcspn(p, "/");

		if (is_dots(p, n) && named)
			return "has '..' after a name, where another link could redirect it";
		if (is_dots(p, n) && ++up > 0)
			return "points outside the tree";
		named |= n > 0 && !is_dots(p, n) && !(n == 1 && p[0] == '.');
		p += n + (p[n] == '/');
	}
	return NULL;
}

struct err *archive_policy_symlink(const char *path, const char *target, enum archive_absolute absolute,
				   const struct archive_limits *limits, bool *ret_write)
{
	const char *fault = archive_policy_link_fault(path, target);

	*ret_write = true;
	if (strlen(target) > (size_t)limits->path_bytes)
		return refuse_link(path, target, "has too long a target");
	if (has_control(target))
		return refuse_link(path, target, "has control characters in its target");
	if (target[0] != '/' || absolute == ABSOLUTE_REFUSE)
		return fault ? refuse_link(path, target, fault) : NULL;
	*ret_write = absolute == ABSOLUTE_KEEP;
	return NULL;
}

/* As size_parse() takes it, without a loss. */
static void add_exact_size(struct str *s, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;

	for (; bytes > 0 && bytes % 1024 == 0 && i + 1 < ARRAY_LEN(units); i++)
		bytes /= 1024;
	str_addf(s, "%lld%s", (long long)bytes, units[i]);
}

/* @key: of `limits:` in a recipe, for the hint, which names twice the limit. */
static struct err *too_much(const char *what, int64_t limit, const char *unit, const char *key)
{
	AUTO(str) more = STR_INIT;

	if (streq(unit, "bytes"))
		add_exact_size(&more, 2 * limit);
	else
		str_addf(&more, "%lld", (long long)(2 * limit));
	return err_hint(
		err_new(ERR_CORRUPT, "%s: more than %lld %s", what, (long long)limit, unit),
		"an archive like this can fill a disk; where it is genuine, add 'limits: { %s: %s }' to the source "
		"(`cooper tool unpack`: --limit %s=%s)",
		key, str_text(&more), key, str_text(&more));
}

struct err *archive_policy_amount(const struct archive_limits *limits, int64_t entries, int64_t bytes,
				  int64_t file_bytes)
{
	if (entries > limits->entries)
		return too_much("too many entries", limits->entries, "entries", "entries");
	if (file_bytes > limits->file_bytes)
		return too_much("one file is too large", limits->file_bytes, "bytes", "file");
	if (bytes > limits->bytes)
		return too_much("too large unpacked", limits->bytes, "bytes", "bytes");
	return NULL;
}

struct err *archive_policy_ratio(const struct archive_limits *limits, int64_t unpacked, int64_t packed)
{
	if (packed > 0 && unpacked > limits->ratio_after && unpacked / packed >= limits->ratio)
		return too_much("compressed too well for real data", limits->ratio, "times its size", "ratio");
	return NULL;
}

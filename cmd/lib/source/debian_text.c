#include "source/debian_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/units.h"
#include "fmt/digest.h"

void debian_mirrors_done(struct debian_mirrors *m)
{
	free(m->main);
	free(m->security);
	*m = (struct debian_mirrors){.main = NULL};
}

/* --- which repository is Debian's --- */

struct target {
	char *base, *release, *codename, *origin, *component; /* the last three "" where apt does not know */
};

/* Splits @line at its bars, in place. */
static bool parse_target(char *line, struct target *t)
{
	char **fields[] = {&t->base, &t->release, &t->codename, &t->origin, &t->component};
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		char *bar = strchr(line, '|');
		if ((bar == NULL) != (i + 1 == ARRAY_LEN(fields)))
			return false;
		if (bar)
			*bar = '\0';
		*fields[i] = str_starts(line, "$(") ? line + strlen(line) : line;
		line = bar ? bar + 1 : line;
	}
	return true;
}

static bool fetchable(const char *base)
{
	static const char *const schemes[] = {"http:", "https:", "file:", "mirror+file:"};
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (str_starts(base, schemes[i]))
			return true;
	return false;
}

/* "bookworm", or where apt does not know the codename, a word that stands for some release. */
static bool is_release(const struct target *t, const char *codename, const char *suffix)
{
	static const char *const words[] = {"stable", "oldstable", "oldoldstable", "testing"};
	AUTO_FREE char *wanted = mem_printf("%s%s", codename, suffix);
	if (streq(t->release, wanted) || streq(t->codename, wanted))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words) && !*t->codename; i++) {
		AUTO_FREE char *word = mem_printf("%s%s", words[i], suffix);
		if (streq(t->release, word))
			return true;
	}
	return false;
}

static bool has_updates(const char *lines, const char *base)
{
	AUTO(strs) all = STRS_INIT;
	struct target t;
	strs_split(&all, lines, "\n");
	for (size_t i = 0; i < all.count; i++)
		if (parse_target(all.items[i], &t) && streq(t.base, base) && str_ends(t.release, "-updates"))
			return true;
	return false;
}

/* How surely this is Debian's main archive; 0 = it is not. One that serves another release has this one, too. */
static int score(const char *lines, const struct target *t, const char *codename)
{
	if (!is_release(t, codename, ""))
		return *t->origin && !strchr(t->release, '-') ? 1 : 0;
	if (*t->origin)
		return 5;
	return 1 + (has_updates(lines, t->base) ? 3 : str_ends(t->base, "/debian/") ? 2 : 1);
}

/* With '/' at its end, which a line of the host's sources.list may lack. */
static char *as_folder(const char *base)
{
	return mem_printf("%s%s", base, str_ends(base, "/") ? "" : "/");
}

void debian_mirrors_find(const char *lines, const char *codename, struct debian_mirrors *ret_mirrors)
{
	AUTO(strs) all = STRS_INIT;
	int best = 0;
	*ret_mirrors = (struct debian_mirrors){.main = NULL};
	strs_split(&all, lines, "\n");
	for (size_t i = 0; i < all.count; i++) {
		struct target t;
		if (!parse_target(all.items[i], &t) || !fetchable(t.base) || !streq(t.component, "main") ||
		    (*t.origin && !streq(t.origin, "Debian")))
			continue;
		if (score(lines, &t, codename) > best) {
			best = score(lines, &t, codename);
			free(ret_mirrors->main);
			ret_mirrors->main = as_folder(t.base);
		}
		bool secure = is_release(&t, codename, "-security") || (*t.origin && str_ends(t.release, "-security"));
		if (secure && !ret_mirrors->security)
			ret_mirrors->security = as_folder(t.base);
	}
}

char *debian_mirror_list_first(const char *text)
{
	AUTO(strs) lines = STRS_INIT;
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		char *line = lines.items[i] + strspn(lines.items[i], " \t");
		line[strcspn(line, " \t\r")] = '\0';
		if (*line && *line != '#')
			return mem_printf("%s%s", line, str_ends(line, "/") ? "" : "/");
	}
	return NULL;
}

/* --- URLs --- */

static int hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static char *percent_decode(const char *text)
{
	struct str s = STR_INIT;
	for (; *text; text++) {
		if (*text == '%' && isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])) {
			str_add_char(&s, (char)(hex_value(text[1]) << 4 | hex_value(text[2])));
			text += 2;
		} else {
			str_add_char(&s, *text);
		}
	}
	return str_take(&s);
}

bool debian_is_url(const char *url)
{
	return str_starts(url, DEBIAN_SCHEME) || str_starts(url, DEBIAN_SECURITY_SCHEME);
}

struct err *debian_url_of(const struct debian_mirrors *m, const char *url, char **ret_url)
{
	bool is_security = str_starts(url, DEBIAN_SECURITY_SCHEME);
	const char *path = url + strlen(is_security ? DEBIAN_SECURITY_SCHEME : DEBIAN_SCHEME);
	const char *base = is_security ? m->security : m->main;
	if (!path_is_plain(path + strspn(path, "/")))
		return err_hint(err_new(ERR_CORRUPT, "'%s' names no file of an archive", url),
				"correct it in the recipe, or `cooper update` where cooper.lock has it");
	if (!base)
		return err_hint(err_new(ERR_ABSENT, "the host's apt configuration names no %s archive, needed for '%s'",
					is_security ? "security" : "Debian", url),
				"add it to /etc/apt/sources.list.d; `apt-get indextargets` shows what apt knows");
	struct str s = STR_INIT;
	str_add(&s, base);
	/* As the archive's own index has it: everything but unreserved characters, '/' and '_' is escaped, lower case.
	 */
	for (path += strspn(path, "/"); *path; path++) {
		if (isalnum((unsigned char)*path) || strchr("-._/", *path))
			str_add_char(&s, *path);
		else
			str_addf(&s, "%%%02x", (unsigned char)*path);
	}
	*ret_url = str_take(&s);
	return NULL;
}

struct err *debian_hide_host(const struct debian_mirrors *m, const char *uri, char **ret_url)
{
	bool in_main = m->main && str_starts(uri, m->main);
	bool in_security = m->security && str_starts(uri, m->security);
	if (in_main && in_security)
		in_security = strlen(m->security) > strlen(m->main);
	if (!in_main && !in_security)
		return err_new(ERR_CORRUPT, "apt names '%s', which is not below the host's mirrors", uri);
	AUTO_FREE char *path = percent_decode(uri + strlen(in_security ? m->security : m->main));
	*ret_url = mem_printf("%s%s", in_security ? DEBIAN_SECURITY_SCHEME : DEBIAN_SCHEME, path + strspn(path, "/"));
	return NULL;
}

void debian_sources(const struct debian_mirrors *m, const char *type, const char *suite, const char *keyring,
		    struct str *text)
{
	AUTO_FREE char *signed_by = keyring ? mem_printf(" [signed-by=%s]", keyring) : mem_strdup("");
	/* Unstable has no updates beside it, and "bookworm-backports" is all there is to it. */
	bool alone =
		streq(suite, "sid") || streq(suite, "unstable") || streq(suite, "experimental") || strchr(suite, '-');
	str_addf(text, "%s%s %s %s main\n", type, signed_by, m->main, suite);
	if (alone)
		return;
	str_addf(text, "%s%s %s %s-updates main\n", type, signed_by, m->main, suite);
	if (m->security)
		str_addf(text, "%s%s %s %s-security main\n", type, signed_by, m->security, suite);
}

/* --- answers --- */

void debian_uri_done(struct debian_uri *uri)
{
	free(uri->uri);
	free(uri->name);
	free(uri->sha256);
	*uri = (struct debian_uri){.uri = NULL};
}

struct err *debian_parse_uri(const char *line, bool *ret_is_uri, struct debian_uri *ret_uri)
{
	*ret_is_uri = line[0] == '\'';
	if (!*ret_is_uri)
		return NULL;
	AUTO(strs) words = STRS_INIT;
	strs_split(&words, line, " \r\n");
	size_t n = words.count ? strlen(words.items[0]) : 0;
	int64_t size = 0;
	const char *digest = words.count == 4 ? words.items[3] : "";
	if (words.count != 4 || n < 3 || words.items[0][n - 1] != '\'' ||
	    !num_parse(words.items[2], 1, INT64_MAX, &size))
		return err_new(ERR_CORRUPT, "apt printed '%s', which is not a file of an archive", line);
	if (!str_starts(digest, "SHA256:") || !digest_valid(DIGEST_SHA256, digest + 7))
		return err_new(ERR_CORRUPT, "apt printed '%s', which has no SHA-256", line);
	AUTO_FREE char *name = percent_decode(words.items[1]);
	if (!*name || strchr(name, '/'))
		return err_new(ERR_CORRUPT, "apt printed '%s', which is not a file of an archive", line);
	*ret_uri = (struct debian_uri){.uri = mem_strndup(words.items[0] + 1, n - 2),
				       .name = TAKE(name),
				       .size = size,
				       .sha256 = mem_strdup(digest + 7)};
	return NULL;
}

char *debian_deb_version(const char *name)
{
	const char *from = strchr(name, '_');
	const char *to = from ? strchr(from + 1, '_') : NULL;
	if (!to || to == from + 1 || !str_ends(name, ".deb"))
		return NULL;
	return mem_strndup(from + 1, (size_t)(to - from - 1));
}

/* Whether @line ends in the word @file: a row of Files: or Checksums-*:, or a Filename: with its folder before. */
static bool lists(const char *line, const char *file)
{
	size_t n = strlen(line), m = strlen(file);
	return n > m && streq(line + n - m, file) && (line[n - m - 1] == ' ' || line[n - m - 1] == '/');
}

char *debian_stanza_version(const char *text, const char *file)
{
	AUTO_FREE char *version = NULL;
	bool found = false;
	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		AUTO_FREE char *copy = mem_strndup(line, n);
		line += n + (line[n] == '\n');
		if (n == 0) {
			if (found && version)
				return TAKE(version);
			free(version);
			version = NULL;
			found = false;
		} else if (str_starts(copy, "Version:")) {
			free(version);
			version = mem_strdup(copy + 8 + strspn(copy + 8, " \t"));
		} else if (lists(copy, file)) {
			found = true;
		}
	}
	return found ? TAKE(version) : NULL;
}

char *debian_upstream_version(const char *version)
{
	static const char *const repacked[] = {"+ds", "+dfsg", "~ds", "~dfsg"};
	const char *colon = strchr(version, ':');
	const char *from = colon ? colon + 1 : version;
	const char *dash = strrchr(from, '-');
	AUTO_FREE char *upstream = mem_strndup(from, dash ? (size_t)(dash - from) : strlen(from));
	for (size_t i = 0; i < ARRAY_LEN(repacked); i++) {
		char *at = strstr(upstream, repacked[i]);
		if (at)
			*at = '\0';
	}
	return TAKE(upstream);
}

bool debian_name_valid(const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < n; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
		    (i == 0 || !strchr("+-.", name[i])))
			return false;
	/* A '-' at the end would tell apt-get to remove the package. */
	return n >= 2 && n <= 128 && name[n - 1] != '-';
}

#include "work/debian.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/units.h"
#include "fmt/digest.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"

#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"
#define MAIN_SCHEME "debian:"
#define SECURITY_SCHEME "debian-security:"

enum { APT_DEADLINE_MS = 10 * 60 * 1000, APT_OUTPUT_MAX = 16 << 20, FRESH_MS = 10 * 60 * 1000 };

/* Where the host's apt gets Debian from. */
struct mirrors {
	char *main;     /* ends in '/' */
	char *security; /* NULL when the host has none */
	char *codename; /* "bookworm" */
};

static void mirrors_done(struct mirrors *m)
{
	free(m->main);
	free(m->security);
	free(m->codename);
}

/* --- the host's mirrors --- */

static struct err *host_codename(char **ret_codename)
{
	AUTO_FREE char *text = NULL;
	TRY(file_read("/etc/os-release", 65536, &text, NULL));
	const char *at = strstr(text, "VERSION_CODENAME=");
	if (!at)
		return err_new(ERR_ABSENT, "'/etc/os-release' names no release");
	at += strlen("VERSION_CODENAME=");
	*ret_codename = mem_strndup(at, strcspn(at, "\n\""));
	return NULL;
}

/* REPO_URI and RELEASE of every index that the host's configuration names; needs no downloaded lists. */
static struct err *read_mirrors(struct mirrors *m)
{
	AUTO(str) out = STR_INIT;
	AUTO(strs) lines = STRS_INIT;
	struct child_spec spec = {
		.argv = (const char *const[]){"apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)",
	                                      "Created-By: Packages", NULL},
		.deadline_ms = 60000,
	};
	TRY(host_codename(&m->codename));
	TRY(child_output(&spec, 1 << 20, &out));
	strs_split(&lines, str_text(&out), "\n");
	AUTO_FREE char *security = mem_printf("%s-security", m->codename);
	for (size_t i = 0; i < lines.count; i++) {
		AUTO(strs) words = STRS_INIT;
		strs_split(&words, lines.items[i], " ");
		if (words.count != 2)
			continue;
		if (!m->main && streq(words.items[1], m->codename))
			m->main = mem_strdup(words.items[0]);
		if (!m->security && (streq(words.items[1], security) || str_starts(words.items[1], "stable-security")))
			m->security = mem_strdup(words.items[0]);
	}
	if (!m->main)
		return err_hint(err_new(ERR_ABSENT, "the host's apt configuration names no Debian mirror for '%s'", m->codename),
		                "see `apt-get indextargets`; sources in /etc/apt/sources.list or sources.list.d are needed");
	return NULL;
}

/* Asked once per process; the answer cannot change meanwhile. */
static struct err *host_mirrors(const struct mirrors **ret)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static struct mirrors known;
	static bool asked;
	struct err *e = NULL;
	pthread_mutex_lock(&mutex);
	if (!asked) {
		struct mirrors m = {.main = NULL};
		e = read_mirrors(&m);
		if (e) {
			mirrors_done(&m);
		} else {
			known = m;
			asked = true;
		}
	}
	pthread_mutex_unlock(&mutex);
	*ret = &known;
	return e ? err_wrap(e, "cannot find the host's Debian mirror") : NULL;
}

bool debian_is_url(const char *url)
{
	return str_starts(url, MAIN_SCHEME) || str_starts(url, SECURITY_SCHEME);
}

struct err *debian_expand_url(const char *url, char **ret_url)
{
	const struct mirrors *m = NULL;
	TRY(host_mirrors(&m));
	bool is_security = str_starts(url, SECURITY_SCHEME);
	const char *path = url + strlen(is_security ? SECURITY_SCHEME : MAIN_SCHEME);
	const char *base = is_security ? m->security : m->main;
	if (!base)
		return err_new(ERR_ABSENT, "the host's apt configuration names no security archive, needed for '%s'", url);
	struct str s = STR_INIT;
	str_add(&s, base);
	for (; *path; path++) {
		if (*path == '+')
			str_add(&s, "%2b");
		else if (*path == '~')
			str_add(&s, "%7e");
		else
			str_add_char(&s, *path);
	}
	*ret_url = str_take(&s);
	return NULL;
}

/* --- the private state --- */

/* One state per kind, suite and architecture: an update removes lists that its sources do not name. */
struct state {
	char *dir;
	char *config;
	char *cwd; /* empty: `apt-get source` leaves out files that are in the current folder */
	const char *suite;
	const struct mirrors *mirrors;
};

static void state_done(struct state *s)
{
	free(s->dir);
	free(s->config);
	free(s->cwd);
}

static struct err *write_text(const char *dir, const char *name, const struct str *text)
{
	AUTO_FREE char *path = path_join(dir, name);
	return file_write(path, str_text(text), text->len, 0644);
}

static struct err *write_sources(const struct state *s, const char *type)
{
	AUTO(str) text = STR_INIT;
	str_addf(&text, "%s [signed-by=" KEYRING "] %s %s main\n", type, s->mirrors->main, s->suite);
	str_addf(&text, "%s [signed-by=" KEYRING "] %s %s-updates main\n", type, s->mirrors->main, s->suite);
	if (s->mirrors->security)
		str_addf(&text, "%s [signed-by=" KEYRING "] %s %s-security main\n", type, s->mirrors->security, s->suite);
	return write_text(s->dir, "sources.list", &text);
}

static struct err *write_config(const struct state *s, const char *arch)
{
	AUTO(str) text = STR_INIT;
	static const char *const nowhere[] = {"SourceParts", "Preferences", "PreferencesParts", "Parts", "Trusted",
	                                      "TrustedParts"};
	for (size_t i = 0; i < ARRAY_LEN(nowhere); i++)
		str_addf(&text, "Dir::Etc::%s \"/dev/null\";\n", nowhere[i]);
	str_addf(&text,
	         "Dir::Etc::SourceList \"%s/sources.list\";\nDir::State \"%s\";\nDir::State::Lists \"%s/lists\";\n"
	         "Dir::State::status \"%s/status\";\nDir::State::extended_states \"%s/extended_states\";\n"
	         "Dir::Cache \"%s/cache\";\nDir::Log \"%s/log\";\n",
	         s->dir, s->dir, s->dir, s->dir, s->dir, s->dir, s->dir);
	str_addf(&text, "APT::Architecture \"%s\";\nAPT::Architectures { \"%s\"; };\n", arch, arch);
	str_add(&text, "Acquire::ForceHash \"SHA256\";\nAcquire::Languages \"none\";\nAcquire::PDiffs \"false\";\n"
	               "Acquire::AllowInsecureRepositories \"false\";\nAPT::Install-Recommends \"false\";\n"
	               "APT::Get::AllowUnauthenticated \"false\";\nAPT::Sandbox::User \"root\";\n"
	               "Dir::Bin::dpkg \"/bin/true\";\n");
	return write_text(s->dir, "apt.conf", &text);
}

static struct err *run_apt(const struct state *s, const struct strs *argv, struct sink *sink, struct str *out)
{
	AUTO_FREE char *config = mem_printf("APT_CONFIG=%s", s->config);
	const char *path = getenv("PATH");
	AUTO_FREE char *path_env = mem_printf("PATH=%s", path ? path : "/usr/bin:/bin:/usr/sbin:/sbin");
	AUTO(strs) env = STRS_INIT;
	strs_add(&env, config);
	strs_add(&env, path_env);
	strs_add(&env, "LC_ALL=C");
	static const char *const passed[] = {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy"};
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		if (getenv(passed[i]))
			strs_addf(&env, "%s=%s", passed[i], getenv(passed[i]));
	struct child_spec spec = {.argv = (const char *const *)argv->items,
	                          .env = (const char *const *)env.items,
	                          .cwd = s->cwd,
	                          .deadline_ms = APT_DEADLINE_MS,
	                          .step = "resolve",
	                          .sink = sink,
	                          .die_with_parent = true};
	return out ? child_output(&spec, APT_OUTPUT_MAX, out) : child_run(&spec);
}

static struct err *update(const struct state *s, struct sink *sink)
{
	AUTO_FREE char *stamp = path_join(s->dir, "stamp");
	struct stat st;
	if (stat(stamp, &st) == 0 && tick_wall_ms() - file_mtime_ns(&st) / 1000000 < FRESH_MS)
		return NULL;
	AUTO(strs) argv = STRS_INIT;
	static const char *const words[] = {"apt-get", "-qq", "--error-on=any", "update", NULL};
	strs_add_all(&argv, words);
	struct err *e = run_apt(s, &argv, sink, NULL);
	if (e) {
		e = err_wrap(e, "cannot read the package index of '%s'", s->suite);
		e->kind = ERR_NET;
		return err_hint(e, "check the network and the host's apt sources, then run the same command again");
	}
	return file_write(stamp, "", 0, 0600);
}

static struct err *open_state(struct state *s, const char *type, const char *suite, const char *arch,
                              const char *state_dir, struct sink *sink)
{
	static const char *const dirs[] = {"lists/partial", "cache/archives/partial", "empty", "log"};
	AUTO(str) empty = STR_INIT;
	TRY(host_mirrors(&s->mirrors));
	s->suite = suite ? suite : s->mirrors->codename;
	s->dir = mem_printf("%s/%s-%s-%s", state_dir, type, s->suite, arch);
	s->config = path_join(s->dir, "apt.conf");
	s->cwd = path_join(s->dir, "empty");
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		AUTO_FREE char *path = path_join(s->dir, dirs[i]);
		TRY(dir_make(path, 0755));
	}
	TRY(write_text(s->dir, "status", &empty));
	TRY(write_sources(s, type));
	TRY(write_config(s, arch));
	return update(s, sink);
}

/* --- answers --- */

void debian_uri_done(struct debian_uri *uri)
{
	free(uri->uri);
	free(uri->sha256);
	*uri = (struct debian_uri){.uri = NULL};
}

struct err *debian_parse_uri(const char *line, bool *ret_is_uri, struct debian_uri *ret_uri)
{
	*ret_is_uri = line[0] == '\'';
	if (!*ret_is_uri)
		return NULL;
	AUTO(strs) words = STRS_INIT;
	strs_split(&words, line, " ");
	size_t n = words.count ? strlen(words.items[0]) : 0;
	int64_t size = 0;
	const char *digest = words.count == 4 ? words.items[3] : "";
	if (words.count != 4 || n < 3 || words.items[0][n - 1] != '\'' || !num_parse(words.items[2], 1, INT64_MAX, &size) ||
	    !str_starts(digest, "SHA256:") || !digest_valid(DIGEST_SHA256, digest + 7))
		return err_new(ERR_CORRUPT, "apt printed '%s', which has no SHA-256", line);
	*ret_uri = (struct debian_uri){mem_strndup(words.items[0] + 1, n - 2), size, mem_strdup(digest + 7)};
	return NULL;
}

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

/* The URI without the mirror's name. */
static struct err *hide_host(const struct mirrors *m, const char *uri, char **ret_url)
{
	bool is_security = m->security && str_starts(uri, m->security) &&
	                   (!str_starts(uri, m->main) || strlen(m->security) > strlen(m->main));
	if (!is_security && !str_starts(uri, m->main))
		return err_new(ERR_CORRUPT, "apt names '%s', which is not below the host's mirrors", uri);
	AUTO_FREE char *path = percent_decode(uri + strlen(is_security ? m->security : m->main));
	*ret_url = mem_printf("%s%s", is_security ? SECURITY_SCHEME : MAIN_SCHEME, path + strspn(path, "/"));
	return NULL;
}

static struct err *add_file(const struct state *s, const char *line, size_t *cap, struct lock_entry *entry)
{
	bool is_uri = false;
	AUTO(debian_uri) uri = {.uri = NULL};
	TRY(debian_parse_uri(line, &is_uri, &uri));
	if (!is_uri)
		return NULL;
	char *url = NULL;
	TRY(hide_host(s->mirrors, uri.uri, &url));
	entry->files = mem_grow(entry->files, cap, entry->file_count + 1, sizeof(*entry->files));
	entry->files[entry->file_count++] = (struct lock_file){
		.name = mem_strdup(path_base(url)), .url = url, .sha256 = mem_strdup(uri.sha256), .size = uri.size};
	return NULL;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct lock_file *)a)->name, ((const struct lock_file *)b)->name);
}

/* "qemu_7.2+dfsg-7.dsc" and "seabios_1.16.2-1_all.deb" carry their version between the first two marks. */
static char *version_of(const struct lock_entry *entry)
{
	for (size_t i = 0; i < entry->file_count; i++) {
		const char *name = entry->files[i].name;
		const char *from = strchr(name, '_');
		bool is_deb = str_ends(name, ".deb");
		if (!from || (!is_deb && !str_ends(name, ".dsc")))
			continue;
		const char *to = is_deb ? strchr(from + 1, '_') : strstr(from, ".dsc");
		AUTO_FREE char *version = to ? mem_strndup(from + 1, (size_t)(to - from - 1)) : NULL;
		return version ? percent_decode(version) : NULL;
	}
	return NULL;
}

static struct err *ask(const struct state *s, const struct strs *argv, const char *what, struct sink *sink,
                       struct lock_entry *entry)
{
	AUTO(str) out = STR_INIT;
	AUTO(strs) lines = STRS_INIT;
	size_t cap = 0;
	struct err *e = run_apt(s, argv, sink, &out);
	if (e)
		return err_hint(err_wrap(e, "'%s' is not in the archive of '%s'", what, s->suite),
		                "check the name, or name another suite in the recipe");
	strs_split(&lines, str_text(&out), "\n");
	for (size_t i = 0; i < lines.count; i++)
		TRY(add_file(s, lines.items[i], &cap, entry));
	if (entry->file_count == 0)
		return err_new(ERR_ABSENT, "'%s' is not in the archive of '%s'", what, s->suite);
	qsort(entry->files, entry->file_count, sizeof(*entry->files), compare_files);
	entry->version = version_of(entry);
	return NULL;
}

struct err *debian_resolve_source(const char *name, const char *suite, const char *state_dir, struct sink *sink,
                                  struct lock_entry *ret_entry)
{
	AUTO(state) s = {.dir = NULL};
	AUTO(strs) argv = STRS_INIT;
	static const char *const words[] = {"apt-get", "-qq", "--print-uris", "--download-only", "--only-source", "source",
	                                    NULL};
	TRY(open_state(&s, "deb-src", suite, "amd64", state_dir, sink));
	strs_add_all(&argv, words);
	strs_add(&argv, name);
	return ask(&s, &argv, name, sink, ret_entry);
}

struct err *debian_resolve_package(const char *name, const char *suite, const char *arch, const char *state_dir,
                                   struct sink *sink, struct lock_entry *ret_entry)
{
	AUTO(state) s = {.dir = NULL};
	AUTO(strs) argv = STRS_INIT;
	static const char *const words[] = {"apt-get", "-qq", "--print-uris", "download", NULL};
	TRY(open_state(&s, "deb", suite, arch, state_dir, sink));
	strs_add_all(&argv, words);
	strs_add(&argv, name);
	return ask(&s, &argv, name, sink, ret_entry);
}

struct err *debian_resolve_set(const char *suite, const char *arch, const struct strs *names, const char *state_dir,
                               struct sink *sink, struct lock_entry *ret_entry)
{
	AUTO(state) s = {.dir = NULL};
	AUTO(strs) argv = STRS_INIT;
	static const char *const words[] = {"apt-get", "install", "--print-uris", "-qq", "-y", "--no-install-recommends",
	                                    "?essential", NULL};
	TRY(open_state(&s, "deb", suite, arch, state_dir, sink));
	strs_add_all(&argv, words);
	strs_copy(&argv, names);
	return ask(&s, &argv, "the package set", sink, ret_entry);
}

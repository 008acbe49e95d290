#include "source/debian.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arch.h"
#include "base/path.h"
#include "net/fetch_env.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/tick.h"

#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

enum {
	APT_DEADLINE_MS = 10 * 60 * 1000,
	ASK_DEADLINE_MS = 60 * 1000,
	APT_OUTPUT_MAX = 16 << 20,
	FRESH_MS = 10 * 60 * 1000
};

/* --- the host --- */

struct host {
	struct debian_mirrors mirrors;
	char codename[32]; /* "bookworm" */
};

/* Without release info apt names repositories of which no list was downloaded, too, but not their origin. */
static struct err *ask_mirrors(struct host *h, bool release_info)
{
	AUTO(str) out = STR_INIT;
	struct child_spec spec = {
		.argv = (const char *const[]){"apt-get", "-o",
					      release_info ? "APT::Get::IndexTargets::ReleaseInfo=true"
							   : "APT::Get::IndexTargets::ReleaseInfo=false",
					      "indextargets", "--format", DEBIAN_TARGET_FORMAT, NULL},
		.deadline_ms = ASK_DEADLINE_MS,
	};
	TRY(child_output(&spec, 1 << 20, &out));
	debian_mirrors_done(&h->mirrors);
	debian_mirrors_find(str_text(&out), h->codename, &h->mirrors);
	return NULL;
}

/* "mirror+file:/etc/apt/mirrors/debian.list" is a list of mirrors on disk: its first one serves. */
static struct err *open_mirror_list(char **base)
{
	static const char prefix[] = "mirror+file:";
	if (!*base || !str_starts(*base, prefix))
		return NULL;
	AUTO_FREE char *path = mem_strdup(*base + strlen(prefix));
	AUTO_FREE char *text = NULL;
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	TRY(file_read(path, 1 << 16, &text, NULL));
	char *first = debian_mirror_list_first(text);
	if (!first)
		return err_new(ERR_ABSENT, "the mirror list '%s' is empty", path);
	free(*base);
	*base = first;
	return NULL;
}

static struct err *read_host(struct host *h)
{
	AUTO_FREE char *program = child_find("apt-get");
	if (!program)
		return err_hint(
			err_new(ERR_ABSENT, "this host has no apt"),
			"Debian packages are resolved on a host with apt; commit cooper.lock there and copy it, or "
			"use a recipe whose sources are URLs");
	struct host_facts facts;
	TRY(os_host_facts(&facts));
	if (!*facts.codename)
		return err_new(ERR_ABSENT, "'/etc/os-release' names no release");
	memcpy(h->codename, facts.codename, sizeof(h->codename));
	TRY(ask_mirrors(h, /* release_info= */ true));
	if (!h->mirrors.main)
		TRY(ask_mirrors(h, /* release_info= */ false));
	if (!h->mirrors.main)
		return err_hint(
			err_new(ERR_ABSENT, "apt's configuration names no Debian mirror for '%s'", h->codename),
			"a line in /etc/apt/sources.list.d is enough: 'deb-src [signed-by=%s] URL trixie main', with the "
			"mirror's URL; then apt-get update",
			KEYRING);
	TRY(open_mirror_list(&h->mirrors.main));
	return open_mirror_list(&h->mirrors.security);
}

/* Asked once per process; the answer cannot change meanwhile. */
static struct err *this_host(const struct host **ret)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static struct host known;
	static bool asked;
	struct err *e = NULL;
	pthread_mutex_lock(&mutex);
	if (!asked) {
		struct host h = {.codename = ""};
		e = read_host(&h);
		if (e) {
			debian_mirrors_done(&h.mirrors);
		} else {
			known = h;
			asked = true;
		}
	}
	pthread_mutex_unlock(&mutex);
	*ret = &known;
	return e ? err_wrap(e, "cannot find the host's Debian mirror") : NULL;
}

struct err *debian_host_mirrors(char **ret_main, char **ret_security)
{
	const struct host *h = NULL;
	TRY(this_host(&h));
	*ret_main = mem_strdup(h->mirrors.main);
	*ret_security = mem_strdup(h->mirrors.security);
	return NULL;
}

struct err *debian_expand_url(const char *url, char **ret_url)
{
	const struct host *h = NULL;
	TRY(this_host(&h));
	return debian_url_of(&h->mirrors, url, ret_url);
}

struct err *debian_explain_gone(struct err *take_e)
{
	if (!take_e || (!strstr(take_e->message, "(HTTP 404)") && !strstr(take_e->message, "(HTTP 410)")))
		return take_e;
	return err_hint(err_wrap(take_e, "the pinned version is no longer in the archive"),
			"Debian removes superseded versions: `cooper update` pins the current one");
}

/* --- the private state --- */

/* One state per kind, suite and architecture: an update removes lists that its sources do not name. */
struct state {
	char *dir;
	char *config;
	char *cwd; /* empty: `apt-get source` leaves out files that are in the current folder */
	const char *suite;
	const struct host *host;
	int lock_fd;
};

static void state_done(struct state *s)
{
	free(s->dir);
	free(s->config);
	free(s->cwd);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
}

/* Writes where the content differs; then what @stamp stands for is another (NULL = nothing is). */
static struct err *write_text(const char *dir, const char *name, const struct str *text, const char *stamp)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_FREE char *old = NULL;
	struct err *e = file_read(path, 1 << 20, &old, NULL);
	bool same = !e && streq(old, str_text(text));
	err_free(e);
	if (!same && stamp)
		TRY(file_revoke(stamp));
	return same ? NULL : file_write(path, str_text(text), text->len, 0644);
}

/* The host's proxy is in the configuration that the private state does not read. */
static void add_proxies(struct str *text)
{
	static const char *const kinds[] = {"http", "https"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO(str) out = STR_INIT;
		AUTO_FREE char *key = mem_printf("Acquire::%s::Proxy", kinds[i]);
		struct child_spec spec = {
			.argv = (const char *const[]){"apt-config", "dump", "--format", "%v%n", key, NULL},
			.deadline_ms = ASK_DEADLINE_MS};
		err_free(child_output(&spec, 65536, &out)); /* without an answer there is no proxy */
		AUTO_FREE char *value = mem_strndup(str_text(&out), strcspn(str_text(&out), "\n"));
		if (*value && !strpbrk(value, "\"\\ "))
			str_addf(text, "Acquire::%s::Proxy \"%s\";\n", kinds[i], value);
	}
}

static struct err *write_config(const struct state *s, const char *arch)
{
	AUTO(str) text = STR_INIT;
	static const char *const nowhere[] = {"SourceParts", "Main", "Preferences", "PreferencesParts", "Parts"};
	for (size_t i = 0; i < ARRAY_LEN(nowhere); i++)
		str_addf(&text, "Dir::Etc::%s \"/dev/null\";\n", nowhere[i]);
	str_addf(&text,
		 "Dir::Etc::SourceList \"%s/sources.list\";\nDir::State \"%s\";\nDir::State::Lists \"%s/lists\";\n"
		 "Dir::State::status \"%s/status\";\nDir::State::extended_states \"%s/extended_states\";\n"
		 "Dir::Cache \"%s/cache\";\nDir::Log \"%s/log\";\n",
		 s->dir, s->dir, s->dir, s->dir, s->dir, s->dir, s->dir);
	/* The architecture asked for plays the native one: packages for all belong to the native one only. */
	str_addf(&text, "APT::Architecture \"%s\";\nAPT::Architectures { \"%s\"; };\n", arch, arch);
	str_add(&text, "Acquire::ForceHash \"SHA256\";\nAcquire::Languages \"none\";\nAcquire::PDiffs \"false\";\n"
		       "Acquire::Retries \"3\";\nAcquire::AllowInsecureRepositories \"false\";\n"
		       "Acquire::AllowWeakRepositories \"false\";\nAPT::Install-Recommends \"false\";\n"
		       "APT::Get::AllowUnauthenticated \"false\";\nAPT::Sandbox::User \"root\";\n"
		       "APT::Cmd::Pattern-Only \"true\";\nDir::Bin::dpkg \"/bin/true\";\n");
	add_proxies(&text);
	return write_text(s->dir, "apt.conf", &text, NULL);
}

static struct err *run_apt(const struct state *s, const char *const *argv, struct sink *sink, struct str *out)
{
	const char *path = getenv("PATH");
	AUTO(strs) env = STRS_INIT;
	strs_addf(&env, "APT_CONFIG=%s", s->config);
	strs_addf(&env, "PATH=%s", path ? path : "/usr/bin:/bin:/usr/sbin:/sbin");
	strs_add(&env, "LC_ALL=C");
	static const char *const passed[] = {"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY",  "no_proxy",    "NO_PROXY",   "TMPDIR"};
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		if (getenv(passed[i]))
			strs_addf(&env, "%s=%s", passed[i], getenv(passed[i]));
	struct child_spec spec = {.argv = argv,
				  .env = (const char *const *)env.items,
				  .cwd = s->cwd,
				  .deadline_ms = APT_DEADLINE_MS,
				  .step = "resolve",
				  .sink = sink,
				  .die_with_parent = true};
	return out ? child_output(&spec, APT_OUTPUT_MAX, out) : child_run(&spec);
}

static bool told(const struct err *e, const char *part)
{
	return e->detail && strstr(e->detail, part);
}

/* What apt-get update says (LC_ALL=C), and what that means; the first that fits. */
static const struct {
	const char *words;
	enum err_kind kind;
	const char *meaning;
	const char *hint;
} update_failures[] = {
#define KEYS "install the package debian-archive-keyring in its newest version, then run the same command again"
#define LATER "try again later, or use another Debian mirror in /etc/apt/sources.list.d"
	{"NO_PUBKEY", ERR_CORRUPT, "is signed with an unknown key", KEYS},
	{"EXPKEYSIG", ERR_CORRUPT, "is signed with a key that has expired", KEYS},
	{"BADSIG", ERR_CORRUPT, "has an invalid signature", LATER},
	{"is not signed", ERR_CORRUPT, "is not signed", LATER},
	{"is expired", ERR_NET, "has expired: the mirror is out of date",
	 "check this computer's clock; otherwise " LATER},
	{"is not valid yet", ERR_NET, "is from the future", "check this computer's clock"},
	{"Mirror sync in progress", ERR_NET, "does not match its parts: the mirror is being updated", LATER},
	{"Hash Sum mismatch", ERR_NET, "does not match its parts: the mirror is being updated", LATER},
	{"does not have a Release file", ERR_ABSENT, "does not exist on the host's Debian mirror",
	 "check the suite's name in the recipe"},
#undef KEYS
#undef LATER
};

static struct err *explain_update(const struct state *s, struct err *take_e)
{
	struct err *e = take_e;
	if (e->kind != ERR_CHILD && e->kind != ERR_TIMEOUT)
		return err_wrap(e, "cannot update the package index of '%s'", s->suite);
	for (size_t i = 0; i < ARRAY_LEN(update_failures); i++) {
		if (!told(e, update_failures[i].words))
			continue;
		e = err_wrap(e, "the package index of '%s' %s", s->suite, update_failures[i].meaning);
		e->kind = update_failures[i].kind;
		return err_hint(e, "%s", update_failures[i].hint);
	}
	e = err_wrap(e, "cannot update the package index of '%s'", s->suite);
	e->kind = ERR_NET;
	return err_hint(e, "check the network and the host's apt sources, then run the same command again");
}

/* apt makes connections of its own, but for a mirror on this computer. */
static struct err *check_online(const struct state *s)
{
	const struct debian_mirrors *m = &s->host->mirrors;
	struct fetch_env env;
	fetch_env_read(&env);
	if (!env.offline || (str_starts(m->main, "file:") && (!m->security || str_starts(m->security, "file:"))))
		return NULL;
	return err_hint(err_new(ERR_NET, "offline: the package index of '%s' cannot be read", s->suite),
			"run the same command once without --offline (or COOPER_OFFLINE): the lock keeps the answer");
}

static struct err *update(const struct state *s, const char *stamp, struct sink *sink)
{
	AUTO_FREE char *lists = path_join(s->dir, "lists");
	struct stat st;
	bool there = false;
	TRY(file_stat(stamp, &there, &st));
	int64_t age_ms = there ? tick_wall_ms() - file_mtime_ns(&st) / 1000000 : -1;
	if (age_ms >= 0 && age_ms < FRESH_MS)
		return NULL;
	static const char *const argv[] = {"apt-get", "-qq", "--error-on=any", "update", NULL};
	TRY(check_online(s));
	TRY(file_revoke(stamp));
	event_note(sink, "resolve", "updating the package index of '%s'", s->suite);
	struct err *e = run_apt(s, argv, sink, NULL);
	if (e)
		return explain_update(s, e);
	TRY(tree_sync(lists));
	return file_write(stamp, "", 0, 0600);
}

static struct err *fill_state(struct state *s, const char *type, const char *arch, struct sink *sink)
{
	static const char *const dirs[] = {"lists/partial", "cache/archives/partial", "empty", "log"};
	AUTO_FREE char *lock = path_join(s->dir, "lock");
	AUTO_FREE char *stamp = path_join(s->dir, "stamp");
	AUTO(str) empty = STR_INIT;
	AUTO(str) sources = STR_INIT;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		AUTO_FREE char *path = path_join(s->dir, dirs[i]);
		TRY(dir_make(path, 0755));
	}
	TRY(lock_wait(lock, "cooper, asking the package archive", /* timeout_ms= */ 0, sink, &s->lock_fd));
	debian_sources(&s->host->mirrors, type, s->suite, file_offered(KEYRING) ? KEYRING : NULL, &sources);
	TRY(write_text(s->dir, "status", &empty, NULL));
	TRY(write_text(s->dir, "sources.list", &sources, stamp));
	TRY(write_config(s, arch));
	return update(s, stamp, sink);
}

static struct err *open_state(struct state *s, const char *type, const char *suite, const char *arch,
			      const char *state_dir, struct sink *sink)
{
	TRY(this_host(&s->host));
	s->suite = suite ? suite : s->host->codename;
	if (!path_is_plain(s->suite) || strpbrk(s->suite, "/ \t\n\"") || strpbrk(arch, "/ \t\n\""))
		return err_new(ERR_USAGE, "'%s' for '%s' is not a Debian suite", s->suite, arch);
	s->dir = mem_printf("%s/%s-%s-%s", state_dir, type, s->suite, arch);
	s->config = path_join(s->dir, "apt.conf");
	s->cwd = path_join(s->dir, "empty");
	return fill_state(s, type, arch, sink);
}

/* --- answers --- */

static struct err *add_file(const struct state *s, const char *line, size_t *cap, struct lock_entry *entry)
{
	bool is_uri = false;
	AUTO(debian_uri) uri = {.uri = NULL};
	TRY(debian_parse_uri(line, &is_uri, &uri));
	if (!is_uri)
		return NULL;
	char *url = NULL;
	TRY(debian_hide_host(&s->host->mirrors, uri.uri, &url));
	entry->files = mem_grow(entry->files, cap, entry->file_count + 1, sizeof(*entry->files));
	entry->files[entry->file_count++] = (struct lock_file){
		.name = mem_strdup(path_base(url)), .url = url, .sha256 = mem_strdup(uri.sha256), .size = uri.size};
	if (!entry->version)
		entry->version = debian_deb_version(uri.name);
	return NULL;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct lock_file *)a)->name, ((const struct lock_file *)b)->name);
}

static struct err *not_there(const struct state *s, struct err *take_e, const char *what)
{
	static const char *const words[] = {"Unable to locate package", "Unable to find a source package",
					    "has no installation candidate", "Can't find a source to download",
					    "Couldn't find any package"};
	size_t i = 0;
	while (i < ARRAY_LEN(words) && !told(take_e, words[i]))
		i++;
	if (i == ARRAY_LEN(words))
		return err_wrap(take_e, "apt cannot resolve %s in '%s'", what, s->suite);
	struct err *e = err_wrap(take_e, "%s is not available in the archive of '%s'", what, s->suite);
	e->kind = ERR_ABSENT;
	return err_hint(e, "check the name, or use another suite in the recipe");
}

static struct err *ask(const struct state *s, const char *const *argv, const char *what, struct sink *sink,
		       struct lock_entry *entry)
{
	AUTO(str) out = STR_INIT;
	AUTO(strs) lines = STRS_INIT;
	size_t cap = 0;
	struct err *e = run_apt(s, argv, sink, &out);
	if (e)
		return e->kind == ERR_CHILD ? not_there(s, e, what) : e;
	strs_split(&lines, str_text(&out), "\n");
	for (size_t i = 0; i < lines.count; i++)
		TRY(add_file(s, lines.items[i], &cap, entry));
	if (entry->file_count == 0)
		return err_new(ERR_ABSENT, "%s is not in the archive of '%s'", what, s->suite);
	qsort(entry->files, entry->file_count, sizeof(*entry->files), compare_files);
	return NULL;
}

static struct err *check_name(const char *name)
{
	return debian_name_valid(name) ? NULL : err_new(ERR_USAGE, "'%s' is not a Debian package name", name);
}

/* File names lack the epoch: the index has the version in full. */
static struct err *source_version(const struct state *s, const char *name, struct sink *sink, struct lock_entry *entry)
{
	AUTO(str) out = STR_INIT;
	const char *const argv[] = {"apt-cache", "-q", "--only-source", "showsrc", name, NULL};
	TRY(run_apt(s, argv, sink, &out));
	for (size_t i = 0; i < entry->file_count && !entry->version; i++)
		if (str_ends(entry->files[i].name, ".dsc"))
			entry->version = debian_stanza_version(str_text(&out), entry->files[i].name);
	return NULL;
}

struct err *debian_resolve_source(const char *name, const char *suite, const char *state_dir, struct sink *sink,
				  struct lock_entry *ret_entry)
{
	AUTO(state) s = {.lock_fd = -1};
	AUTO_FREE char *what = mem_printf("source package '%s'", name);
	const char *const argv[] = {"apt-get",       "-qq",    "--print-uris", "--download-only",
				    "--only-source", "source", name,           NULL};
	TRY(check_name(name));
	TRY(open_state(&s, "deb-src", suite, arch_row(ARCH_X86_64)->debian, state_dir, sink));
	TRY(ask(&s, argv, what, sink, ret_entry));
	return source_version(&s, name, sink, ret_entry);
}

struct err *debian_resolve_package(const char *name, const char *suite, const char *arch, const char *state_dir,
				   struct sink *sink, struct lock_entry *ret_entry)
{
	AUTO(state) s = {.lock_fd = -1};
	AUTO_FREE char *what = mem_printf("package '%s' for %s", name, arch);
	const char *const argv[] = {"apt-get", "-qq", "--print-uris", "download", name, NULL};
	/* packages for all are in every architecture's index; not every mirror keeps one of them alone in order */
	const char *index_arch = streq(arch, "all") ? arch_row(ARCH_X86_64)->debian : arch;
	TRY(check_name(name));
	TRY(open_state(&s, "deb", suite, index_arch, state_dir, sink));
	return ask(&s, argv, what, sink, ret_entry);
}

struct err *debian_resolve_set(const char *suite, const char *arch, const struct strs *names, const char *state_dir,
			       struct sink *sink, struct lock_entry *ret_entry)
{
	AUTO(state) s = {.lock_fd = -1};
	AUTO(strs) argv = STRS_INIT;
	AUTO_FREE char *what = mem_printf("the package set for %s", arch);
	static const char *const words[] = {
		"apt-get", "install", "--print-uris", "-qq", "-y", "--no-install-recommends", "?essential", NULL};
	for (size_t i = 0; i < names->count; i++)
		TRY(check_name(names->items[i]));
	TRY(open_state(&s, "deb", suite, arch, state_dir, sink));
	strs_add_all(&argv, words);
	strs_copy(&argv, names);
	TRY(ask(&s, (const char *const *)argv.items, what, sink, ret_entry));
	free(ret_entry->version); /* of one package among many: it says nothing */
	ret_entry->version = NULL;
	return NULL;
}

#include "net/fetch_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/units.h"
#include "fmt/digest.h"
#include "net/fetch_retry.h"
#include "net/fetch_url.h"
#include "sys/file.h"

#define LOGINS "the file of logins"

static const char *text_of(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static const char *kind_of(mode_t mode)
{
	return S_ISDIR(mode) ? "a folder" : "a pipe or a device";
}

static const struct number {
	const char *name;
	int64_t min, max, usual;
} stall = {"COOPER_STALL_SECONDS", 1, 3600, 30}, backoff = {"COOPER_BACKOFF_MS", 1, 60000, FETCH_BACKOFF_MS};

/* Of one that is no such number fetch_env_check() tells. */
static int64_t number_of(const struct number *n)
{
	const char *value = text_of(n->name);
	int64_t number = 0;
	return value && num_parse(value, n->min, n->max, &number) ? number : n->usual;
}

static struct err *check_number(const struct number *n)
{
	const char *value = text_of(n->name);
	int64_t number = 0;
	if (!value || num_parse(value, n->min, n->max, &number))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "%s is '%s', and not a number from %lld to %lld", n->name, value,
				(long long)n->min, (long long)n->max),
			"correct it, or unset it for the usual %lld", (long long)n->usual);
}

void fetch_env_read(struct fetch_env *ret_env)
{
	static const char *const bundles[] = {"COOPER_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"};
	const char *offline = text_of("COOPER_OFFLINE");
	*ret_env = (struct fetch_env){.offline = offline && !streq(offline, "0"),
				      .by_digest = text_of("COOPER_MIRROR"),
				      .ca_dir = text_of("SSL_CERT_DIR"),
				      .netrc = text_of("NETRC"),
				      .logins = text_of("NETRC") || text_of("HOME"),
				      .stall_s = number_of(&stall),
				      .backoff_ms = number_of(&backoff)};
	for (size_t i = 0; i < ARRAY_LEN(bundles) && !ret_env->ca; i++) {
		ret_env->ca = text_of(bundles[i]);
		ret_env->ca_env = bundles[i];
	}
}

static struct err *check_file(const char *path, const char *what)
{
	struct stat st = {.st_mode = 0};
	bool there = false;
	TRY(file_stat(path, &there, &st));
	if (!there || S_ISREG(st.st_mode) || streq(path, "/dev/null"))
		return NULL;
	return err_hint(err_new(ERR_USAGE, "%s '%s' is %s where a file is needed", what, path, kind_of(st.st_mode)),
			"name a file, or /dev/null for none");
}

/* A home that we may not enter, or that is no folder, has no logins for us: HOME is often that of who called us. */
static struct err *check_usual_logins(void)
{
	const char *home = text_of("HOME");
	AUTO_FREE char *netrc = home ? path_join(home, ".netrc") : NULL;
	struct err *e = netrc ? check_file(netrc, LOGINS) : NULL;
	return e && (e->errnum == EACCES || e->errnum == ENOTDIR) ? err_free(e) : e;
}

struct err *fetch_env_check(const struct fetch_env *env)
{
	TRY(check_number(&stall));
	TRY(check_number(&backoff));
	TRY(env->netrc ? check_file(env->netrc, LOGINS) : check_usual_logins());
	return env->ca ? check_file(env->ca, env->ca_env) : NULL;
}

static struct err *check_digests(const struct fetch_request *r)
{
	if ((r->sha256 && !digest_valid(DIGEST_SHA256, r->sha256)) ||
	    (r->sha512 && !digest_valid(DIGEST_SHA512, r->sha512)))
		return err_new(ERR_USAGE, "'%s' is not a digest", r->sha256 ? r->sha256 : r->sha512);
	if (!r->sha256 && !r->sha512 && !r->unverified)
		return err_hint(err_new(ERR_USAGE, "no digest is known"), "give its sha256: every byte is verified");
	return NULL;
}

static struct err *add_url(const struct fetch_env *env, const char *url, bool allow_http, struct strs *urls)
{
	TRY(fetch_url_check(url, allow_http));
	if (!env->offline || fetch_url_is(url, "file"))
		strs_add(urls, url);
	return NULL;
}

struct err *fetch_file_open(const char *url, int *ret_fd)
{
	AUTO_FREE char *path = fetch_url_path(url);
	struct stat st = {.st_mode = 0};
	bool there = false;
	TRY(file_stat(path, &there, &st));
	if (!there)
		return err_hint(err_new(ERR_ABSENT, "'%s' does not exist", path), "check the path");
	AUTO_CLOSE int fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	if (S_ISREG(st.st_mode) && (fd < 0 || fstat(fd, &st) != 0))
		return err_hint(err_os(errno, "cannot open '%s'", path), "check its permissions and the disk");
	if (!S_ISREG(st.st_mode))
		return err_hint(err_new(ERR_USAGE, "'%s' is %s where a file is needed", path,
					kind_of(st.st_mode)),
				"name a file; of a folder make an archive");
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

/* A mirror on this computer that has no such file is no place to go to. */
static struct err *is_absent(const char *url, bool *ret_absent)
{
	AUTO_CLOSE int fd = -1;
	struct err *e = fetch_url_is(url, "file") ? fetch_file_open(url, &fd) : NULL;
	*ret_absent = err_is(e, ERR_ABSENT);
	return *ret_absent ? err_free(e) : e;
}

struct err *fetch_env_urls(const struct fetch_env *env, const struct fetch_request *r, struct strs *urls,
			   size_t *ret_primary)
{
	TRY(check_digests(r));
	if (env->by_digest && (r->sha256 || r->sha512) && !fetch_url_is(r->url, "file")) {
		AUTO_FREE char *url = fetch_url_by_digest(env->by_digest, r->sha256, r->sha512);
		bool absent = false;
		struct err *e = env->offline ? is_absent(url, &absent) : NULL;
		if (!e && !absent)
			e = add_url(env, url, /* allow_http= */ true, urls);
		if (e)
			return err_wrap(e, "COOPER_MIRROR");
	}
	bool allow_http =
		(r->allow_http && (r->sha256 || r->sha512)) || (r->allow_local_http && fetch_url_is_local_http(r->url));
	*ret_primary = urls->count;
	TRY(add_url(env, r->url, allow_http, urls));
	for (size_t i = 0; r->mirrors && r->mirrors[i]; i++)
		TRY(add_url(env, r->mirrors[i], allow_http, urls));
	return NULL;
}

bool fetch_out_of_reach(const struct fetch_request *r)
{
	struct fetch_env env;
	AUTO(strs) urls = STRS_INIT;
	size_t primary = 0;
	fetch_env_read(&env);
	struct err *e = env.offline ? fetch_env_urls(&env, r, &urls, &primary) : NULL;
	bool is_wrong = e != NULL; /* fetch_run() tells what is */
	err_free(e);
	return env.offline && !is_wrong && urls.count == 0;
}

struct err *fetch_offline_error(const struct strs *lines)
{
	struct err *e = err_new(ERR_NET, "offline: %zu file%s missing from the store", lines->count,
				lines->count == 1 ? " is" : "s are");
	e = err_hint(e, "leave out --offline (or unset COOPER_OFFLINE), or set COOPER_MIRROR to a folder (file:///...) "
			"that has them as sha256/ab/<digest>");
	return err_detail(e, strs_join(lines, "\n"));
}

#include "net/fetch_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

bool fetch_url_is(const char *url, const char *scheme)
{
	size_t n = strlen(scheme);
	return strncasecmp(url, scheme, n) == 0 && url[n] == ':';
}

/* Where host[:port] begins and how long it is; false where the URL has none. */
static bool find_host(const char *url, size_t *ret_at, size_t *ret_size)
{
	const char *mark = strstr(url, "://");
	if (!mark)
		return false;
	const char *from = mark + 3;
	size_t size = strcspn(from, "/?#");
	for (size_t i = size; i > 0; i--) {
		if (from[i - 1] == '@') {
			from += i;
			size -= i;
			break;
		}
	}
	*ret_at = (size_t)(from - url);
	*ret_size = size;
	return true;
}

bool fetch_url_is_local_http(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
	size_t at = 0, size = 0;
	if (!fetch_url_is(url, "http") || !find_host(url, &at, &size))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		size_t n = strlen(hosts[i]);
		if (size >= n && strncmp(url + at, hosts[i], n) == 0 && (size == n || url[at + n] == ':'))
			return true;
	}
	return false;
}

char *fetch_url_shown(const char *url)
{
	AUTO(str) plain = STR_INIT;
	size_t at = 0, size = 0;
	if (find_host(url, &at, &size)) {
		str_add_mem(&plain, url, (size_t)(strstr(url, "://") - url));
		str_add(&plain, "://");
	}
	size_t end = strcspn(url + at, "?#");
	str_add_mem(&plain, url + at, end);
	if (url[at + end] == '?')
		str_add(&plain, "?...");
	return str_escape(str_text(&plain));
}

char *fetch_url_origin(const char *url)
{
	size_t at = 0, size = 0;
	if (fetch_url_is(url, "file") || !find_host(url, &at, &size))
		return mem_strdup("file:");
	char *origin = mem_printf("%.*s://%.*s", (int)strcspn(url, ":"), url, (int)size, url + at);
	for (char *p = origin; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return origin;
}

char *fetch_url_path(const char *url)
{
	AUTO(str) path = STR_INIT;
	const char *from = url + strlen("file://");
	const char *end = from + strcspn(from, "?#");
	for (const char *p = from; p < end; p++) {
		char hex[3] = {p[0] == '%' ? p[1] : '\0', p[0] == '%' && p[1] ? p[2] : '\0', '\0'};
		bool escaped = isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]);
		str_add_char(&path, escaped ? (char)strtoul(hex, NULL, 16) : *p);
		p += escaped ? 2 : 0;
	}
	return str_take(&path);
}

struct err *fetch_url_check(const char *url, bool allow_http)
{
	AUTO_FREE char *shown = fetch_url_shown(url);
	if (fetch_url_is(url, "https") || (allow_http && fetch_url_is(url, "http")))
		return NULL;
	if (fetch_url_is(url, "file"))
		return str_starts(url + strlen("file:"), "///")
			       ? NULL
			       : err_hint(err_new(ERR_USAGE, "'%s' names no file of this host", shown),
					  "write file:/// and the absolute path");
	if (fetch_url_is(url, "http"))
		return err_hint(err_new(ERR_USAGE, "'%s' is http: and no digest protects it", shown),
				"give its sha256, or use https:");
	return err_hint(err_new(ERR_USAGE, "'%s' is of a kind that cannot be fetched", shown),
			"use https:, http: or file:");
}

struct err *fetch_redirect_check(const char *from, const char *to, int hop, bool allow_http)
{
	AUTO_FREE char *shown = fetch_url_shown(to);
	if (hop > FETCH_HOPS_MAX)
		return err_hint(err_new(ERR_NET, "more than %d redirects, the last one to '%s'", FETCH_HOPS_MAX, shown),
				"the server may have a redirect loop: check the URL, or use another one");
	if (fetch_url_is(to, "https") || (allow_http && fetch_url_is(to, "http") && fetch_url_is(from, "http")))
		return NULL;
	struct err *e = fetch_url_is(to, "http") ? err_new(ERR_NET, "a redirect from https to '%s' was refused", shown)
						 : err_new(ERR_NET, "a redirect to '%s' was refused", shown);
	return err_hint(e, "nothing was fetched; use an https: URL directly");
}

char *fetch_url_by_digest(const char *base, const char *sha256, const char *sha512)
{
	const char *hex = sha256 ? sha256 : sha512;
	size_t size = strlen(base);
	while (size > 0 && base[size - 1] == '/')
		size--;
	return mem_printf("%.*s/%s/%.2s/%s", (int)size, base, sha256 ? "sha256" : "sha512", hex, hex);
}

/*
 * fetch_url.h - URLs as text: what may be shown, who is asked, where a redirect may lead
 *
 * Pure. A URL may carry secrets (a login before '@', tokens in the query): messages and notes on disk hold
 * fetch_url_shown() alone. Redirects are followed by us, hop by hop, so that the rule below holds for each of
 * them: never from https to anything less, never to a local file, at most FETCH_HOPS_MAX.
 */
#ifndef COOPER_NET_FETCH_URL_H
#define COOPER_NET_FETCH_URL_H

#include <stdbool.h>

#include "base/err.h"

enum { FETCH_HOPS_MAX = 10 };

/** fetch_url_is() - whether @url has @scheme ("https"), in any case */
bool fetch_url_is(const char *url, const char *scheme);
/** fetch_url_is_local_http() - whether @url is http: to this machine, by a loopback name or address */
bool fetch_url_is_local_http(const char *url);
/** fetch_url_shown() - @url without login, query and fragment (a query shows as "?..."), escaped; heap */
char *fetch_url_shown(const char *url);
/** fetch_url_origin() - "https://host:port" in lower case without login, "file:" for files; heap */
char *fetch_url_origin(const char *url);
/** fetch_url_path() - the path that the file: URL @url names, escapes undone, without query and fragment; heap */
char *fetch_url_path(const char *url);
/** fetch_url_check() - whether @url may be asked at all; USAGE otherwise */
MUST_CHECK struct err *fetch_url_check(const char *url, bool allow_http);
/** fetch_redirect_check() - whether hop number @hop (from 1) may lead from @from to @to; NET otherwise */
MUST_CHECK struct err *fetch_redirect_check(const char *from, const char *to, int hop, bool allow_http);
/** fetch_url_by_digest() - "<base>/sha256/ab/<hex>" (or sha512 where @sha256 is NULL), heap */
char *fetch_url_by_digest(const char *base, const char *sha256, const char *sha512);

#endif

/*
 * fetch_env.h - what the environment tells a download
 *
 *	COOPER_OFFLINE         any value but "" and "0": no connection is made; file: URLs still work
 *	COOPER_MIRROR          base URL of a mirror laid out by digest (<base>/sha256/ab/<hex>), asked first
 *	COOPER_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE   a CA bundle, in this order; SSL_CERT_DIR a folder of them
 *	NETRC                  where logins are; default ~/.netrc, by HOME alone
 *	COOPER_STALL_SECONDS   silence after which a transfer is given up; default 30; fetch_watch.h has the other limits
 *	COOPER_BACKOFF_MS      ceiling of the first pause before a retry; default 500 (for tests)
 *
 * Proxies (https_proxy, http_proxy, all_proxy, no_proxy) are read by libcurl itself; CA variables are not.
 */
#ifndef COOPER_NET_FETCH_ENV_H
#define COOPER_NET_FETCH_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "net/fetch_request.h"

struct fetch_env {
	bool offline;
	const char *by_digest; /* COOPER_MIRROR, NULL = none */
	const char *ca;        /* bundle, NULL = the library's own */
	const char *ca_env;    /* the variable that named it */
	const char *ca_dir;
	const char *netrc; /* NULL = ~/.netrc, where HOME says */
	bool logins;       /* whether either says where they are */
	int64_t stall_s;
	int64_t backoff_ms;
};

/** fetch_env_read() - read it once; texts are the environment's */
void fetch_env_read(struct fetch_env *ret_env);
/** fetch_env_check() - numbers are numbers; the files of logins and of CAs, if they are there, are files: libcurl and
 *  OpenSSL would wait for a pipe that nobody writes to, without a limit. Errors: USAGE, and those of file_stat() */
MUST_CHECK struct err *fetch_env_check(const struct fetch_env *env);
/**
 * fetch_env_urls() - the URLs to try for @r, in order, without those that are out of reach offline
 *
 * *ret_primary is the index at which the request's own URL stands (or would): what is before it is a short cut.
 * Errors: USAGE (a URL that may not be asked, a digest that is none, no digest at all)
 */
MUST_CHECK struct err *fetch_env_urls(const struct fetch_env *env, const struct fetch_request *r, struct strs *urls,
				      size_t *ret_primary);
/** fetch_file_open() - the file of the file: URL @url, to read; ABSENT when nothing is there, USAGE for what is no file: a
 *  pipe or a device would be waited for, or never end; OS */
MUST_CHECK struct err *fetch_file_open(const char *url, int *ret_fd);
/** fetch_out_of_reach() - whether COOPER_OFFLINE is set, and no place that can be asked without a connection has @r */
bool fetch_out_of_reach(const struct fetch_request *r);
/** fetch_offline_error() - the NET error that lists what is out of reach, a line each: digest or commit, URL */
MUST_CHECK struct err *fetch_offline_error(const struct strs *lines);

#endif

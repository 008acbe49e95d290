/*
 * fetch_retry.h - what went wrong with a transfer: whether trying again helps, when, and how to say it
 *
 * Pure. net/fetch.c maps libcurl's codes to enum fetch_cause; everything after that is decided here.
 */
#ifndef COOPER_NET_FETCH_RETRY_H
#define COOPER_NET_FETCH_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum fetch_cause {
	FETCH_NO_CAUSE,
	FETCH_DNS,      /* the name does not resolve */
	FETCH_CONNECT,  /* nobody answers there */
	FETCH_PROXY,    /* the proxy refused */
	FETCH_TLS,      /* no secure connection */
	FETCH_CA_FILE,  /* our own CA bundle cannot be read */
	FETCH_STATUS,   /* an HTTP status that is no success */
	FETCH_SHORT,    /* the body ended early */
	FETCH_BROKEN,   /* the connection broke */
	FETCH_HTTP2,    /* an HTTP/2 error: worth a try with HTTP/1.1 */
	FETCH_STALL,    /* nothing came for a while */
	FETCH_SILENCE,  /* nothing at all came, and nothing changed, for longer */
	FETCH_SLOW,     /* a byte now and then */
	FETCH_REDIRECT, /* a redirect that is not followed; the text says why */
	FETCH_TOO_LONG, /* more bytes than allowed */
	FETCH_LENGTH,   /* the server announces another size */
	FETCH_RANGE,    /* an answer with a part that nobody asked for */
	FETCH_HEADERS,  /* an endless header */
	FETCH_FILE,     /* a local file cannot be read */
	FETCH_HOST,     /* this host has no more descriptors, threads or memory: errnum says which */
	FETCH_OTHER,
};

struct fetch_trouble {
	enum fetch_cause cause;
	int status;         /* of FETCH_STATUS */
	int errnum;         /* of FETCH_HOST */
	int64_t wait_s;     /* Retry-After */
	int64_t bytes;      /* what came, or what the server announces */
	int64_t limit;      /* what is expected, or at most allowed; -1 = unknown */
	int64_t seconds;    /* of FETCH_STALL, FETCH_SILENCE, FETCH_SLOW */
	const char *reason; /* the library's words; may be NULL */
	const char *origin; /* who was asked */
	const char *ca;     /* path of the CA bundle in use, or NULL */
	const char *ca_env; /* the variable that names it, or NULL */
};

enum {
	FETCH_TRIES = 5,           /* of a URL that the recipe names */
	FETCH_MIRROR_TRIES = 3,    /* of each further URL */
	FETCH_BY_DIGEST_TRIES = 2, /* of COOPER_MIRROR: only a short cut */
	FETCH_CONNECT_S = 15,      /* longest that a connection may take */
	FETCH_WAIT_MAX_S = 60,     /* longest Retry-After that is obeyed in full */
	FETCH_BACKOFF_MS = 500,    /* ceiling of the first pause; doubles with each try */
};

/** fetch_may_retry() - whether the same URL may work a moment later */
bool fetch_may_retry(const struct fetch_trouble *t);
/** fetch_backoff_ms() - pause after try number @tries (from 1): full jitter below a doubling ceiling, @wait_s a floor
 */
int64_t fetch_backoff_ms(int tries, int64_t base_ms, int64_t wait_s, uint32_t random);
/** fetch_explain() - the error for people, with its kind and a hint */
MUST_CHECK struct err *fetch_explain(const struct fetch_trouble *t);

#endif

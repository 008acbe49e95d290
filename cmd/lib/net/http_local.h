/*
 * http_local.h - HTTP requests over unix sockets
 *
 * For programs with an API, not for downloads (fetch.h). Nothing blocks but http_local_wait(); an answer is bounded in
 * size and time. Whoever answers is a stranger.
 *
 *	struct http_local *h = http_local_new();
 *	struct http_answer *a = http_local_get(h, "/run/podman/podman.sock", "/v4.0.0/libpod/info", 65536, 5000);
 *	while (!http_answer_ended(a, &e)) http_local_wait(h, -1, 1000);
 *	... http_answer_body(a) ...
 *	http_answer_drop(a);
 *	http_local_free(h);
 *
 * See: RFC 9112, libcurl-multi(3)
 */
#ifndef COOPER_NET_HTTP_LOCAL_H
#define COOPER_NET_HTTP_LOCAL_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct http_local;
struct http_answer;

struct http_local *http_local_new(void);
/** http_local_free() - all answers were dropped; NULL is fine; returns NULL */
struct http_local *http_local_free(struct http_local *h);

/**
 * http_local_get() - begin a GET
 * @target:      path and query
 * @max:         bytes of the body at most
 * @timeout_ms:  for all of it; 0 = none
 */
struct http_answer *http_local_get(struct http_local *h, const char *socket, const char *target, size_t max,
				   int64_t timeout_ms);

/** http_local_wait() - let all go on, for at most @timeout_ms until one does, or @fd (-1 = none) is readable */
void http_local_wait(struct http_local *h, int fd, int timeout_ms);

/** http_answer_body() - what came of it; borrowed */
const struct str *http_answer_body(const struct http_answer *a);

/**
 * http_answer_ended() - whether nothing more comes; @ret_e, the caller's, is NULL for a whole answer with status 200
 *
 * Errors:  NET (nobody listens, it broke off, no HTTP), GUEST (another status), CORRUPT (too long), TIMEOUT
 */
bool http_answer_ended(struct http_answer *a, struct err **ret_e);

/** http_answer_drop() - end it, and free; NULL is fine; returns NULL */
struct http_answer *http_answer_drop(struct http_answer *a);

#endif

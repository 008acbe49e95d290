/*
 * fetch.h - bytes from a URL into a file, verified on the way
 *
 * https:, http: and file:. One pass: the digest is computed while the body arrives; the file takes its name
 * only when size and digest hold. Redirects are bounded and never leave https for http. Retries back off.
 */
#ifndef COOPER_NET_FETCH_H
#define COOPER_NET_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

/* One download. All borrowed. */
struct fetch_request {
	const char *url;            /* https://, http:// or file:// */
	const char *const *mirrors; /* further URLs of the same bytes, tried in order; NULL-terminated; may be NULL */
	const char *sha256;         /* required unless sha512 or unverified */
	const char *sha512;
	int64_t size;          /* exact size, -1 = unknown */
	int64_t max_size;      /* cap where the size is unknown; 0 = 16 GiB */
	const char *target;    /* final path; the part is kept beside it as <target>.part */
	const char *step;      /* step id for progress */
	bool allow_http;       /* http: is allowed (a digest is there) */
	bool allow_local_http; /* http: to this machine is allowed without a digest; a redirect to http: never is */
	bool unverified;       /* no digest is known (only `tool fetch` without one, and channels) */
	bool unflushed; /* done when the kernel has the bytes, as with cp and curl: nothing relies on the file later */
};

/**
 * fetch_run() - download @count requests, in parallel
 * @deadline_ms: absolute, monotonic; 0 = none
 * @sink:        receives progress in bytes of body
 *
 * Errors: NET (transport failed after the last retry; the part is kept), CORRUPT (digest or size differs;
 * dropped), ABSENT (a file: that is missing), OS (writing failed), CANCELED. 404 is NET, too, and not tried again.
 * On error: no target is created or changed for the failing request; the others run to their end first.
 * See: RFC 9110, libcurl-multi(3)
 */
MUST_CHECK struct err *fetch_run(const struct fetch_request *requests, size_t count, int64_t deadline_ms,
				 struct sink *sink);

#endif

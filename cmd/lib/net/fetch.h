/*
 * fetch.h - bytes from a URL into a file, verified on the way
 *
 * https:, http: and file:. One pass: the digest is computed while the body arrives; the file takes its name
 * only when size and digest hold. Redirects are bounded and never leave https for http. Retries back off.
 */
#ifndef COOPER_NET_FETCH_H
#define COOPER_NET_FETCH_H

#include <stdint.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "net/fetch_request.h"

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

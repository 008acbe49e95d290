/*
 * fetch_request.h - one download, as fetch_run() is given it
 */
#ifndef COOPER_NET_FETCH_REQUEST_H
#define COOPER_NET_FETCH_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

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
	bool read_only; /* from its name on, also when the power goes */
	bool unflushed; /* done when the kernel has the bytes, as with cp and curl: nothing relies on the file later */
};

#endif

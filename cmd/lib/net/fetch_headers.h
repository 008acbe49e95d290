/*
 * fetch_headers.h - the header lines of an HTTP answer, as far as a download needs them
 *
 * Pure: lines in, facts out. A new status line starts over (interim answers), the sum of all bytes is bounded.
 * See: RFC 9110 sections 8.8 (validators), 13.1.5 (If-Range), 14.4 (Content-Range).
 */
#ifndef COOPER_NET_FETCH_HEADERS_H
#define COOPER_NET_FETCH_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { FETCH_HEAD_MAX = 64 * 1024, FETCH_VALIDATOR_MAX = 1024 };

struct fetch_head {
	int status;          /* 0 before the status line */
	bool ended;          /* the empty line was seen */
	bool chunked;        /* the body says itself where it ends */
	int64_t length;      /* Content-Length, -1 = not told */
	int64_t range_from;  /* Content-Range, -1 = none, or "bytes *" */
	int64_t range_to;    /* its last byte */
	int64_t range_total; /* size of the whole, -1 = not told */
	int64_t date;        /* Date, seconds since 1970; -1 = none */
	char *etag;
	char *last_modified;
	char *encoding; /* Content-Encoding */
	size_t bytes;   /* of all header lines so far */
};

/** fetch_head_init() - nothing is known; fetch_head_done() frees */
void fetch_head_init(struct fetch_head *h);
void fetch_head_done(struct fetch_head *h);
/** fetch_head_line() - take one line of @size bytes; CORRUPT when there are too many bytes of them */
MUST_CHECK struct err *fetch_head_line(struct fetch_head *h, const char *line, size_t size);
/** fetch_head_validator() - what If-Range may carry: a strong ETag, else a Last-Modified that is old enough; or NULL */
const char *fetch_head_validator(const struct fetch_head *h);

/** fetch_validator_ok() - whether @text can go into a header line as it is */
bool fetch_validator_ok(const char *text);
/** fetch_parse_range() - a Content-Range: "bytes 5-9/10", the total or the range may be an asterisk; false otherwise */
bool fetch_parse_range(const char *text, int64_t *ret_from, int64_t *ret_to, int64_t *ret_total);

/** fetch_date() - a date as HTTP has it, "Sun, 06 Nov 1994 08:49:37 GMT", in seconds since 1970, by libcurl (fetch.c);
 * -1 = none */
int64_t fetch_date(const char *text);

#endif

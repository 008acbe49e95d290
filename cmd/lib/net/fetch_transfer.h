/*
 * fetch_transfer.h - the life of one request: which URL now, what to keep of what arrives, what an end means
 *
 * The part of a download that knows no transport. net/fetch.c asks transfer_advance() whether to start, hands
 * in header lines and body, and reports the end; here is decided whether that was it, whether to follow, to
 * try again, to go to the next URL, or to give up. Not for other modules: they use net/fetch.h.
 *
 * Invariant: bytes are kept only while the part is locked; a request that is done holds no lock.
 */
#ifndef COOPER_NET_FETCH_TRANSFER_H
#define COOPER_NET_FETCH_TRANSFER_H

#include "net/fetch_env.h"
#include "net/fetch_headers.h"
#include "net/fetch_part.h"
#include "net/fetch_retry.h"

struct transfer {
	const struct fetch_request *request;
	struct fetch_batch *batch;
	struct transfer *leader; /* first request of the same step: it keeps the step's progress clock */
	int64_t told_ms;
	struct strs urls; /* to try, in order */
	size_t at;        /* the one in use */
	size_t primary;   /* the request's own; a short cut may stand before it, mirrors after */
	char *url;        /* what is asked, after redirects */
	char *origin;     /* of url */
	int file;         /* a file: URL's, open; -1 = none */
	int hops;
	int tries;              /* failures in a row of urls[at] */
	int attempts;           /* failures of urls[at] */
	int64_t high_water;     /* most bytes that any attempt reached */
	bool http11;            /* after an HTTP/2 error */
	bool whole;             /* after a wrong range */
	bool running;           /* net/fetch.c has it in hand */
	bool ranged;            /* only the rest was asked for */
	bool conditional;       /* and only of the same version: If-Range */
	bool began;             /* the body is ours to keep */
	int64_t ignored;        /* bytes of a body that is not */
	enum fetch_cause cause; /* why we stopped it ourselves */
	struct err *stop;       /* why it cannot go on at all */
	struct fetch_head head;
	struct fetch_part part;
	bool waited;
	int64_t not_before_ms;
	bool checked;       /* all is there and its digests hold: transfer_place() is next */
	int64_t checked_ms; /* since when */
	bool done;
	bool missing;        /* nothing may be asked: offline */
	struct err *failure; /* of the request, when done */
	struct str tried;    /* one line per URL that failed */
};

struct fetch_batch {
	struct transfer *items;
	size_t count;
	struct sink *sink;
	struct fetch_env env;
};

/* How an attempt ended, in the transport's eyes. */
struct fetch_end {
	enum fetch_cause cause; /* FETCH_NO_CAUSE = the exchange was complete */
	const char *reason;     /* its words */
	const char *location;   /* where a redirect leads, NULL = none */
	int64_t wait_s;         /* Retry-After, 0 = none */
	int errnum;             /* of FETCH_HOST */
};

/** transfer_init() - @t is an item of @b; on a bad request it is done at once, with its failure */
void transfer_init(struct transfer *t, struct fetch_batch *b, const struct fetch_request *request);
/** transfer_done() - free; a part that can be resumed stays */
void transfer_done(struct transfer *t);
/** transfer_advance() - get the part ready; true when an attempt at t->url shall start now */
bool transfer_advance(struct transfer *t);
/** transfer_prepare() - an attempt starts: decides t->ranged; *ret_validator (borrowed) is for If-Range, or NULL */
void transfer_prepare(struct transfer *t, const char **ret_validator);
/** transfer_header() - one header line; false = stop the exchange */
bool transfer_header(struct transfer *t, const char *line, size_t size);
/** transfer_body() - some bytes of body; false = stop the exchange */
bool transfer_body(struct transfer *t, const void *data, size_t size);
/** transfer_end() - the attempt is over: checked, done with a failure, or to be advanced again */
void transfer_end(struct transfer *t, const struct fetch_end *end);
/** transfer_place() - a checked one: flush what is to be flushed and put it in place; done. Each flush waits for the
 * disk: best after that of others, which takes most of it along */
void transfer_place(struct transfer *t);
/** transfer_tell() - the progress of each step, also where there is none: whoever shows it knows that we are alive */
void transfer_tell(struct fetch_batch *b);
/** transfer_name() - "cannot fetch 'URL': ..." around @take_e */
MUST_CHECK struct err *transfer_name(const struct transfer *t, struct err *take_e);

#endif

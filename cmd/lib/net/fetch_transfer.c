#include "net/fetch_transfer.h"

#include <stdlib.h>
#include <string.h>

#include "base/cancel.h"
#include "base/event.h"
#include "net/fetch_url.h"
#include "net/fetch_watch.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/tick.h"

enum {
	ATTEMPTS_MAX = 100,       /* of one URL, those that made progress included */
	PROGRESS_BYTES = 1 << 20, /* an attempt that brought this much does not count as a failure */
	PROGRESS_MS = 100,
	LOOK_MS = 100,           /* how often a part that somebody else writes is looked at */
	IGNORED_MAX = 64 * 1024, /* body of a redirect */
};

#define SIZE_CAP_DEFAULT (INT64_C(16) << 30)

/* Most bytes that the body may have. */
static int64_t cap(const struct transfer *t)
{
	const struct fetch_request *r = t->request;
	return r->size >= 0 ? r->size : r->max_size ? r->max_size : SIZE_CAP_DEFAULT;
}

/* The sum over all requests of this one's step, so that a step has one steady bar; now and then, or at an end. */
static void tell_progress(struct transfer *t, bool now)
{
	struct fetch_batch *b = t->batch;
	int64_t ms = tick_ms(), done = 0, total = 0;
	if (!now && ms - t->leader->told_ms < PROGRESS_MS)
		return;
	t->leader->told_ms = ms;
	for (size_t i = 0; i < b->count; i++) {
		const struct transfer *other = &b->items[i];
		if (other->leader != t->leader)
			continue;
		int64_t size = other->request->size >= 0 ? other->request->size : other->part.total;
		done += other->part.bytes;
		total = size < 0 || total < 0 ? -1 : total + size;
	}
	event_progress(b->sink, t->request->step, done, total < 0 ? 0 : total, "B");
}

void transfer_tell(struct fetch_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->items[i].leader == &b->items[i])
			tell_progress(&b->items[i], /* now= */ false);
}

/* --- what arrives --- */

static bool stop_for(struct transfer *t, enum fetch_cause cause)
{
	t->cause = cause;
	return false;
}

static bool stop_with(struct transfer *t, struct err *take_e)
{
	t->stop = take_e;
	return false;
}

/* An answer with the whole: what was there before goes. */
static bool begin_whole(struct transfer *t)
{
	const struct fetch_request *r = t->request;
	struct err *e = NULL;
	if (r->size >= 0 && t->head.length >= 0 && t->head.length != r->size)
		return stop_for(t, FETCH_LENGTH);
	if (t->head.length > cap(t))
		return stop_for(t, FETCH_TOO_LONG);
	if (t->part.bytes > 0 && (e = part_restart(&t->part)))
		return stop_with(t, e);
	AUTO_FREE char *from = fetch_url_shown(t->urls.items[t->at]);
	part_describe(&t->part, from, fetch_head_validator(&t->head), r->size >= 0 ? r->size : t->head.length);
	t->began = true;
	return true;
}

/* Whether the answer is of another version than the part, in spite of If-Range: not every server compares. */
static bool is_of_another(const struct transfer *t)
{
	const char *had = t->conditional ? t->part.validator : NULL;
	const char *has = had && had[0] == '"' ? t->head.etag : t->head.last_modified;
	return had && has && !streq(had, has);
}

/* An answer with the rest: it must be the one that was asked for, of a file of the right size. */
static bool begin_rest(struct transfer *t)
{
	const struct fetch_head *h = &t->head;
	int64_t total = t->request->size >= 0 ? t->request->size : t->part.total;
	bool fits = t->ranged && h->range_from == t->part.bytes && !is_of_another(t) &&
		    (total < 0 || h->range_total < 0 || h->range_total == total);
	if (!fits)
		return stop_for(t, FETCH_RANGE);
	if (t->part.total < 0)
		t->part.total = h->range_total; /* a range may end before the file does */
	t->part.joined = true;
	t->began = true;
	return true;
}

bool transfer_header(struct transfer *t, const char *line, size_t size)
{
	struct err *e = fetch_head_line(&t->head, line, size);
	if (e) {
		err_free(e);
		return stop_for(t, FETCH_HEADERS);
	}
	if (!t->head.ended || t->began)
		return true;
	return t->head.status == 200 ? begin_whole(t) : t->head.status == 206 ? begin_rest(t) : true;
}

bool transfer_body(struct transfer *t, const void *data, size_t size)
{
	if (!t->began && t->head.status) {
		t->ignored += (int64_t)size;
		return t->ignored <= IGNORED_MAX;
	}
	if (!t->began && !begin_whole(t)) /* file: has no header */
		return false;
	if (t->part.bytes + (int64_t)size > cap(t))
		return stop_for(t, FETCH_TOO_LONG);
	struct err *e = part_add(&t->part, data, size);
	if (e)
		return stop_with(t, e);
	tell_progress(t, /* now= */ false);
	return true;
}

/* --- starting --- */

static void go_to(struct transfer *t, const char *url)
{
	char *copy = mem_strdup(url);
	free(t->url);
	free(t->origin);
	t->url = copy;
	t->origin = fetch_url_origin(copy);
}

void transfer_prepare(struct transfer *t, const char **ret_validator)
{
	const struct fetch_request *r = t->request;
	AUTO_FREE char *from = fetch_url_shown(t->urls.items[t->at]);
	bool comparable = streq(from, t->part.from) && t->part.validator;
	bool decidable = (r->sha256 || r->sha512) && (r->size > 0 || t->part.total > 0);
	t->ranged = t->part.bytes > 0 && !t->whole && !fetch_url_is(t->url, "file") && (comparable || decidable);
	t->conditional = t->ranged && comparable;
	*ret_validator = t->conditional ? t->part.validator : NULL;
	t->cause = FETCH_NO_CAUSE;
	t->began = false;
	t->ignored = 0;
	fetch_head_done(&t->head);
}

/* --- ends --- */

struct err *transfer_name(const struct transfer *t, struct err *take_e)
{
	AUTO_FREE char *shown = fetch_url_shown(t->request->url);
	return err_wrap(take_e, "cannot fetch '%s'", shown);
}

static void fail(struct transfer *t, struct err *take_e)
{
	if (take_e)
		t->failure = t->failure ? err_first(t->failure, take_e) : transfer_name(t, take_e);
	t->done = true;
	part_done(&t->part);
}

/* This URL is given up: on to the next one. What the last one says is told where it is the only one, or the recipe's.
 */
static void next_url(struct transfer *t, struct err *take_e)
{
	bool short_cut = t->at < t->primary;
	AUTO_FREE char *shown = fetch_url_shown(t->urls.items[t->at]);
	AUTO_FREE char *text = mem_strdup(take_e->message);
	str_addf(&t->tried, "%s%s: %s", t->tried.len ? "\n" : "", shown, text);
	struct err *spoilt = err_is(take_e, ERR_CORRUPT) && t->part.fd >= 0 ? part_restart(&t->part) : NULL;
	if (!t->failure && (!short_cut || t->at + 1 == t->urls.count)) {
		t->failure = transfer_name(t, take_e);
	} else {
		err_free(take_e);
	}
	if (spoilt || ++t->at >= t->urls.count) {
		if (t->urls.count > 1 && t->failure)
			t->failure = err_detail(t->failure, str_take(&t->tried));
		fail(t, spoilt);
		return;
	}
	t->tries = t->attempts = t->hops = 0;
	t->http11 = t->whole = false;
	go_to(t, t->urls.items[t->at]);
	event_note(t->batch->sink, t->request->step, "%s did not work (%s): trying %s", shown, text, t->origin);
}

void transfer_place(struct transfer *t)
{
	struct err *e = part_place(&t->part);
	t->checked = false;
	if (e) {
		fail(t, e);
		return;
	}
	t->failure = err_free(t->failure);
	t->done = true;
	tell_progress(t, /* now= */ true);
}

static void check(struct transfer *t)
{
	bool joined = t->part.joined;
	struct err *e = part_check(&t->part);
	if (!e) {
		t->checked = true;
		t->checked_ms = tick_ms();
		return;
	}
	if (!err_is(e, ERR_CORRUPT)) {
		fail(t, e);
		return;
	}
	if (t->head.encoding && !joined)
		e = err_hint(e,
			     "nothing was stored; the server sent it with 'Content-Encoding: %s', although that was "
			     "declined",
			     t->head.encoding);
	if (!joined) {
		next_url(t, e);
		return;
	}
	/* Bytes of two answers did not fit together: the whole once more, from here. */
	err_free(e);
	event_note(t->batch->sink, t->request->step, "%s: the partial download does not match: starting over",
		   t->origin);
	e = part_restart(&t->part);
	if (e)
		fail(t, e);
}

static struct fetch_trouble trouble_of(const struct transfer *t, const struct fetch_end *end)
{
	const struct fetch_batch *b = t->batch;
	enum fetch_cause cause = t->cause ? t->cause : end->cause;
	bool is_success = t->head.status == 0 || t->head.status == 200 || t->head.status == 206;
	/* The page that comes with a 404 has a size, too: it says nothing about the file. */
	if (!t->began && !is_success && (cause == FETCH_NO_CAUSE || cause == FETCH_OTHER))
		cause = FETCH_STATUS;
	struct fetch_trouble trouble = {.cause = cause ? cause : FETCH_SHORT,
					.status = t->head.status,
					.wait_s = end->wait_s,
					.errnum = end->errnum,
					.bytes = t->part.bytes,
					.limit = t->request->size >= 0 ? t->request->size : t->part.total,
					.seconds = cause == FETCH_SLOW      ? b->env.stall_s * WATCH_WINDOWS
						   : cause == FETCH_SILENCE ? b->env.stall_s + FETCH_CONNECT_S
									    : b->env.stall_s,
					.reason = end->reason,
					.origin = t->origin,
					.ca = b->env.ca ? b->env.ca : b->env.ca_dir,
					.ca_env = b->env.ca_env};
	if (trouble.cause == FETCH_LENGTH)
		trouble.bytes = t->head.length;
	if (trouble.cause == FETCH_TOO_LONG)
		trouble.limit = cap(t);
	return trouble;
}

/* Once more after a pause, or on to the next URL. */
static void recover(struct transfer *t, const struct fetch_trouble *trouble)
{
	struct fetch_batch *b = t->batch;
	int budget = t->at < t->primary    ? FETCH_BY_DIGEST_TRIES
		     : t->at == t->primary ? FETCH_TRIES
					   : FETCH_MIRROR_TRIES;
	bool progress = t->part.bytes >= t->high_water + PROGRESS_BYTES;
	uint32_t random = 0;
	if (t->part.bytes > t->high_water)
		t->high_water = t->part.bytes;
	t->tries = progress ? 1 : t->tries + 1;
	struct err *e = fetch_explain(trouble);
	if (!fetch_may_retry(trouble) || t->tries >= budget || ++t->attempts >= ATTEMPTS_MAX) {
		next_url(t, e);
		return;
	}
	t->http11 = t->http11 || trouble->cause == FETCH_HTTP2;
	t->whole = t->whole || trouble->cause == FETCH_RANGE;
	os_random(&random, sizeof(random));
	t->not_before_ms = tick_ms() + fetch_backoff_ms(t->tries, b->env.backoff_ms, trouble->wait_s, random);
	AUTO_FREE char *shown = fetch_url_shown(t->urls.items[t->at]);
	event_note(b->sink, t->request->step, "%s: %s; trying again (%d of %d)", shown, e->message, t->tries + 1,
		   budget);
	err_free(e);
	t->hops = 0;
	go_to(t, t->urls.items[t->at]);
}

static void follow(struct transfer *t, const char *location)
{
	bool allow_http = (t->request->allow_http && !t->request->unverified) || t->at < t->primary;
	struct err *e = fetch_redirect_check(t->url, location, ++t->hops, allow_http);
	if (e)
		next_url(t, e);
	else
		go_to(t, location);
}

/* The server has nothing from there on: it has the file as it is here, or another one. */
static void beyond_end(struct transfer *t, struct fetch_trouble *trouble)
{
	int64_t total = t->head.range_total;
	struct err *e = NULL;
	if (total >= 0 && t->request->size >= 0 && total != t->request->size) {
		trouble->cause = FETCH_LENGTH;
		trouble->bytes = total;
		recover(t, trouble);
	} else if (total == t->part.bytes) {
		check(t);
	} else if ((e = part_restart(&t->part))) {
		fail(t, e);
	} else {
		trouble->cause = FETCH_RANGE;
		recover(t, trouble);
	}
}

void transfer_end(struct transfer *t, const struct fetch_end *end)
{
	int status = t->head.status;
	if (t->stop) {
		fail(t, TAKE(t->stop));
		return;
	}
	if (cancel_requested())
		return;
	if (!end->cause && !t->began && status == 0)
		(void)begin_whole(t); /* an empty file: URL; what it stopped for is in t->cause */
	struct fetch_trouble trouble = trouble_of(t, end);
	if (end->location && !t->cause && status >= 300 && status < 400)
		follow(t, end->location);
	else if (t->ranged && status == 416)
		beyond_end(t, &trouble);
	else if (t->cause || end->cause || !t->began)
		recover(t, &trouble);
	else if (trouble.limit >= 0 && t->part.bytes < trouble.limit)
		recover(t, &trouble);
	else
		check(t);
}

/* --- the queue --- */

static void wait_for_other(struct transfer *t)
{
	if (!t->waited)
		event_note(t->batch->sink, t->request->step, "waiting: '%s' is being written by another process",
			   t->part.path);
	t->waited = true;
	t->not_before_ms = tick_ms() + LOOK_MS;
	int64_t bytes = 0;
	err_free(file_size(t->part.path, &bytes)); /* for the display alone */
	t->part.bytes = bytes > 0 ? bytes : 0;
	tell_progress(t, /* now= */ false);
}

bool transfer_advance(struct transfer *t)
{
	enum part_state state = PART_READY;
	int64_t size = t->request->size;
	struct err *e = t->part.fd < 0 ? part_open(&t->part, &state) : NULL;
	if (!e && state == PART_READY && size >= 0 && t->part.bytes > size)
		e = part_restart(&t->part);
	if (e) {
		fail(t, e);
	} else if (state == PART_BUSY) {
		wait_for_other(t);
	} else if (state == PART_FINISHED) {
		err_free(file_size(t->request->target, &t->part.bytes)); /* for the display alone: it was hashed */
		t->done = true;
		tell_progress(t, /* now= */ true);
	} else if (size > 0 && t->part.bytes == size) {
		check(t);
	} else if (!t->urls.count) {
		t->missing = true;
		fail(t, NULL);
	} else {
		while (!t->done && fetch_url_is(t->url, "file") && (e = fetch_file_open(t->url, &t->file)))
			next_url(t, e);
		return !t->done;
	}
	return false;
}

void transfer_init(struct transfer *t, struct fetch_batch *b, const struct fetch_request *r)
{
	*t = (struct transfer){.request = r, .batch = b, .leader = t, .file = -1};
	fetch_head_init(&t->head);
	part_init(&t->part, r->target, r->sha256, r->sha512, !r->unflushed);
	t->part.read_only = r->read_only;
	for (struct transfer *other = b->items; other < t; other++) {
		if (streq(other->request->step, r->step)) {
			t->leader = other;
			break;
		}
	}
	struct err *e = fetch_env_urls(&b->env, r, &t->urls, &t->primary);
	go_to(t, t->urls.count ? t->urls.items[0] : r->url);
	if (e)
		fail(t, e);
}

void transfer_done(struct transfer *t)
{
	fd_close_at(&t->file);
	part_done(&t->part);
	fetch_head_done(&t->head);
	strs_done(&t->urls);
	str_done(&t->tried);
	err_free(t->failure);
	err_free(t->stop);
	free(t->url);
	free(t->origin);
}

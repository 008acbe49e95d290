#include "net/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/units.h"
#include "fmt/digest.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/tick.h"

enum {
	PARALLEL_MAX = 16,
	PER_HOST_MAX = 6,
	TRIES = 5,
	STALL_SECONDS = 30,
	PROGRESS_MS = 100,
	BUFFER_BYTES = 512 * 1024,
};

#define SIZE_CAP_DEFAULT (INT64_C(16) << 30)

/* One request on its way. */
struct transfer {
	const struct fetch_request *request;
	struct batch *batch;
	CURL *easy; /* NULL while waiting */
	char *part;
	int lock_fd;
	int fd;
	struct digest *sha256;
	struct digest *sha512;
	int64_t bytes;
	int tries;
	int64_t not_before_ms;
	bool done;
	char reason[CURL_ERROR_SIZE];
	struct err *failure; /* of writing, or final */
};

struct batch {
	CURLM *multi;
	struct transfer *items;
	size_t count;
	struct sink *sink;
	int64_t told_ms;
};

static int64_t size_cap(const struct fetch_request *r)
{
	return r->size >= 0 ? r->size : r->max_size ? r->max_size : SIZE_CAP_DEFAULT;
}

static void tell_progress(struct batch *b, const char *step)
{
	int64_t now = tick_ms();
	if (now - b->told_ms < PROGRESS_MS)
		return;
	b->told_ms = now;
	int64_t done = 0, total = 0;
	for (size_t i = 0; i < b->count; i++) {
		done += b->items[i].bytes;
		total += b->items[i].request->size > 0 ? b->items[i].request->size : 0;
	}
	event_progress(b->sink, step, done, total, "B");
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct transfer *t = user;
	size_t n = size * count;
	if (t->bytes + (int64_t)n > size_cap(t->request)) {
		t->failure = err_new(ERR_CORRUPT, "the body is larger than %lld bytes", (long long)size_cap(t->request));
		return 0;
	}
	t->failure = file_write_all(t->fd, data, n, t->part);
	if (t->failure)
		return 0;
	if (t->sha256)
		digest_add(t->sha256, data, n);
	if (t->sha512)
		digest_add(t->sha512, data, n);
	t->bytes += (int64_t)n;
	tell_progress(t->batch, t->request->step);
	return n;
}

static int on_tick(void *user UNUSED, curl_off_t a UNUSED, curl_off_t b UNUSED, curl_off_t c UNUSED,
                   curl_off_t d UNUSED)
{
	return cancel_requested();
}

static const char *ca_file(void)
{
	static const char *const names[] = {"COOPER_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return value;
	}
	return NULL;
}

static void set_options(struct transfer *t)
{
	CURL *c = t->easy;
	const struct fetch_request *r = t->request;
	bool secure = str_starts(r->url, "https:");
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http,file");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, secure || !r->allow_http ? "https" : "https,http");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
	curl_easy_setopt(c, CURLOPT_UNRESTRICTED_AUTH, 0L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, 15000L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	const char *stall = getenv("COOPER_STALL_SECONDS");
	int64_t seconds = STALL_SECONDS;
	if (stall && !num_parse(stall, 1, 3600, &seconds))
		seconds = STALL_SECONDS;
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)seconds);
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)size_cap(r));
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "cooper");
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->reason);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
	curl_easy_setopt(c, CURLOPT_PRIVATE, t);
	if (ca_file())
		curl_easy_setopt(c, CURLOPT_CAINFO, ca_file());
	if (getenv("SSL_CERT_DIR"))
		curl_easy_setopt(c, CURLOPT_CAPATH, getenv("SSL_CERT_DIR"));
}

/* Fresh part, fresh digests: a retry starts from the first byte. */
static struct err *open_part(struct transfer *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = open(t->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t->fd < 0)
		return err_os(errno, "cannot create '%s'", t->part);
	digest_free(t->sha256);
	digest_free(t->sha512);
	t->sha256 = t->request->sha256 ? digest_new(DIGEST_SHA256) : NULL;
	t->sha512 = t->request->sha512 ? digest_new(DIGEST_SHA512) : NULL;
	t->bytes = 0;
	return NULL;
}

static struct err *start(struct transfer *t)
{
	TRY(open_part(t));
	t->easy = curl_easy_init();
	if (!t->easy)
		return err_new(ERR_NET, "libcurl cannot start a transfer");
	t->reason[0] = '\0';
	t->tries++;
	set_options(t);
	if (curl_multi_add_handle(t->batch->multi, t->easy) != CURLM_OK)
		return err_new(ERR_NET, "libcurl cannot start a transfer");
	return NULL;
}

static bool may_retry(CURLcode code, long status)
{
	switch ((int)code) {
	case CURLE_HTTP_RETURNED_ERROR:
		return status == 408 || status == 425 || status == 429 || status >= 500;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	default:
		return false;
	}
}

static struct err *explain(const struct transfer *t, CURLcode code, long status)
{
	const char *reason = *t->reason ? t->reason : curl_easy_strerror(code);
	switch ((int)code) {
	case CURLE_HTTP_RETURNED_ERROR:
		if (status == 404 || status == 410)
			return err_hint(err_new(ERR_NET, "the server does not have it (HTTP %ld)", status),
			                "the file may have been superseded: check the URL, or resolve the pin again by "
			                "deleting its entry from cooper.lock");
		return err_hint(err_new(ERR_NET, "the server answered HTTP %ld", status), "try again later");
	case CURLE_FILE_COULDNT_READ_FILE:
		return err_new(ERR_ABSENT, "the file does not exist or cannot be read");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
		return err_hint(err_new(ERR_NET, "TLS failed: %s", reason),
		                "behind a proxy that inspects TLS, set SSL_CERT_FILE to a bundle with its certificate");
	case CURLE_TOO_MANY_REDIRECTS:
		return err_new(ERR_NET, "too many redirects");
	case CURLE_UNSUPPORTED_PROTOCOL:
		return err_new(ERR_NET, "a redirect to a protocol that is not allowed was refused: %s", reason);
	case CURLE_FILESIZE_EXCEEDED:
		return err_new(ERR_CORRUPT, "the server announces more than %lld bytes", (long long)size_cap(t->request));
	case CURLE_PARTIAL_FILE:
		return err_hint(err_new(ERR_NET, "the transfer was cut short: %s", reason), "run the same command again");
	default:
		return err_hint(err_new(ERR_NET, "%s", reason), "check the network, then run the same command again");
	}
}

static struct err *differs(const struct transfer *t, const char *expected, const char *found)
{
	return err_hint(err_new(ERR_CORRUPT, "digest differs: expected %s, found %s (%lld bytes)", expected, found,
	                        (long long)t->bytes),
	                "nothing was stored; if the publisher replaced the file, the recipe must say so");
}

static struct err *check(struct transfer *t)
{
	char hex[DIGEST_HEX_MAX];
	if (t->request->size >= 0 && t->bytes != t->request->size)
		return err_new(ERR_CORRUPT, "it has %lld bytes instead of %lld", (long long)t->bytes,
		               (long long)t->request->size);
	if (t->sha256) {
		digest_hex(t->sha256, hex);
		if (!streq(hex, t->request->sha256))
			return differs(t, t->request->sha256, hex);
	}
	if (t->sha512) {
		digest_hex(t->sha512, hex);
		if (!streq(hex, t->request->sha512))
			return differs(t, t->request->sha512, hex);
	}
	return NULL;
}

static struct err *place(struct transfer *t)
{
	struct err *e = check(t);
	if (!e)
		e = file_sync(t->fd, t->part);
	if (close(t->fd) != 0 && !e)
		e = err_os(errno, "cannot write '%s'", t->part);
	t->fd = -1;
	if (!e)
		e = file_rename(t->part, t->request->target);
	return e ? err_first(e, file_remove(t->part)) : NULL;
}

/* Full jitter up to 0.5, 1, 2, 4 s; a server's Retry-After is a floor, at most 60 s. */
static int64_t backoff_ms(int tries, int64_t retry_after_s)
{
	uint32_t random = 0;
	os_random(&random, sizeof(random));
	int64_t ceiling = INT64_C(500) << (tries - 1);
	int64_t floor = retry_after_s > 60 ? 60000 : retry_after_s * 1000;
	return floor + (int64_t)(random % (uint32_t)ceiling);
}

static void finish(struct transfer *t, CURLcode code)
{
	long status = 0;
	curl_off_t retry_after = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
	curl_multi_remove_handle(t->batch->multi, t->easy);
	curl_easy_cleanup(t->easy);
	t->easy = NULL;
	if (!t->failure && code == CURLE_OK) {
		t->failure = place(t);
		t->done = true;
		return;
	}
	if (!t->failure && cancel_requested())
		t->failure = cancel_check();
	if (!t->failure && t->tries < TRIES && may_retry(code, status)) {
		t->not_before_ms = tick_ms() + backoff_ms(t->tries, retry_after);
		event_note(t->batch->sink, t->request->step, "%s: %s; trying again (%d of %d)", t->request->url,
		           *t->reason ? t->reason : curl_easy_strerror(code), t->tries + 1, TRIES);
		return;
	}
	if (!t->failure)
		t->failure = explain(t, code, status);
	t->done = true;
	t->failure = err_first(t->failure, file_remove(t->part));
}

static struct err *prepare(struct transfer *t)
{
	const struct fetch_request *r = t->request;
	if (str_starts(r->url, "http:") && !r->allow_http)
		return err_new(ERR_USAGE, "http: is not allowed here");
	if (!r->sha256 && !r->sha512 && !r->unverified)
		return err_new(ERR_USAGE, "no digest is known");
	if (getenv("COOPER_OFFLINE") && !str_starts(r->url, "file:"))
		return err_hint(err_new(ERR_NET, "offline, and sha256 %s is not in the store", r->sha256 ? r->sha256 : "?"),
		                "unset COOPER_OFFLINE, or bring the file");
	t->part = mem_printf("%s.part", r->target);
	AUTO_FREE char *lock = mem_printf("%s.lock", r->target);
	TRY(lock_wait(lock, "cooper fetch", /* timeout_ms= */ 0, t->batch->sink, &t->lock_fd));
	t->done = file_exists(r->target) && r->sha256 && file_size(r->target) == r->size;
	return NULL;
}

static void start_ready(struct batch *b, size_t *running)
{
	int64_t now = tick_ms();
	for (size_t i = 0; i < b->count && *running < PARALLEL_MAX; i++) {
		struct transfer *t = &b->items[i];
		if (t->done || t->easy || t->not_before_ms > now || cancel_requested())
			continue;
		t->failure = start(t);
		if (t->failure)
			t->done = true;
		else
			++*running;
	}
}

static size_t unfinished(const struct batch *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->count; i++)
		n += !b->items[i].done;
	return n;
}

static void run_all(struct batch *b, int64_t deadline_ms)
{
	size_t running = 0;
	while (unfinished(b) && !(cancel_requested() && running == 0)) {
		if (deadline_ms && tick_ms() > deadline_ms && running == 0)
			return;
		start_ready(b, &running);
		int active = 0, left = 0;
		curl_multi_perform(b->multi, &active);
		for (CURLMsg *m; (m = curl_multi_info_read(b->multi, &left));) {
			struct transfer *t = NULL;
			if (m->msg != CURLMSG_DONE)
				continue;
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
			running--;
			finish(t, m->data.result);
		}
		curl_multi_poll(b->multi, NULL, 0, 100, NULL);
	}
}

static struct err *collect(struct batch *b)
{
	struct err *first = NULL;
	for (size_t i = 0; i < b->count; i++) {
		struct transfer *t = &b->items[i];
		if (!t->done && !t->failure)
			t->failure = cancel_requested() ? cancel_check() : err_new(ERR_TIMEOUT, "the time is up");
		if (t->failure)
			t->failure = err_wrap(t->failure, "%s", t->request->url);
		first = first ? err_first(first, t->failure) : t->failure;
		if (t->easy) {
			curl_multi_remove_handle(b->multi, t->easy);
			curl_easy_cleanup(t->easy);
		}
		if (t->fd >= 0)
			close(t->fd);
		digest_free(t->sha256);
		digest_free(t->sha512);
		free(t->part);
		if (t->lock_fd >= 0) {
			AUTO_FREE char *lock = mem_printf("%s.lock", t->request->target);
			unlink(lock);
			close(t->lock_fd);
		}
	}
	return first;
}

struct err *fetch_run(const struct fetch_request *requests, size_t count, int64_t deadline_ms, struct sink *sink)
{
	struct batch b = {.multi = curl_multi_init(), .items = mem_array(count, sizeof(*b.items)), .count = count, .sink = sink};
	if (!b.multi)
		bug("libcurl cannot start");
	curl_multi_setopt(b.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(b.multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)PER_HOST_MAX);
	for (size_t i = 0; i < count; i++) {
		struct transfer *t = &b.items[i];
		*t = (struct transfer){.request = &requests[i], .batch = &b, .lock_fd = -1, .fd = -1};
		t->failure = prepare(t);
		t->done = t->done || t->failure;
	}
	run_all(&b, deadline_ms);
	struct err *e = collect(&b);
	curl_multi_cleanup(b.multi);
	free(b.items);
	return e;
}

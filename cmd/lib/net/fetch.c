#include "net/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cancel.h"
#include "net/fetch_env.h"
#include "net/fetch_transfer.h"
#include "net/fetch_url.h"
#include "net/fetch_watch.h"
#include "sys/file.h"
#include "sys/tick.h"

enum {
	PARALLEL_MAX = 16,
	PER_HOST_MAX = 6,
	STALL_BYTES_S = 64,
	POLL_MS = 100,
	TELL_MS = 1000, /* how often progress is told when there is none */
	PLACE_TOGETHER = 16,
	PLACE_MS = 200, /* no longer, for somebody may wait for the file */
	BUFFER_BYTES = 512 * 1024,
};

/* One exchange on its way. */
struct slot {
	struct transfer *t; /* NULL = free */
	CURL *easy;
	struct curl_slist *headers;
	struct watch watch;
	char reason[CURL_ERROR_SIZE];
	int errnum; /* why there was no socket */
};

struct queue {
	CURLM *multi;
	struct fetch_batch batch;
	struct slot slots[PARALLEL_MAX];
	int64_t told_ms;
};

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
	struct slot *s = user;
	watch_hear(&s->watch, (int64_t)(size * count));
	return transfer_header(s->t, data, size * count) ? size * count : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct slot *s = user;
	watch_hear(&s->watch, (int64_t)(size * count));
	return transfer_body(s->t, data, size * count) ? size * count : 0;
}

static int on_tick(void *user UNUSED, curl_off_t a UNUSED, curl_off_t b UNUSED, curl_off_t c UNUSED,
		   curl_off_t d UNUSED)
{
	return cancel_requested();
}

/* A login from ~/.netrc goes to the host that the recipe names and to no other, wherever that one leads. */
static bool may_log_in(const struct transfer *t)
{
	AUTO_FREE char *named = fetch_url_origin(t->urls.items[t->at]);
	return streq(named, t->origin);
}

/* libcurl only says that it could not connect. */
static int open_socket(void *user, curlsocktype purpose UNUSED, struct curl_sockaddr *to)
{
	struct slot *s = user;
	int fd = socket(to->family, to->socktype, to->protocol);
	s->errnum = fd < 0 ? errno : 0;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

static void set_security(struct slot *s)
{
	CURL *c = s->easy;
	const struct fetch_env *env = &s->t->batch->env;
	bool log_in = env->logins && may_log_in(s->t); /* without HOME libcurl would ask the accounts */
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http,file");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L); /* hop by hop, each one checked */
	curl_easy_setopt(c, CURLOPT_UNRESTRICTED_AUTH, 0L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)(log_in ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED));
	if (env->netrc && log_in)
		curl_easy_setopt(c, CURLOPT_NETRC_FILE, env->netrc);
	if (env->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, env->ca);
	if (env->ca_dir)
		curl_easy_setopt(c, CURLOPT_CAPATH, env->ca_dir);
}

static void set_limits(struct slot *s)
{
	CURL *c = s->easy;
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, FETCH_CONNECT_S * 1000L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)s->t->batch->env.stall_s);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
			 (long)(s->t->http11 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	/* One connection for many where that is possible. Never again after a failure: the library may wait for ever
	 * for a connection that has broken to tell whether it can be shared. */
	curl_easy_setopt(c, CURLOPT_PIPEWAIT, (long)(s->t->attempts == 0));
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, (long)(s->t->attempts > 0));
}

/* Of a file that is open: another one, or a pipe, may have its name by now. Heap; NULL in a chroot without /dev/fd. */
static char *url_of_file(int fd)
{
	AUTO_FREE char *path = mem_printf("/dev/fd/%d", fd);
	bool there = false;
	if (fd >= 0)
		err_free(file_exists(path, &there)); /* not to be seen is as good as not there */
	return there ? mem_printf("file://%s", path) : NULL;
}

/* The rest alone where some is there, and what the server compares before it gives that. */
static void set_request(struct slot *s)
{
	const char *validator = NULL;
	AUTO_FREE char *url = url_of_file(s->t->file);
	transfer_prepare(s->t, &validator);
	s->headers = curl_slist_append(NULL, "Accept-Encoding: identity");
	if (s->t->ranged) {
		AUTO_FREE char *range = mem_printf("%lld-", (long long)s->t->part.bytes);
		curl_easy_setopt(s->easy, CURLOPT_RANGE, range);
	}
	if (validator) {
		AUTO_FREE char *line = mem_printf("If-Range: %s", validator);
		s->headers = curl_slist_append(s->headers, line);
	}
	curl_easy_setopt(s->easy, CURLOPT_URL, url ? url : s->t->url);
	curl_easy_setopt(s->easy, CURLOPT_USERAGENT, "cooper");
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(s->easy, CURLOPT_FAILONERROR, 1L);
}

static void set_callbacks(struct slot *s)
{
	CURL *c = s->easy;
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->reason);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, s);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_tick);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, s);
	curl_easy_setopt(c, CURLOPT_PRIVATE, s);
}

static void start(struct queue *q, struct slot *s, struct transfer *t)
{
	*s = (struct slot){.t = t, .easy = curl_easy_init()};
	if (!s->easy)
		mem_exhausted();
	t->running = true;
	watch_start(&s->watch, tick_ms());
	set_security(s);
	set_limits(s);
	set_request(s);
	set_callbacks(s);
	if (curl_multi_add_handle(q->multi, s->easy) != CURLM_OK)
		mem_exhausted();
}

static void stop(struct queue *q, struct slot *s)
{
	if (!s->t)
		return;
	curl_multi_remove_handle(q->multi, s->easy);
	curl_easy_cleanup(s->easy);
	curl_slist_free_all(s->headers);
	fd_close_at(&s->t->file);
	s->t->running = false;
	s->t = NULL;
}

/* The connection went away during the handshake: nothing was said about certificates or ciphers. */
static bool was_reset(CURL *easy)
{
	long code = 0;
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code);
	return code == ECONNRESET || code == EPIPE || code == ECONNABORTED;
}

static enum fetch_cause cause_of(CURL *easy, CURLcode code)
{
	curl_off_t sent_at = 0;
	switch ((int)code) {
	case CURLE_OK:
		return FETCH_NO_CAUSE;
	case CURLE_HTTP_RETURNED_ERROR:
		return FETCH_STATUS;
	case CURLE_COULDNT_RESOLVE_HOST:
		return FETCH_DNS;
	case CURLE_COULDNT_CONNECT:
		return FETCH_CONNECT;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return FETCH_PROXY;
	case CURLE_SSL_CACERT_BADFILE:
		return FETCH_CA_FILE;
	case CURLE_SSL_CONNECT_ERROR:
		return was_reset(easy) ? FETCH_BROKEN : FETCH_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
		return FETCH_TLS;
	case CURLE_PARTIAL_FILE:
		return FETCH_SHORT;
	case CURLE_OPERATION_TIMEDOUT:
		curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent_at);
		return sent_at > 0 ? FETCH_STALL : FETCH_CONNECT;
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return FETCH_HTTP2;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return FETCH_BROKEN;
	case CURLE_FILE_COULDNT_READ_FILE:
	case CURLE_READ_ERROR:
		return FETCH_FILE;
	default:
		return FETCH_OTHER;
	}
}

/* Whether the end has to do with this host's own limits; then which. A name's lookup and a local file need descriptors
 * and threads of which nobody tells us more. */
static int host_errnum(const struct slot *s, CURLcode code)
{
	int fds[2] = {-1, -1}, errnum = 0;
	if (code == CURLE_OUT_OF_MEMORY)
		return ENOMEM;
	if (code == CURLE_COULDNT_CONNECT)
		return s->errnum == EAFNOSUPPORT ? 0 : s->errnum;
	if (code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_FILE_COULDNT_READ_FILE)
		return 0;
	if (strstr(s->reason, "thread failed to start"))
		return EAGAIN;
	errnum = pipe(fds) == 0 ? 0 : errno;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fd_close_at(&fds[i]);
	return errnum;
}

static void finish(struct queue *q, struct slot *s, CURLcode code)
{
	char *location = NULL;
	struct transfer *t = s->t;
	for (char *p = s->reason; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?'; /* a server's bytes may be in it */
	curl_easy_getinfo(s->easy, CURLINFO_REDIRECT_URL, &location);
	AUTO_FREE char *where = mem_strdup(location);
	AUTO_FREE char *reason = mem_strdup(*s->reason ? s->reason : curl_easy_strerror(code));
	struct fetch_end end = {.cause = cause_of(s->easy, code), .reason = reason, .location = where};
	end.errnum = host_errnum(s, code);
	if (end.errnum)
		end.cause = FETCH_HOST;
	curl_off_t wait_s = 0;
	long tunnel = 0;
	curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &wait_s);
	end.wait_s = wait_s;
	curl_easy_getinfo(s->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (code != CURLE_OK && tunnel >= 300) {
		free(reason);
		end.reason = reason = mem_printf("it answered HTTP %ld", tunnel);
		end.cause = FETCH_PROXY;
	}
	stop(q, s);
	transfer_end(t, &end);
}

/* The library's own limits are shorter; this one holds in every state of its. */
static void watch_over(struct queue *q)
{
	const struct watch_limits limits = watch_limits_of(q->batch.env.stall_s, FETCH_CONNECT_S);
	for (size_t i = 0; i < PARALLEL_MAX; i++) {
		struct slot *s = &q->slots[i];
		struct transfer *t = s->t;
		enum watch_state state = t ? watch_look(&s->watch, &limits, tick_ms()) : WATCH_ALIVE;
		if (state == WATCH_ALIVE)
			continue;
		struct fetch_end end = {.cause = state == WATCH_SILENT ? FETCH_SILENCE : FETCH_SLOW};
		stop(q, s);
		transfer_end(t, &end);
	}
}

/* The slot to use for @t, or NULL while there is none, or its host has enough to do. */
static struct slot *slot_for(struct queue *q, const struct transfer *t)
{
	struct slot *unused = NULL;
	size_t same = 0;
	for (size_t i = 0; i < PARALLEL_MAX; i++) {
		struct slot *s = &q->slots[i];
		if (!s->t)
			unused = s;
		else
			same += streq(s->t->origin, t->origin);
	}
	return same < PER_HOST_MAX ? unused : NULL;
}

/* Those whose digests hold get their names: many at a time, since one flush takes most of the next along. */
static void place_checked(struct queue *q)
{
	size_t waiting = 0;
	bool now = true; /* nothing else to do meanwhile */
	for (size_t i = 0; i < q->batch.count; i++) {
		const struct transfer *t = &q->batch.items[i];
		waiting += t->checked;
		now = now && !t->running;
	}
	for (size_t i = 0; i < q->batch.count; i++)
		now = now || (q->batch.items[i].checked && tick_ms() - q->batch.items[i].checked_ms >= PLACE_MS);
	for (size_t i = 0; (now || waiting >= PLACE_TOGETHER) && i < q->batch.count; i++)
		if (q->batch.items[i].checked)
			transfer_place(&q->batch.items[i]);
}

/* Starts what may start; returns how many are not done, and when to look again at the latest. */
static size_t schedule(struct queue *q, int64_t *ret_next_ms)
{
	int64_t now = tick_ms();
	size_t left = 0;
	*ret_next_ms = now + POLL_MS;
	for (size_t i = 0; i < q->batch.count; i++) {
		struct transfer *t = &q->batch.items[i];
		bool rests = t->done || t->running || t->checked || t->not_before_ms > now;
		struct slot *s = rests ? NULL : slot_for(q, t);
		if (s && transfer_advance(t))
			start(q, s, t);
	}
	place_checked(q);
	for (size_t i = 0; i < q->batch.count; i++) {
		const struct transfer *t = &q->batch.items[i];
		left += !t->done;
		if (!t->done && !t->running && t->not_before_ms > now && t->not_before_ms < *ret_next_ms)
			*ret_next_ms = t->not_before_ms;
	}
	return left;
}

static void run_all(struct queue *q, int64_t deadline_ms)
{
	int64_t next_ms = 0;
	while (!cancel_requested() && !(deadline_ms && tick_ms() >= deadline_ms) && schedule(q, &next_ms)) {
		int active = 0, left = 0;
		bool any = false;
		curl_multi_perform(q->multi, &active);
		for (CURLMsg *m; (m = curl_multi_info_read(q->multi, &left));) {
			struct slot *s = NULL;
			if (m->msg != CURLMSG_DONE)
				continue;
			any = true;
			CURLcode code = m->data.result;
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
			finish(q, s, code);
		}
		watch_over(q);
		if (tick_ms() - q->told_ms >= TELL_MS) {
			q->told_ms = tick_ms();
			transfer_tell(&q->batch);
		}
		int64_t pause = next_ms - tick_ms();
		if (!any && pause > 0)
			curl_multi_poll(q->multi, NULL, 0, (int)pause, NULL);
	}
}

static struct err *offline_error(const struct fetch_batch *b)
{
	AUTO(strs) lines = STRS_INIT;
	for (size_t i = 0; i < b->count; i++) {
		const struct fetch_request *r = b->items[i].request;
		if (!b->items[i].missing)
			continue;
		AUTO_FREE char *shown = fetch_url_shown(r->url);
		strs_addf(&lines, "%s  %s", r->sha256 ? r->sha256 : r->sha512 ? r->sha512 : "no digest", shown);
	}
	return lines.count ? fetch_offline_error(&lines) : NULL;
}

/* The first failure in full, the others as lines below it. */
static struct err *collect(struct fetch_batch *b)
{
	enum { LINES = 10 };
	struct err *first = offline_error(b);
	AUTO(str) lines = STR_INIT;
	size_t others = 0;
	for (size_t i = 0; i < b->count; i++) {
		struct transfer *t = &b->items[i];
		struct err *e = TAKE(t->failure);
		if (!t->done)
			e = err_first(cancel_requested() ? cancel_check()
							 : transfer_name(t, err_new(ERR_TIMEOUT, "timed out")),
				      e);
		if (first && e && others++ < LINES)
			str_addf(&lines, "\n%s", e->message);
		if (first)
			err_free(e);
		else
			first = e;
	}
	if (others) {
		AUTO_FREE char *head = mem_printf("%s%s%zu more failed:", first->detail ? first->detail : "",
						  first->detail ? "\n" : "", others);
		first = err_detail(first, mem_printf("%s%s", head, str_text(&lines)));
	}
	return first;
}

static void start_library(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		mem_exhausted();
}

static void set_up(struct queue *q)
{
	if (!q->multi)
		mem_exhausted();
	curl_multi_setopt(q->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(q->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)PARALLEL_MAX);
	curl_multi_setopt(q->multi, CURLMOPT_MAXCONNECTS, (long)PARALLEL_MAX);
}

int64_t fetch_date(const char *text)
{
	time_t seconds = curl_getdate(text, NULL);
	return seconds < 0 ? -1 : seconds;
}

struct err *fetch_run(const struct fetch_request *requests, size_t count, int64_t deadline_ms, struct sink *sink)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_library);
	struct fetch_env env;
	fetch_env_read(&env);
	TRY(fetch_env_check(&env));
	struct queue q = {.multi = curl_multi_init()};
	struct fetch_batch *b = &q.batch;
	*b = (struct fetch_batch){
		.items = mem_array(count, sizeof(*b->items)), .count = count, .sink = sink, .env = env};
	set_up(&q);
	for (size_t i = 0; i < count; i++)
		transfer_init(&b->items[i], b, &requests[i]);
	run_all(&q, deadline_ms);
	for (size_t i = 0; i < PARALLEL_MAX; i++)
		stop(&q, &q.slots[i]);
	struct err *e = collect(b);
	for (size_t i = 0; i < count; i++)
		transfer_done(&b->items[i]);
	curl_multi_cleanup(q.multi);
	free(b->items);
	return e;
}

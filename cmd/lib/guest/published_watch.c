#include "guest/published_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/str.h"
#include "guest/podman_events.h"
#include "net/http_local.h"
#include "sys/tick.h"

enum {
	LIST_MAX = 8 * 1024 * 1024,
	LIST_MS = 30 * 1000,
	LEAST_MS = 20,    /* from one list to the next */
	REST = 10,        /* ... and so many times as long as it took to read: whoever has much to say costs little */
	SETTLE_MS = 1000, /* after the last event: what it tells of may not have been in the list yet */
	AGAIN_MS = 10 * 60 * 1000,
	RETRY_MIN_MS = 250,
	RETRY_MAX_MS = 4000,
	FIRST_MS = 5000,
	COMPLAINTS_MAX = 20,
	WAIT_MS = 1000,
};

/* One socket of podman. */
struct source {
	const char *socket;
	struct http_answer *list; /* NULL = not asked */
	int64_t list_ms;          /* when to ask for the list */
	int64_t settle_ms;        /* ... and again; 0 = no need */
	int64_t rest_ms;          /* before the next */
	int64_t retry_ms;         /* pause before the next try */
	bool heard;               /* it answered, or it was seen that it does not */
	struct published ports;
	char *complaint; /* the last one */
	int complaints;
};

static void ask(struct source *s, struct http_local *h)
{
	AUTO(str) target = STR_INIT;

	str_add(&target, "/v4.0.0/libpod/containers/json?all=true&filters=");
	str_add_percent(&target, "{\"status\":[\"running\",\"paused\"]}", "");
	s->list = http_local_get(h, s->socket, str_text(&target), LIST_MAX, LIST_MS);
	s->list_ms = INT64_MAX;
}

/* Once for each reason, and not without end. */
static void complain(struct source *s, struct err *take_e, struct sink *sink)
{
	if (s->complaints < COMPLAINTS_MAX && !streq(s->complaint, take_e->message)) {
		free(s->complaint);
		s->complaint = mem_strdup(take_e->message);
		s->complaints++;
		event_warn(sink, NULL, "%s: %s", s->socket, s->complaint);
	}
	err_free(take_e);
}

/* A list that makes no sense changes nothing. */
static struct err *take(struct source *s, const struct str *text)
{
	struct published ports = {.count = 0};
	int64_t from = tick_ms();

	struct err *e = published_read(str_text(text), text->len, &ports);
	s->rest_ms = LEAST_MS + REST * (tick_ms() - from);
	if (e) {
		published_done(&ports);
		return e;
	}
	published_done(&s->ports);
	s->ports = ports;
	return NULL;
}

static void look_at_list(struct source *s, struct http_local *h, struct sink *sink, int64_t now)
{
	struct err *e = NULL;

	if (!s->list) {
		if (s->settle_ms && now >= s->settle_ms) {
			s->settle_ms = 0;
			s->list_ms = now;
		}
		if (now >= s->list_ms)
			ask(s, h);
		return;
	}
	if (!http_answer_ended(s->list, &e))
		return;
	bool nobody = err_is(e, ERR_NET);
	e = e ? e : take(s, http_answer_body(s->list));
	s->list = http_answer_drop(s->list);
	s->heard = true;
	if (s->list_ms < now + s->rest_ms)
		s->list_ms = now + s->rest_ms;
	int64_t next_ms = now + (!e ? AGAIN_MS : nobody ? s->retry_ms : RETRY_MAX_MS);
	if (s->list_ms > next_ms)
		s->list_ms = next_ms;
	s->retry_ms = !e ? RETRY_MIN_MS : s->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : s->retry_ms * 2;
	if (e && !nobody)
		complain(s, e, sink);
	else
		err_free(e);
}

/* Which podman it is about is not looked at: what the guest prints is not read. */
static void ask_all(struct source *sources, int64_t now)
{
	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++) {
		struct source *s = &sources[i];
		if (now < s->list_ms)
			s->list_ms = now;
		s->settle_ms = now + SETTLE_MS;
		s->retry_ms = RETRY_MIN_MS;
	}
}

static struct err *write_line(int fd, const char *line)
{
	AUTO_FREE char *text = mem_printf("%s\n", line);
	size_t size = strlen(text);

	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, text + done, size - done);
		if (n < 0 && errno != EINTR)
			return err_os(errno, "cannot report the ports");
		done += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

/* The first line waits a little for who has not answered yet: what is missing in it ends. */
static struct err *tell(const struct source *sources, bool wait, char **told, int fd)
{
	AUTO(published) all = {.count = 0};

	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++) {
		if (!*told && wait && !sources[i].heard)
			return NULL;
		for (size_t k = 0; k < sources[i].ports.count; k++)
			published_add(&all, &sources[i].ports.items[k]);
		all.beyond += sources[i].ports.beyond;
	}
	AUTO_FREE char *line = published_line(&all);
	if (*told && streq(*told, line))
		return NULL;
	TRY(write_line(fd, line));
	free(*told);
	*told = TAKE(line);
	return NULL;
}

/* When there is something to do without being told. */
static int64_t next_ms(const struct source *sources, int64_t now)
{
	int64_t least = now + WAIT_MS;

	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++) {
		const struct source *s = &sources[i];
		if (!s->list && s->list_ms < least)
			least = s->list_ms;
		if (!s->list && s->settle_ms && s->settle_ms < least)
			least = s->settle_ms;
	}
	return least;
}

static void wait_for_change(const struct source *sources, const struct podman_events *events, struct http_local *h)
{
	int64_t now = tick_ms();
	int64_t until = next_ms(sources, now);
	int fd = podman_events_fd(events, now, &until);

	http_local_wait(h, fd, until > now ? (int)(until - now) : 0);
}

struct err *published_watch(const char *const *sockets, const char *const *events, int fd, struct sink *sink)
{
	struct source sources[PUBLISHED_SOCKETS];
	struct podman_events happen = {.argv = events, .fd = -1};
	struct http_local *h = http_local_new();
	AUTO_FREE char *told = NULL;
	struct err *e = NULL;
	int64_t first_ms = tick_ms() + FIRST_MS;

	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++)
		sources[i] = (struct source){.socket = sockets[i], .retry_ms = RETRY_MIN_MS};
	while (!e && !cancel_requested()) {
		int64_t now = tick_ms();
		if (podman_events_happened(&happen, now))
			ask_all(sources, now);
		for (size_t i = 0; i < PUBLISHED_SOCKETS; i++)
			look_at_list(&sources[i], h, sink, now);
		e = tell(sources, now < first_ms, &told, fd);
		if (!e)
			wait_for_change(sources, &happen, h);
	}
	podman_events_done(&happen);
	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++) {
		http_answer_drop(sources[i].list);
		published_done(&sources[i].ports);
		free(sources[i].complaint);
	}
	http_local_free(h);
	return e;
}

#include "guest/published_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/str.h"
#include "net/http_local.h"
#include "sys/tick.h"

enum {
	LIST_MAX = 8 * 1024 * 1024,
	LIST_MS = 30 * 1000,
	LEAST_MS = 20,    /* from one list to the next */
	REST = 10,        /* ... and so many times as long as it took to read: whoever has much to say costs little */
	SETTLE_MS = 1000, /* after the last event: what it tells of may not have been in the list yet */
	AGAIN_MS = 60 * 1000,
	RETRY_MIN_MS = 250,
	RETRY_MAX_MS = 4000,
	FIRST_MS = 5000,
	COMPLAINTS_MAX = 20,
	WAIT_MS = 1000,
};

/* One socket of podman. */
struct source {
	const char *socket;
	struct http_answer *events; /* NULL = not open */
	struct http_answer *list;   /* NULL = not asked */
	bool begun;                 /* the events are under way */
	int64_t seen;               /* bytes of events */
	int64_t list_ms;            /* when to ask for the list */
	int64_t settle_ms;          /* ... and again; 0 = no need */
	int64_t listed_ms;          /* when it came */
	int64_t rest_ms;            /* before the next */
	int64_t open_ms;            /* not before */
	int64_t retry_ms;           /* pause before the next try */
	bool heard;                 /* it answered, or it was seen that it does not */
	struct published ports;
	char *complaint; /* the last one */
	int complaints;
};

static char *target(const char *path, const char *filters)
{
	AUTO(str) s = STR_INIT;

	str_addf(&s, "/v4.0.0/libpod/%s&filters=", path);
	str_add_percent(&s, filters, "");
	return str_take(&s);
}

static void open_events(struct source *s, struct http_local *h)
{
	AUTO_FREE char *events = target("events?stream=true",
					"{\"type\":[\"container\"],\"event\":[\"start\",\"restore\",\"died\",\"stop\","
					"\"cleanup\",\"checkpoint\",\"remove\"]}");

	s->events = http_local_get(h, s->socket, events, /* max= */ 0, /* timeout_ms= */ 0);
	s->begun = false;
	s->seen = 0;
}

static void look_at_events(struct source *s, struct http_local *h, int64_t now)
{
	struct err *e = NULL;

	if (!s->events) {
		if (now >= s->open_ms)
			open_events(s, h);
		return;
	}
	if (http_answer_size(s->events) != s->seen || http_answer_begun(s->events) != s->begun) {
		s->seen = http_answer_size(s->events);
		s->begun = http_answer_begun(s->events);
		s->list_ms = now;
		s->settle_ms = now + SETTLE_MS;
		s->retry_ms = RETRY_MIN_MS;
	}
	if (http_answer_ended(s->events, &e)) {
		s->events = http_answer_drop(s->events);
		s->heard = s->heard || err_is(e, ERR_NET);
		s->list_ms = err_is(e, ERR_GUEST) ? now : s->list_ms; /* without events there is still the list */
		s->open_ms = now + s->retry_ms;
		s->retry_ms = s->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : s->retry_ms * 2;
		err_free(e);
	}
}

static void ask(struct source *s, struct http_local *h)
{
	AUTO_FREE char *list = target("containers/json?all=true", "{\"status\":[\"running\",\"paused\"]}");

	s->list = http_local_get(h, s->socket, list, LIST_MAX, LIST_MS);
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
		if (now >= s->list_ms || (s->begun && now - s->listed_ms >= AGAIN_MS))
			ask(s, h);
		return;
	}
	if (!http_answer_ended(s->list, &e))
		return;
	if (e && s->events && s->list_ms == INT64_MAX)
		s->list_ms = now + RETRY_MAX_MS;
	e = e ? e : take(s, http_answer_body(s->list));
	if (e)
		complain(s, e, sink);
	s->heard = true;
	s->listed_ms = now;
	if (s->list_ms < now + s->rest_ms)
		s->list_ms = now + s->rest_ms;
	s->list = http_answer_drop(s->list);
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

static int wait_ms(const struct source *sources, int64_t now)
{
	int64_t least = now + WAIT_MS;

	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++) {
		const struct source *s = &sources[i];
		if (!s->list && s->list_ms < least)
			least = s->list_ms;
		if (!s->list && s->settle_ms && s->settle_ms < least)
			least = s->settle_ms;
		if (!s->events && s->open_ms < least)
			least = s->open_ms;
	}
	return least > now ? (int)(least - now) : 0;
}

struct err *published_watch(const char *const *sockets, int fd, struct sink *sink)
{
	struct source sources[PUBLISHED_SOCKETS];
	struct http_local *h = http_local_new();
	AUTO_FREE char *told = NULL;
	struct err *e = NULL;
	int64_t first_ms = tick_ms() + FIRST_MS;

	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++)
		sources[i] = (struct source){.socket = sockets[i], .list_ms = INT64_MAX, .retry_ms = RETRY_MIN_MS};
	while (!e && !cancel_requested()) {
		int64_t now = tick_ms();
		for (size_t i = 0; i < PUBLISHED_SOCKETS; i++) {
			look_at_events(&sources[i], h, now);
			look_at_list(&sources[i], h, sink, now);
		}
		e = tell(sources, now < first_ms, &told, fd);
		if (!e)
			http_local_wait(h, wait_ms(sources, now));
	}
	for (size_t i = 0; i < PUBLISHED_SOCKETS; i++) {
		http_answer_drop(sources[i].events);
		http_answer_drop(sources[i].list);
		published_done(&sources[i].ports);
		free(sources[i].complaint);
	}
	http_local_free(h);
	return e;
}

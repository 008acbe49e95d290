#include "net/qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/sock.h"
#include "sys/tick.h"

struct qmp {
	int fd;
	int64_t last_id;
	bool ended;       /* QEMU closed its side */
	struct str input; /* bytes not yet made into lines */
	size_t taken;     /* of input: lines already handed out */
	size_t searched;  /* of input: no newline before here */
	struct json *events[QMP_EVENTS_MAX];
	size_t event_count;
};

/* Take a whole line out of the input; NULL when there is none. */
static struct err *take_line(struct qmp *q, char **ret_line)
{
	const char *data = str_text(&q->input);
	const char *end = memchr(data + q->searched, '\n', q->input.len - q->searched);

	*ret_line = NULL;
	if (!end) {
		q->searched = q->input.len;
		if (q->input.len - q->taken > QMP_LINE_MAX)
			return err_new(ERR_CORRUPT, "QEMU sent a line of more than %d bytes", QMP_LINE_MAX);
		return NULL;
	}
	*ret_line = mem_strndup(data + q->taken, (size_t)(end - data) - q->taken);
	q->taken = q->searched = (size_t)(end - data) + 1;
	if (q->taken == q->input.len) {
		str_clear(&q->input);
		q->taken = q->searched = 0;
	}
	return NULL;
}

/* Move what was not yet taken to the front, then read once. */
static struct err *read_more(struct qmp *q)
{
	char buffer[16384];
	ssize_t n = read(q->fd, buffer, sizeof(buffer));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return NULL;
	if (n < 0 && errno != ECONNRESET)
		return err_os(errno, "cannot read QEMU's answer");
	if (n <= 0) {
		q->ended = true;
		return NULL;
	}
	if (q->taken > 0) {
		memmove(q->input.data, q->input.data + q->taken, q->input.len - q->taken);
		q->input.len -= q->taken;
		q->searched -= q->taken;
		q->taken = 0;
	}
	str_add_mem(&q->input, buffer, (size_t)n);
	return NULL;
}

static bool expired(int64_t deadline_ms)
{
	return deadline_ms && tick_ms() >= deadline_ms;
}

/* @wait false: take only what has arrived. *ret_message NULL: nothing there. */
static struct err *next_message(struct qmp *q, bool wait, int64_t deadline_ms, struct json **ret_message)
{
	*ret_message = NULL;
	for (;;) {
		AUTO_FREE char *line = NULL;
		TRY(take_line(q, &line));
		if (line) {
			TRY(js_parse(line, strlen(line), "QEMU's answer", ret_message));
			if (js_is_object(*ret_message))
				return NULL;
			*ret_message = js_free(*ret_message);
			return err_new(ERR_CORRUPT, "QEMU's answer is not an object");
		}
		if (q->ended)
			return err_new(ERR_NET, "QEMU closed its control socket");
		struct pollfd p = {q->fd, POLLIN, 0};
		if (poll(&p, 1, wait ? 50 : 0) > 0)
			TRY(read_more(q));
		else if (!wait)
			return NULL;
		else if (expired(deadline_ms))
			return err_new(ERR_TIMEOUT, "QEMU did not answer in time");
	}
}

static void queue_event(struct qmp *q, struct json *take_event)
{
	if (q->event_count == QMP_EVENTS_MAX) {
		js_free(q->events[0]);
		memmove(q->events, q->events + 1, (QMP_EVENTS_MAX - 1) * sizeof(q->events[0]));
		q->event_count--;
	}
	q->events[q->event_count++] = take_event;
}

/* Answers to nobody (an id that we gave up on) are dropped. */
static struct err *await_answer(struct qmp *q, int64_t id, int64_t deadline_ms, struct json **ret_answer)
{
	for (;;) {
		struct json *message = NULL;
		TRY(next_message(q, /* wait= */ true, deadline_ms, &message));
		if (js_get(message, "event")) {
			queue_event(q, message);
		} else if ((js_get(message, "return") && js_get_int(message, "id", -1) == id) ||
			   (js_get(message, "error") && js_get_int(message, "id", id) == id)) {
			/* an error without an id: QEMU could not parse the command, and so does not know it */
			*ret_answer = message;
			return NULL;
		} else {
			bool stale = js_get(message, "id") != NULL;
			js_free(message);
			if (!stale)
				return err_new(ERR_CORRUPT, "QEMU sent neither an answer nor an event");
		}
		if (expired(deadline_ms))
			return err_new(ERR_TIMEOUT, "QEMU did not answer in time");
	}
}

static struct err *send_all(struct qmp *q, const char *text, int64_t deadline_ms)
{
	size_t size = strlen(text);

	while (size > 0) {
		ssize_t n = write(q->fd, text, size);
		if (n >= 0) {
			text += n;
			size -= (size_t)n;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return err_new(ERR_NET, "QEMU closed its control socket");
		if (errno != EAGAIN && errno != EINTR)
			return err_os(errno, "cannot send a command to QEMU");
		if (expired(deadline_ms))
			return err_new(ERR_TIMEOUT, "QEMU did not take the command in time");
		struct pollfd p = {q->fd, POLLOUT, 0};
		poll(&p, 1, 50);
	}
	return NULL;
}

struct err *qmp_run(struct qmp *q, const char *command, struct json *take_arguments, int64_t deadline_ms,
		    struct json **ret_value)
{
	AUTO_JSON *request = js_object();
	AUTO_JSON *answer = NULL;
	int64_t id = ++q->last_id;

	js_set_text(request, "execute", command);
	if (take_arguments)
		js_set(request, "arguments", take_arguments);
	js_set_int(request, "id", id);
	AUTO_FREE char *line = js_line(request);
	AUTO_FREE char *text = mem_printf("%s\r\n", line);
	struct err *e = send_all(q, text, deadline_ms);
	if (!e)
		e = await_answer(q, id, deadline_ms, &answer);
	if (e)
		return err_wrap(e, "QMP command '%s'", command);
	struct json *error = js_get(answer, "error");
	if (error) {
		const char *class = js_get_text(error, "class");
		const char *words = js_get_text(error, "desc");
		return err_new(ERR_GUEST, "QEMU refused '%s': %s (%s)", command, words ? words : "no reason given",
			       class ? class : "no class");
	}
	if (ret_value)
		*ret_value = js_copy(js_get(answer, "return"));
	return NULL;
}

struct err *qmp_event(struct qmp *q, int64_t deadline_ms, struct json **ret_event)
{
	*ret_event = NULL;
	while (q->event_count == 0) {
		struct json *message = NULL;
		struct err *e = next_message(q, deadline_ms != 0, deadline_ms, &message);
		if (err_is(e, ERR_TIMEOUT)) {
			err_free(e);
			return NULL;
		}
		TRY(e);
		if (!message)
			return NULL;
		if (js_get(message, "event"))
			queue_event(q, message);
		else
			js_free(message); /* the late answer to a command that we gave up on */
	}
	*ret_event = q->events[0];
	q->event_count--;
	memmove(q->events, q->events + 1, q->event_count * sizeof(q->events[0]));
	return NULL;
}

static struct err *negotiate(struct qmp *q, int64_t deadline_ms)
{
	AUTO_JSON *greeting = NULL;

	TRY(next_message(q, /* wait= */ true, deadline_ms, &greeting));
	if (!js_is_object(js_get(greeting, "QMP")))
		return err_new(ERR_CORRUPT, "no QMP greeting");
	return qmp_run(q, "qmp_capabilities", NULL, deadline_ms, NULL);
}

struct err *qmp_open(const char *path, int64_t deadline_ms, struct qmp **ret_qmp)
{
	int fd = -1;

	TRY(sock_connect(path, &fd));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	struct qmp *q = mem_alloc(sizeof(*q));
	q->fd = fd;
	struct err *e = negotiate(q, deadline_ms);
	if (e) {
		qmp_close(q);
		return err_wrap(e, "QEMU's control socket '%s'", path);
	}
	*ret_qmp = q;
	return NULL;
}

struct qmp *qmp_close(struct qmp *q)
{
	if (!q)
		return NULL;
	for (size_t i = 0; i < q->event_count; i++)
		js_free(q->events[i]);
	close(q->fd);
	str_done(&q->input);
	free(q);
	return NULL;
}

int qmp_fd(const struct qmp *q)
{
	return q->fd;
}

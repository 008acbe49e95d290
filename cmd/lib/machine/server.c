#include "machine/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "fmt/json.h"
#include "machine/call.h"
#include "sys/file.h"
#include "sys/sock.h"

void server_init(struct server *s, int take_report_fd)
{
	memset(s, 0, sizeof(*s));
	s->fd = -1;
	for (size_t i = 0; i < SERVER_CLIENTS; i++)
		s->clients[i].fd = -1;
	if (take_report_fd < 0)
		return;
	/* the monitor must not inherit it: to the process that started us, its end of file is our end */
	fcntl(take_report_fd, F_SETFD, FD_CLOEXEC);
	fcntl(take_report_fd, F_SETFL, fcntl(take_report_fd, F_GETFL) | O_NONBLOCK);
	s->clients[0].fd = take_report_fd;
	s->clients[0].waiting = true;
	s->clients[0].listens_only = true;
}

struct err *server_listen(struct server *s, const char *path)
{
	TRY(sock_listen(path, &s->fd));
	s->path = mem_strdup(path);
	return NULL;
}

/* The writing end of a pipe says so when nobody is left to read. */
struct err *server_check_starter(const struct server *s)
{
	for (size_t i = 0; i < SERVER_CLIENTS; i++) {
		struct pollfd report = {.fd = s->clients[i].listens_only ? s->clients[i].fd : -1};
		if (poll(&report, 1, 0) > 0 && report.revents & (POLLERR | POLLHUP))
			return err_new(ERR_CANCELED, "the process that started the machine has ended");
	}
	return NULL;
}

struct err *server_keep(struct server *s)
{
	int fd = -1;

	bool there = true;
	TRY(file_exists(s->path, &there));
	if (s->fd < 0 || there)
		return NULL;
	TRY(sock_listen(s->path, &fd));
	close(s->fd);
	s->fd = fd;
	return NULL;
}

static void drop(struct server_client *c)
{
	close(c->fd);
	str_done(&c->line);
	*c = (struct server_client){.fd = -1};
}

void server_done(struct server *s)
{
	for (size_t i = 0; i < SERVER_CLIENTS; i++)
		if (s->clients[i].fd >= 0)
			drop(&s->clients[i]);
	if (s->fd >= 0) {
		close(s->fd);
		err_free(file_remove(s->path));
	}
	s->fd = -1;
	free(s->path);
	s->path = NULL;
}

/* A line that does not fit into the socket's buffer is for a client that does not read. */
static void send_line(struct server_client *c, const char *line)
{
	AUTO_FREE char *text = mem_printf("%s\n", line);
	size_t size = strlen(text);

	for (size_t done = 0; done < size;) {
		ssize_t n = write(c->fd, text + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			drop(c);
			return;
		}
		done += (size_t)n;
	}
}

void server_tell(struct server *s, const char *line, bool last)
{
	for (size_t i = 0; i < SERVER_CLIENTS; i++) {
		struct server_client *c = &s->clients[i];
		if (c->fd < 0 || !c->waiting)
			continue;
		send_line(c, line);
		if (last && c->fd >= 0)
			drop(c);
	}
}

static void answer(struct server *s, struct server_client *c)
{
	AUTO_JSON *request = NULL;
	AUTO_FREE char *line = NULL;

	struct err *e = js_parse(str_text(&c->line), c->line.len, "request", &request);
	const char *what = js_get_text(request, "do");
	err_free(e);
	if (streq(what, "status")) {
		line = s->status(s->arg);
		send_line(c, line);
	} else if (streq(what, "ports")) {
		line = s->ports(s->arg);
		send_line(c, line);
	} else if (streq(what, "resume")) {
		line = s->resume(s->arg);
		send_line(c, line);
	} else if (streq(what, "forward")) {
		line = s->forward(s->arg, request);
		send_line(c, line);
	} else if (streq(what, "stop")) {
		s->stop_asked = true;
		send_line(c, "{\"event\":\"stopping\"}");
	} else if (streq(what, "wait")) {
		c->waiting = true;
		line = s->welcome(s->arg);
		if (line)
			send_line(c, line);
	} else {
		send_line(c, "{\"event\":\"refused\",\"message\":\"unknown request\"}");
		if (c->fd >= 0)
			drop(c);
	}
}

static void take_input(struct server *s, struct server_client *c)
{
	char buffer[1024];
	ssize_t n = read(c->fd, buffer, sizeof(buffer));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	for (ssize_t i = 0; i < n && c->fd >= 0; i++) {
		if (buffer[i] != '\n') {
			if (c->line.len == SERVER_LINE_MAX) {
				drop(c);
				return;
			}
			str_add_char(&c->line, buffer[i]);
			continue;
		}
		answer(s, c);
		if (c->fd >= 0)
			str_clear(&c->line);
	}
}

static void take_client(struct server *s)
{
	int fd = -1;

	err_free(sock_accept(s->fd, &fd));
	if (fd < 0)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	int room = CALL_LINE_MAX;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	for (size_t i = 0; i < SERVER_CLIENTS; i++) {
		if (s->clients[i].fd < 0) {
			s->clients[i] = (struct server_client){.fd = fd};
			return;
		}
	}
	close(fd);
}

void server_wait(struct server *s, const int *fds, size_t fd_count, int timeout_ms)
{
	struct pollfd all[SERVER_CLIENTS + 1 + SERVER_FDS];
	size_t count = 0;

	for (size_t i = 0; i < SERVER_CLIENTS; i++) {
		struct server_client *c = &s->clients[i];
		/* that a pipe's reader went away is reported without being asked for */
		all[count++] = (struct pollfd){c->fd, c->listens_only ? 0 : POLLIN, 0};
	}
	all[count++] = (struct pollfd){s->fd, POLLIN, 0};
	for (size_t i = 0; i < fd_count && i < SERVER_FDS; i++)
		all[count++] = (struct pollfd){fds[i], POLLIN, 0};
	if (poll(all, (nfds_t)count, timeout_ms) <= 0)
		return;
	for (size_t i = 0; i < SERVER_CLIENTS; i++) {
		struct server_client *c = &s->clients[i];
		if (!all[i].revents)
			continue;
		if (c->listens_only)
			drop(c);
		else
			take_input(s, c);
	}
	if (all[SERVER_CLIENTS].revents)
		take_client(s);
}

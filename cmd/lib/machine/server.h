/*
 * server.h - the supervisor's end of the control socket: JSON lines, a few clients, never blocking
 *
 * Requests:  {"do":"status"}  one line of status
 *            {"do":"ports"}   the ports of the guest's containers: port_table_json()
 *            {"do":"resume"}  {"event":"resumed"} or {"event":"failed"}: a machine that stands still goes on
 *            {"do":"forward","ports":[...]}  {"event":"forwarded"} or {"event":"failed"}: these are the stack's ports now
 *            {"do":"stop"}    {"event":"stopping"}; the connection ends when the machine has
 *            {"do":"wait"}    where the boot stands, then each event until {"event":"ready"} or {"event":"failed"}
 *
 * A client that sends no valid line, or does not read, is dropped. The report descriptor (a pipe to the process that
 * started us) is a client that only listens. control.h is the other end.
 */
#ifndef COOPER_MACHINE_SERVER_H
#define COOPER_MACHINE_SERVER_H

#include <poll.h>

#include "base/err.h"
#include "base/str.h"
#include "fmt/json.h"

enum { SERVER_CLIENTS = 16, SERVER_LINE_MAX = 1024 * 1024, SERVER_FDS = 3 };

struct server_client {
	int fd; /* -1 = free */
	bool waiting;
	bool listens_only;
	struct str line; /* what has come of it */
};

struct server {
	int fd; /* listener, -1 = none */
	char *path;
	struct server_client clients[SERVER_CLIENTS];
	bool stop_asked;
	char *(*status)(const void *arg);  /* a line for "status", heap */
	char *(*welcome)(const void *arg); /* a line for a new "wait", heap; NULL = nothing yet */
	char *(*ports)(const void *arg);   /* a line for "ports", heap */
	char *(*resume)(void *arg);        /* do it; a line for "resume", heap */
	char *(*forward)(void *arg, const struct json *request); /* do it; a line for "forward", heap */
	void *arg;
};

/** server_init() - no listener yet; @take_report_fd is -1 or a descriptor that gets all events */
void server_init(struct server *s, int take_report_fd);
/** server_listen() - from now on serve @path, 0600; a socket that a dead supervisor left is replaced */
MUST_CHECK struct err *server_listen(struct server *s, const char *path);
/**
 * server_check_starter() - CANCELED where the process that started us has ended
 *
 * Asked once the machine's lock is held. Who was killed before that may have been followed by a `stop` that found nothing
 * running; who is killed after it leaves a machine that everybody sees.
 */
MUST_CHECK struct err *server_check_starter(const struct server *s);
/** server_keep() - listen again where somebody removed the socket; its connections go on */
MUST_CHECK struct err *server_keep(struct server *s);
/** server_done() - close all connections and remove the socket */
void server_done(struct server *s);
/** server_wait() - wait at most @timeout_ms for a client or one of @fds (at most SERVER_FDS; -1 is skipped), and serve
 *  the clients */
void server_wait(struct server *s, const int *fds, size_t fd_count, int timeout_ms);
/** server_tell() - send @line to all that wait; @last: they need not wait any longer */
void server_tell(struct server *s, const char *line, bool last);

#endif

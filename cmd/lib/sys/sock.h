/*
 * sock.h - Unix sockets with the length limit checked, and free loopback ports
 */
#ifndef COOPER_SYS_SOCK_H
#define COOPER_SYS_SOCK_H

#include <stdint.h>

#include "base/err.h"

enum { SOCK_PATH_MAX = 103 }; /* bytes that fit on macOS (104 with the NUL); smaller than Linux's 107 */

/** sock_check_path() - USAGE error with a hint when @path is too long for a socket anywhere */
MUST_CHECK struct err *sock_check_path(const char *path);
/** sock_listen() - unix stream listener at @path (an old socket there is replaced), mode 0600 */
MUST_CHECK struct err *sock_listen(const char *path, int *ret_fd);
/** sock_connect() - connect to the unix socket at @path; ABSENT when nobody listens, BUSY when
 *  too many wait there already; never waits */
MUST_CHECK struct err *sock_connect(const char *path, int *ret_fd);
/** sock_accept() - accept, cloexec; -1 in *ret_fd when nothing was pending */
MUST_CHECK struct err *sock_accept(int fd, int *ret_fd);
/** sock_try_port() - whether we may listen on that TCP or UDP port: 0, EADDRINUSE (somebody does), EACCES,
 * EADDRNOTAVAIL (the host has no such address), or another errno */
int sock_try_port(bool udp, const char *address, int port);
/** sock_free_port() - a TCP port on 127.0.0.1 that nobody had a moment ago; @wanted first when it is free (0 = any) */
MUST_CHECK struct err *sock_free_port(int wanted, int *ret_port);
/** sock_read_line() - one line without its newline, at most @max bytes, absolute monotonic @deadline_ms (0 = none);
 *  *ret_line NULL at end of file */
MUST_CHECK struct err *sock_read_line(int fd, size_t max, int64_t deadline_ms, char **ret_line);

#endif

#include "sys/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/str.h"
#include "sys/tick.h"

struct err *sock_check_path(const char *path)
{
	size_t n = strlen(path);
	if (n <= SOCK_PATH_MAX)
		return NULL;
	return err_hint(err_new(ERR_USAGE, "socket path '%s' has %zu bytes; %d is the limit", path, n, SOCK_PATH_MAX),
			"set COOPER_HOME to a shorter folder, or give the machine a shorter name");
}

static struct err *new_socket(int family, int *ret_fd)
{
	int fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return err_os(errno, "cannot make a socket");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ret_fd = fd;
	return NULL;
}

static struct err *unix_address(const char *path, struct sockaddr_un *address)
{
	TRY(sock_check_path(path));
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path, path, strlen(path));
	return NULL;
}

struct err *sock_listen(const char *path, int *ret_fd)
{
	struct sockaddr_un address;
	TRY(unix_address(path, &address));
	AUTO_CLOSE int fd = -1;
	TRY(new_socket(AF_UNIX, &fd));
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || chmod(path, 0600) != 0 ||
	    listen(fd, 16) != 0)
		return err_os(errno, "cannot listen on '%s'", path);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

struct err *sock_connect(const char *path, int *ret_fd)
{
	struct sockaddr_un address;
	TRY(unix_address(path, &address));
	AUTO_CLOSE int fd = -1;
	TRY(new_socket(AF_UNIX, &fd));
	/* a listener whose queue is full would let us wait for ever */
	int flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return err_new(ERR_ABSENT, "nothing listens on '%s'", path);
		if (errno == EAGAIN)
			return err_new(ERR_BUSY, "whoever listens on '%s' takes no more connections", path);
		return err_os(errno, "cannot connect to '%s'", path);
	}
	fcntl(fd, F_SETFL, flags);
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

struct err *sock_accept(int listener, int *ret_fd)
{
	*ret_fd = -1;
	int fd = accept(listener, NULL, NULL);
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return NULL;
		return err_os(errno, "cannot accept a connection");
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	*ret_fd = fd;
	return NULL;
}

/* As QEMU binds it: connections that have just ended do not hold a port, listeners do. 0 or errno. */
static int bind_port(bool udp, const char *address, int port, int *ret_port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	int on = 1;
	if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return EADDRNOTAVAIL;
	struct sockaddr *at = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t size = is_v4 ? sizeof(v4) : sizeof(v6);
	AUTO_CLOSE int fd = socket(at->sa_family, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (fd < 0 || (!udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) ||
	    bind(fd, at, size) != 0 || getsockname(fd, at, &size) != 0)
		return errno;
	*ret_port = ntohs(is_v4 ? v4.sin_port : v6.sin6_port);
	return 0;
}

int sock_try_port(bool udp, const char *address, int port)
{
	int bound = 0;
	return bind_port(udp, address, port, &bound);
}

struct err *sock_free_port(int wanted, int *ret_port)
{
	if (wanted && bind_port(/* udp= */ false, "127.0.0.1", wanted, ret_port) == 0)
		return NULL;
	int errnum = bind_port(/* udp= */ false, "127.0.0.1", 0, ret_port);
	return errnum ? err_hint(err_os(errnum, "no free port on 127.0.0.1"), "`ss -tlnp` or `netstat -an` shows who has them")
		      : NULL;
}

struct err *sock_read_line(int fd, size_t max, int64_t deadline_ms, char **ret_line)
{
	AUTO(str) line = STR_INIT;
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		int ready = poll(&p, 1, 100);
		TRY(cancel_check());
		if (ready <= 0) {
			if (deadline_ms && tick_ms() >= deadline_ms)
				return err_new(ERR_TIMEOUT, "no answer in time");
			continue;
		}
		char c;
		ssize_t n = read(fd, &c, 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0 && errno != ECONNRESET)
			return err_os(errno, "cannot read from a socket");
		if (n <= 0) {
			*ret_line = line.len ? str_take(&line) : NULL;
			return NULL;
		}
		if (c == '\n') {
			*ret_line = str_take(&line);
			return NULL;
		}
		str_add_char(&line, c);
		if (line.len > max)
			return err_new(ERR_CORRUPT, "a line of more than %zu bytes on a socket", max);
	}
}

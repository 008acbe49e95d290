/* A server on a unix socket that says these bytes to whoever comes first, and no more; then it only listens. */
#ifndef COOPER_TESTS_FUZZ_SERVER_H
#define COOPER_TESTS_FUZZ_SERVER_H

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fuzz.h"

struct fuzz_server {
	struct sockaddr_un address;
	const uint8_t *data;
	size_t size;
	int listener;
	pthread_t thread;
};

static void *fuzz_server_say(void *argument)
{
	const struct fuzz_server *s = argument;
	int fd = accept(s->listener, NULL, NULL);

	if (fd >= 0 && send(fd, s->data, s->size, MSG_NOSIGNAL) >= 0)
		shutdown(fd, SHUT_WR);
	for (char byte; fd >= 0 && read(fd, &byte, 1) > 0;)
		;
	close(fd);
	return NULL;
}

/* As the socket @name in the fuzzer's folder. */
static inline void fuzz_server_start(struct fuzz_server *s, const char *name, const uint8_t *data, size_t size)
{
	*s = (struct fuzz_server){.address = {.sun_family = AF_UNIX}, .data = data, .size = size};
	snprintf(s->address.sun_path, sizeof(s->address.sun_path), "%s/%s", fuzz_dir(), name);
	unlink(s->address.sun_path);
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	check(bind(s->listener, (struct sockaddr *)&s->address, sizeof(s->address)) == 0);
	check(listen(s->listener, 1) == 0 && pthread_create(&s->thread, NULL, fuzz_server_say, s) == 0);
}

/* Also when nobody came. */
static inline void fuzz_server_stop(struct fuzz_server *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)!connect(fd, (struct sockaddr *)&s->address, sizeof(s->address));
	close(fd);
	pthread_join(s->thread, NULL);
	close(s->listener);
}

#endif

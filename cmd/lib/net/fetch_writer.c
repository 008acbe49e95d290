#include "net/fetch_writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/os.h"

enum {
	BUFFER_BYTES = 128 << 10, /* what a kill loses at most, but for what waits */
	BUFFERS = 8,              /* one is filled, one is worked on, the rest evens out the pace */
	WRITEBACK_BYTES = 1 << 20,
};

struct writer {
	int fd;
	int64_t at;    /* where in the file the next byte goes */
	int64_t begun; /* up to here the kernel was asked to write back */
	const char *path;
	bool early;
	struct digest *sha256;
	struct digest *sha512;
	char *buffers[BUFFERS];
	size_t filled; /* bytes in the buffer that is being filled */
	size_t put;    /* buffers handed over so far; the next one to fill is put % BUFFERS */

	bool threaded;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	size_t taken; /* buffers worked off so far */
	bool stop;
	bool broken;         /* something was not written: nothing may follow it */
	struct err *failure; /* not yet told */
};

struct writer *writer_new(int fd, const char *path, struct digest *sha256, struct digest *sha512, bool early)
{
	struct writer *w = mem_alloc(sizeof(*w));
	*w = (struct writer){.fd = fd,
			     .at = (int64_t)lseek(fd, 0, SEEK_CUR),
			     .path = path,
			     .early = early,
			     .sha256 = sha256,
			     .sha512 = sha512};
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->changed, NULL);
	return w;
}

static struct err *work_off(struct writer *w, const char *data, size_t size)
{
	TRY(file_write_all(w->fd, data, size, w->path));
	w->at += (int64_t)size;
	if (w->early && w->at - w->begun >= WRITEBACK_BYTES) {
		os_start_writeback(w->fd, w->begun, w->at - w->begun);
		w->begun = w->at;
	}
	if (w->sha256)
		digest_add(w->sha256, data, size);
	if (w->sha512)
		digest_add(w->sha512, data, size);
	return NULL;
}

static void *run(void *arg)
{
	struct writer *w = arg;
	pthread_mutex_lock(&w->mutex);
	for (;;) {
		while (w->taken == w->put && !w->stop)
			pthread_cond_wait(&w->changed, &w->mutex);
		if (w->taken == w->put)
			break;
		const char *data = w->buffers[w->taken % BUFFERS];
		bool broken = w->broken;
		pthread_mutex_unlock(&w->mutex);
		struct err *e = broken ? NULL : work_off(w, data, BUFFER_BYTES);
		pthread_mutex_lock(&w->mutex);
		if (e) {
			w->broken = true;
			w->failure = e;
		}
		w->taken++;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

static struct err *take_failure(struct writer *w)
{
	struct err *e = w->failure;
	w->failure = NULL;
	return e;
}

/* The full buffer goes to the thread; waits while all the others are still there. */
static struct err *hand_over(struct writer *w)
{
	if (!w->threaded && pthread_create(&w->thread, NULL, run, w) == 0)
		w->threaded = true;
	w->filled = 0;
	if (!w->threaded)
		return work_off(w, w->buffers[w->put % BUFFERS], BUFFER_BYTES);
	pthread_mutex_lock(&w->mutex);
	w->put++;
	pthread_cond_broadcast(&w->changed);
	while (w->put - w->taken >= BUFFERS)
		pthread_cond_wait(&w->changed, &w->mutex);
	struct err *e = take_failure(w);
	pthread_mutex_unlock(&w->mutex);
	return e;
}

struct err *writer_add(struct writer *w, const void *data, size_t size)
{
	const char *from = data;
	while (size > 0) {
		if (w->filled == BUFFER_BYTES)
			TRY(hand_over(w));
		char **buffer = &w->buffers[w->put % BUFFERS];
		if (!*buffer)
			*buffer = mem_alloc(BUFFER_BYTES);
		size_t part = BUFFER_BYTES - w->filled < size ? BUFFER_BYTES - w->filled : size;
		memcpy(*buffer + w->filled, from, part);
		w->filled += part;
		from += part;
		size -= part;
	}
	return NULL;
}

/* Until the thread has nothing left. */
static struct err *drain(struct writer *w)
{
	pthread_mutex_lock(&w->mutex);
	while (w->taken < w->put)
		pthread_cond_wait(&w->changed, &w->mutex);
	struct err *e = take_failure(w);
	pthread_mutex_unlock(&w->mutex);
	return e;
}

struct err *writer_flush(struct writer *w)
{
	struct err *e = w->threaded ? drain(w) : NULL;
	size_t rest = w->filled;
	w->filled = 0;
	return e || rest == 0 || w->broken ? e : work_off(w, w->buffers[w->put % BUFFERS], rest);
}

struct writer *writer_free(struct writer *w)
{
	if (!w)
		return NULL;
	if (w->threaded) {
		pthread_mutex_lock(&w->mutex);
		w->stop = true;
		pthread_cond_broadcast(&w->changed);
		pthread_mutex_unlock(&w->mutex);
		pthread_join(w->thread, NULL);
	}
	for (size_t i = 0; i < BUFFERS; i++)
		free(w->buffers[i]);
	err_free(w->failure);
	pthread_mutex_destroy(&w->mutex);
	pthread_cond_destroy(&w->changed);
	free(w);
	return NULL;
}

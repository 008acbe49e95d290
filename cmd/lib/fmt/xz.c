#include "fmt/xz.h"

#include <errno.h>
#include <lzma.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sys/os.h"

/* The ring is small enough to stay in a core's cache from the decoder to the reader. */
enum { RING = 4, PIECE = 256 << 10, THREADS_MAX = 32 };

/* The decoder thread fills ring[filled % RING]; the reader holds ring[taken % RING] until its next call. */
struct xz_stream {
	struct stream base;
	char *name;
	lzma_stream stream;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned char *ring[RING];
	size_t sizes[RING];
	size_t filled;
	size_t taken;
	bool lent;  /* the reader still looks at ring[taken % RING] */
	bool ended; /* no more pieces will come */
	bool stop;  /* the reader is gone */
	struct err *failure;
};

bool xz_magic(const void *start, size_t size)
{
	return size >= 6 && memcmp(start,
				   "\xfd"
				   "7zXZ\0",
				   6) == 0;
}

static struct err *lzma_error(const struct xz_stream *x, lzma_ret status)
{
	switch ((unsigned)status) {
	case LZMA_MEM_ERROR:
		return err_os(ENOMEM, "cannot unpack '%s'", x->name);
	case LZMA_MEMLIMIT_ERROR:
		return err_new(ERR_CORRUPT, "'%s' needs more memory to unpack than is allowed", x->name);
	case LZMA_BUF_ERROR:
		return err_new(ERR_CORRUPT, "'%s' is truncated", x->name);
	case LZMA_OPTIONS_ERROR:
		return err_new(ERR_CORRUPT, "'%s' uses .xz features that this liblzma does not know", x->name);
	default:
		return err_new(ERR_CORRUPT, "'%s' is damaged (.xz error %u)", x->name, (unsigned)status);
	}
}

/* Decode until one piece is full or the stream ends. */
static struct err *fill_piece(struct xz_stream *x, unsigned char *piece, bool *input_ended, bool *ret_done)
{
	x->stream.next_out = piece;
	x->stream.avail_out = PIECE;
	while (x->stream.avail_out > 0) {
		if (x->stream.avail_in == 0 && !*input_ended) {
			const void *data = NULL;
			size_t size = 0;

			TRY(x->base.inner->read(x->base.inner, &data, &size));
			*input_ended = size == 0;
			x->stream.next_in = data;
			x->stream.avail_in = size;
		}
		lzma_ret status = lzma_code(&x->stream, *input_ended ? LZMA_FINISH : LZMA_RUN);
		if (status == LZMA_STREAM_END) {
			*ret_done = true;
			return NULL;
		}
		if (status != LZMA_OK)
			return lzma_error(x, status);
	}
	return NULL;
}

static void *decode(void *argument)
{
	struct xz_stream *x = argument;
	bool input_ended = false;
	bool done = false;

	while (!done) {
		pthread_mutex_lock(&x->mutex);
		while (x->filled - x->taken == RING && !x->stop)
			pthread_cond_wait(&x->changed, &x->mutex);
		bool stop = x->stop;
		pthread_mutex_unlock(&x->mutex);
		if (stop)
			break;
		size_t i = x->filled % RING;
		struct err *e = fill_piece(x, x->ring[i], &input_ended, &done);
		done = done || e;
		pthread_mutex_lock(&x->mutex);
		x->sizes[i] = PIECE - x->stream.avail_out;
		x->filled += x->sizes[i] > 0 && !e;
		x->failure = e;
		x->ended = done;
		pthread_cond_signal(&x->changed);
		pthread_mutex_unlock(&x->mutex);
	}
	return NULL;
}

static struct err *xz_read(struct stream *s, const void **ret_data, size_t *ret_size)
{
	struct xz_stream *x = (struct xz_stream *)s;
	struct err *e = NULL;

	pthread_mutex_lock(&x->mutex);
	if (x->lent) {
		x->lent = false;
		x->taken++;
		pthread_cond_signal(&x->changed);
	}
	while (x->filled == x->taken && !x->ended)
		pthread_cond_wait(&x->changed, &x->mutex);
	*ret_size = 0;
	if (x->filled > x->taken) {
		x->lent = true;
		*ret_data = x->ring[x->taken % RING];
		*ret_size = x->sizes[x->taken % RING];
	} else if (x->failure) {
		e = TAKE(x->failure);
	}
	pthread_mutex_unlock(&x->mutex);
	return e;
}

static void xz_free(struct xz_stream *x)
{
	lzma_end(&x->stream);
	stream_close(x->base.inner);
	for (int i = 0; i < RING; i++)
		free(x->ring[i]);
	err_free(x->failure);
	pthread_mutex_destroy(&x->mutex);
	pthread_cond_destroy(&x->changed);
	free(x->name);
	free(x);
}

static void xz_close(struct stream *s)
{
	struct xz_stream *x = (struct xz_stream *)s;

	pthread_mutex_lock(&x->mutex);
	x->stop = true;
	pthread_cond_signal(&x->changed);
	pthread_mutex_unlock(&x->mutex);
	pthread_join(x->thread, NULL);
	xz_free(x);
}

/* Windows and blocks of many MiB are read all over: on huge pages, that is a tenth faster. */
static void *allocate(void *opaque, size_t count, size_t size)
{
	const size_t page = 2 << 20;
	size_t bytes;

	(void)opaque;
	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	if (bytes < 2 * page)
		return malloc(bytes);
	bytes = (bytes + page - 1) / page * page;
	void *p = aligned_alloc(page, bytes);
	if (p)
		os_advise_huge(p, bytes);
	return p;
}

static void release(void *opaque, void *p)
{
	(void)opaque;
	free(p);
}

static const lzma_allocator allocator = {allocate, release, NULL};

static lzma_ret start_decoder(lzma_stream *stream, int64_t memory_bytes)
{
	const int64_t least = 256LL << 20;
	const int64_t most = 1LL << 30;
	int cpus = os_cpu_count();

	if (memory_bytes == 0) {
		memory_bytes = os_memory_bytes() / 4;
		memory_bytes = memory_bytes < least ? least : memory_bytes > most ? most : memory_bytes;
	}
	lzma_mt options = {
		.flags = LZMA_CONCATENATED,
		.threads = cpus > THREADS_MAX ? THREADS_MAX : (uint32_t)cpus,
		.memlimit_threading = (uint64_t)memory_bytes,
		.memlimit_stop = (uint64_t)memory_bytes,
	};
	stream->allocator = &allocator;
	return lzma_stream_decoder_mt(stream, &options);
}

struct err *xz_open(struct stream *take_inner, const char *name, int64_t memory_bytes, struct stream **ret_stream)
{
	struct xz_stream *x = mem_alloc(sizeof(*x));

	x->base = (struct stream){xz_read, NULL, NULL, xz_close, take_inner};
	x->name = mem_strdup(name);
	pthread_mutex_init(&x->mutex, NULL);
	pthread_cond_init(&x->changed, NULL);
	for (int i = 0; i < RING; i++)
		x->ring[i] = mem_alloc(PIECE);
	lzma_ret status = start_decoder(&x->stream, memory_bytes);
	int errnum = status == LZMA_OK ? pthread_create(&x->thread, NULL, decode, x) : 0;
	if (status == LZMA_OK && errnum == 0) {
		*ret_stream = &x->base;
		return NULL;
	}
	struct err *e = status == LZMA_OK ? err_os(errnum, "cannot start a thread to unpack '%s'", name)
					  : lzma_error(x, status);
	xz_free(x);
	return e;
}

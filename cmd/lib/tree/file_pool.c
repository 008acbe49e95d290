#include "tree/file_pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/os.h"

/* Waking a thread costs as much as a small file does: some are handed over together. */
enum { BUFFERS = 32, TOGETHER = 8, THREADS_MAX = 8 };

struct worker {
	struct file_pool *pool;
	struct digest *digest; /* made before any fork: making one takes locks */
	pthread_t thread;
};

struct file_pool {
	int64_t mtime;
	char *free[BUFFERS]; /* the last one given back is the next one taken: it is still in a cache */
	size_t free_count;
	size_t made;                   /* buffers that exist, free or not */
	struct file_job jobs[BUFFERS]; /* a ring: put % BUFFERS is the next place */
	size_t put;
	size_t taken;
	size_t done;
	struct err *failure; /* the first one, not yet told */
	bool stop;
	struct worker workers[THREADS_MAX];
	size_t thread_count;
	size_t thread_max;
	pthread_mutex_t mutex;
	pthread_cond_t work;    /* there is a job, or an end */
	pthread_cond_t changed; /* a job is done */
};

struct file_pool *file_pool_new(int64_t mtime)
{
	struct file_pool *p = mem_alloc(sizeof(*p));
	int cpus = os_cpu_count();

	p->mtime = mtime;
	/* a single processor gains nothing from a second thread */
	p->thread_max = cpus < 2 ? 0 : cpus > THREADS_MAX ? THREADS_MAX : (size_t)cpus;
	for (size_t i = 0; i == 0 || i < p->thread_max; i++)
		p->workers[i] = (struct worker){.pool = p, .digest = digest_new(DIGEST_SHA256)};
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->changed, NULL);
	return p;
}

static struct err *failed(const struct file_job *job, int errnum, const char *what)
{
	return err_os(errnum, "cannot %s '%s'", what, job->path);
}

static struct err *work_off(const struct file_job *job, int64_t mtime, struct digest *digest)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)mtime}, {.tv_sec = (time_t)mtime}};

	digest_reset(digest);
	digest_add(digest, job->buffer, job->size);
	digest_hex(digest, job->ret_hex);
	struct err *e = fd_pwrite(job->fd, job->buffer, job->size, 0) ? NULL : failed(job, errno, "write");
	if (!e && futimens(job->fd, times) != 0)
		e = failed(job, errno, "set the time of");
	if (close(job->fd) != 0 && !e)
		e = failed(job, errno, "write");
	return e;
}

static void finish(struct file_pool *p, const struct file_job *job, struct err *take_e)
{
	p->free[p->free_count++] = job->buffer;
	p->done++;
	if (p->failure)
		err_free(take_e);
	else
		p->failure = take_e;
	pthread_cond_signal(&p->changed);
}

static void *run(void *argument)
{
	const struct worker *worker = argument;
	struct file_pool *p = worker->pool;

	pthread_mutex_lock(&p->mutex);
	for (;;) {
		while (p->taken == p->put && !p->stop)
			pthread_cond_wait(&p->work, &p->mutex);
		if (p->taken == p->put)
			break;
		struct file_job job = p->jobs[p->taken++ % BUFFERS];
		pthread_mutex_unlock(&p->mutex);
		struct err *e = work_off(&job, p->mtime, worker->digest);
		pthread_mutex_lock(&p->mutex);
		finish(p, &job, e);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

/* One more thread while there is more to do than threads to do it. */
static void start_thread(struct file_pool *p)
{
	struct worker *w = &p->workers[p->thread_count];

	if (p->thread_count < p->thread_max && p->put - p->done > TOGETHER * p->thread_count &&
	    pthread_create(&w->thread, NULL, run, w) == 0)
		p->thread_count++;
}

static struct err *take_failure(struct file_pool *p)
{
	struct err *e = p->failure;

	p->failure = NULL;
	return e;
}

char *file_pool_buffer(struct file_pool *p)
{
	char *buffer = NULL;

	pthread_mutex_lock(&p->mutex);
	if (p->free_count == 0 && p->made < BUFFERS) {
		p->made++;
		buffer = mem_alloc(FILE_POOL_BYTES);
	}
	if (!buffer && p->free_count == 0)
		pthread_cond_broadcast(&p->work);
	while (!buffer && p->free_count == 0)
		pthread_cond_wait(&p->changed, &p->mutex);
	if (!buffer)
		buffer = p->free[--p->free_count];
	pthread_mutex_unlock(&p->mutex);
	return buffer;
}

void file_pool_give_back(struct file_pool *p, char *buffer)
{
	pthread_mutex_lock(&p->mutex);
	p->free[p->free_count++] = buffer;
	pthread_mutex_unlock(&p->mutex);
}

struct err *file_pool_submit(struct file_pool *p, const struct file_job *job)
{
	pthread_mutex_lock(&p->mutex);
	p->jobs[p->put++ % BUFFERS] = *job;
	start_thread(p);
	if ((p->put - p->taken) % TOGETHER == 0)
		pthread_cond_signal(&p->work);
	if (p->thread_count == 0) {
		p->taken++;
		finish(p, job, work_off(job, p->mtime, p->workers[0].digest));
	}
	struct err *e = take_failure(p);
	pthread_mutex_unlock(&p->mutex);
	return e;
}

struct err *file_pool_wait(struct file_pool *p)
{
	pthread_mutex_lock(&p->mutex);
	pthread_cond_broadcast(&p->work);
	while (p->done < p->put)
		pthread_cond_wait(&p->changed, &p->mutex);
	struct err *e = take_failure(p);
	pthread_mutex_unlock(&p->mutex);
	return e;
}

struct file_pool *file_pool_free(struct file_pool *p)
{
	if (!p)
		return NULL;
	pthread_mutex_lock(&p->mutex);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->mutex);
	for (size_t i = 0; i < p->thread_count; i++)
		pthread_join(p->workers[i].thread, NULL);
	for (size_t i = 0; i < p->free_count; i++)
		free(p->free[i]);
	for (size_t i = 0; i < THREADS_MAX; i++)
		digest_free(p->workers[i].digest);
	err_free(p->failure);
	pthread_mutex_destroy(&p->mutex);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->changed);
	free(p);
	return NULL;
}

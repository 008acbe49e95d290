/*
 * file_pool.h - small files are digested, written and closed by threads, beside the one that reads the archive
 *
 * The reader fills a buffer of the pool and hands it over with the open file. There are as many buffers as files may be
 * under way: who has none free waits, so memory and descriptors are bounded. What goes wrong is told by a later call.
 *
 *	char *buffer = file_pool_buffer(p);
 *	...fill it...
 *	TRY(file_pool_submit(p, &(struct file_job){fd, buffer, size, path, hex}));
 *	TRY(file_pool_wait(p));
 *
 * Threads begin with the first file, so that a pool may be made before a fork and used after it. Used by one thread.
 */
#ifndef COOPER_TREE_FILE_POOL_H
#define COOPER_TREE_FILE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/digest.h"

enum { FILE_POOL_BYTES = 256 * 1024 /* of a buffer: larger files are no small ones */ };

struct file_pool;

struct file_job {
	int fd;           /* open for writing, empty; closed by the pool, always */
	char *buffer;     /* from file_pool_buffer(); given back */
	size_t size;      /* bytes in it */
	const char *path; /* for messages; borrowed until file_pool_wait() */
	char *ret_hex;    /* SHA256_HEX bytes, for the digest; filled when file_pool_wait() returns */
};

/** file_pool_new() - @mtime in seconds since 1970 for every file */
struct file_pool *file_pool_new(int64_t mtime);
/** file_pool_free() - after what was handed over is done; NULL is fine; returns NULL */
struct file_pool *file_pool_free(struct file_pool *p);
/** file_pool_buffer() - FILE_POOL_BYTES to fill; waits for one; file_pool_give_back() when there is nothing to submit
 */
char *file_pool_buffer(struct file_pool *p);
void file_pool_give_back(struct file_pool *p, char *buffer);
/** file_pool_submit() - OS for an earlier file; this one is written all the same */
MUST_CHECK struct err *file_pool_submit(struct file_pool *p, const struct file_job *job);
/** file_pool_wait() - until every file is written; OS for the first one that was not */
MUST_CHECK struct err *file_pool_wait(struct file_pool *p);

#endif

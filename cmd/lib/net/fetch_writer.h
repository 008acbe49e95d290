/*
 * fetch_writer.h - bytes to a file and through its digests, beside the thread that receives them
 *
 * Small files never see a second thread: it starts when the first buffer is full. The kernel is asked to begin
 * writing each buffer back at once, so that the flush at the end finds little to do.
 *
 *	struct writer *w = writer_new(fd, path, sha256, sha512, true);
 *	TRY(writer_add(w, data, size)) ...; TRY(writer_flush(w)); ... now the digests may be asked; writer_free(w)
 */
#ifndef COOPER_NET_FETCH_WRITER_H
#define COOPER_NET_FETCH_WRITER_H

#include "base/err.h"
#include "fmt/digest.h"

struct writer;

/**
 * writer_new() - append to @fd from where it stands
 * @path:            for messages; borrowed, like everything here
 * @sha256, @sha512: fed with the same bytes; NULL = none; not to be touched between writer_add() and writer_flush()
 * @early:           the bytes begin their way to the disk as they come, since the file will be flushed
 */
struct writer *writer_new(int fd, const char *path, struct digest *sha256, struct digest *sha512, bool early);
/** writer_free() - what was not flushed is lost; takes NULL and returns NULL */
struct writer *writer_free(struct writer *w);
/** writer_add() - take @size bytes; an error may be one of earlier bytes */
MUST_CHECK struct err *writer_add(struct writer *w, const void *data, size_t size);
/** writer_flush() - until everything is with the kernel, and digested; the first error there was */
MUST_CHECK struct err *writer_flush(struct writer *w);

#endif

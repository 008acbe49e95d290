#include "fmt/stream.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cancel.h"

enum { CHUNK = 256 * 1024 };

struct file_stream {
	struct stream base; /* first: a pointer to one is a pointer to the other */
	int fd;
	int64_t offset;
	_Atomic int64_t furthest;
	char *name;
	char *buffer;
};

static struct err *file_read_piece(struct stream *s, const void **ret_data, size_t *ret_size)
{
	struct file_stream *f = (struct file_stream *)s;
	ssize_t n;

	TRY(cancel_check());
	do
		n = pread(f->fd, f->buffer, CHUNK, (off_t)f->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_os(errno, "cannot read '%s'", f->name);
	f->offset += n;
	if (f->offset > atomic_load(&f->furthest))
		atomic_store(&f->furthest, f->offset);
	*ret_data = f->buffer;
	*ret_size = (size_t)n;
	return NULL;
}

static int64_t file_seek(struct stream *s, int64_t offset, int whence)
{
	struct file_stream *f = (struct file_stream *)s;
	int64_t base = whence == SEEK_CUR ? f->offset : whence == SEEK_END ? lseek(f->fd, 0, SEEK_END) : 0;

	if (base < 0 || __builtin_add_overflow(base, offset, &base) || base < 0)
		return -1;
	return f->offset = base;
}

static int64_t file_consumed(struct stream *s)
{
	return atomic_load(&((struct file_stream *)s)->furthest);
}

static void file_close(struct stream *s)
{
	struct file_stream *f = (struct file_stream *)s;

	close(f->fd);
	free(f->name);
	free(f->buffer);
	free(f);
}

struct stream *stream_file(int take_fd, const char *name)
{
	struct file_stream *f = mem_alloc(sizeof(*f));

	f->base = (struct stream){file_read_piece, file_seek, file_consumed, file_close, NULL};
	f->fd = take_fd;
	f->name = mem_strdup(name);
	f->buffer = mem_alloc(CHUNK);
	return &f->base;
}

int64_t stream_consumed(struct stream *s)
{
	while (!s->consumed)
		s = s->inner;
	return s->consumed(s);
}

struct stream *stream_close(struct stream *s)
{
	if (s)
		s->close(s);
	return NULL;
}

void stream_close_at(struct stream **p)
{
	*p = stream_close(*p);
}

#include "fmt/gzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PIECE = 256 << 10, GZIP_ONLY = 16 };

struct gzip_stream {
	struct stream base;
	char *name;
	z_stream z;
	unsigned char *piece;
	bool between; /* members: at the end of one */
	bool ended;
};

bool gzip_magic(const void *start, size_t size)
{
	return size >= 3 && memcmp(start, "\x1f\x8b\x08", 3) == 0;
}

/* More input; *ret_none at its end. */
static struct err *feed(struct gzip_stream *g, bool *ret_none)
{
	const void *data = NULL;
	size_t size = 0;

	if (g->z.avail_in == 0) {
		TRY(g->base.inner->read(g->base.inner, &data, &size));
		g->z.next_in = (unsigned char *)data;
		g->z.avail_in = (unsigned)size;
	}
	*ret_none = g->z.avail_in == 0;
	return NULL;
}

/* Begin the next member, if what follows looks like one. */
static struct err *next_member(struct gzip_stream *g)
{
	bool none = false;

	TRY(feed(g, &none));
	if (none || g->z.next_in[0] != 0x1f) {
		g->ended = true;
		return NULL;
	}
	g->between = false;
	return inflateReset(&g->z) == Z_OK ? NULL : err_new(ERR_CORRUPT, "'%s' is damaged", g->name);
}

static struct err *gzip_read(struct stream *s, const void **ret_data, size_t *ret_size)
{
	struct gzip_stream *g = (struct gzip_stream *)s;

	g->z.next_out = g->piece;
	g->z.avail_out = PIECE;
	while (g->z.avail_out > 0 && !g->ended) {
		bool none = false;

		if (g->between) {
			TRY(next_member(g));
			continue;
		}
		TRY(feed(g, &none));
		if (none)
			return err_new(ERR_CORRUPT, "'%s' is truncated", g->name);
		int status = inflate(&g->z, Z_NO_FLUSH);
		if (status == Z_STREAM_END)
			g->between = true;
		else if (status != Z_OK && status != Z_BUF_ERROR)
			return err_new(ERR_CORRUPT, "'%s' is damaged: %s", g->name, g->z.msg ? g->z.msg : "not .gz");
	}
	*ret_data = g->piece;
	*ret_size = PIECE - g->z.avail_out;
	return NULL;
}

static void gzip_close(struct stream *s)
{
	struct gzip_stream *g = (struct gzip_stream *)s;

	inflateEnd(&g->z);
	stream_close(g->base.inner);
	free(g->piece);
	free(g->name);
	free(g);
}

struct err *gzip_open(struct stream *take_inner, const char *name, struct stream **ret_stream)
{
	struct gzip_stream *g = mem_alloc(sizeof(*g));

	g->base = (struct stream){gzip_read, NULL, NULL, gzip_close, take_inner};
	g->name = mem_strdup(name);
	g->piece = mem_alloc(PIECE);
	if (inflateInit2(&g->z, MAX_WBITS + GZIP_ONLY) != Z_OK)
		mem_exhausted();
	*ret_stream = &g->base;
	return NULL;
}

bool zlib_inflate(const void *packed, size_t packed_size, void *ret_bytes, size_t size)
{
	uLongf got = size;

	return uncompress(ret_bytes, &got, packed, packed_size) == Z_OK && got == size;
}

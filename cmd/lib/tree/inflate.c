#include "tree/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cancel.h"
#include "fmt/archive.h"
#include "fmt/packing.h"
#include "sys/file.h"
#include "sys/tick.h"

enum { BLOCK = 4096, PROGRESS_MS = 100 };

/* ---- a stream that digests what passes */

struct tee_stream {
	struct stream base;
	struct digest *digest; /* NULL = not wanted */
};

static struct err *tee_read(struct stream *s, const void **ret_data, size_t *ret_size)
{
	struct tee_stream *t = (struct tee_stream *)s;

	TRY(s->inner->read(s->inner, ret_data, ret_size));
	if (t->digest)
		digest_add(t->digest, *ret_data, *ret_size);
	return NULL;
}

static void tee_close(struct stream *s)
{
	(void)s; /* embedded in the inflating; it outlives the decoders so that the rest can be digested */
}

/* ---- inflating */

struct inflating {
	const char *src;
	const char *dst;
	const char *packing;
	const struct inflate_options *options;
	const char *step;
	struct sink *sink;
	struct tee_stream tee;
	struct digest *digest; /* of what comes out */
	int64_t packed_total;
	int64_t size;
	int64_t told_ms;
	int fd;
};

static bool is_zero(const char *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static struct err *write_at(struct inflating *f, const char *p, size_t size, int64_t offset)
{
	return fd_pwrite(f->fd, p, size, offset) ? NULL : err_os(errno, "cannot write '%s'", f->dst);
}

/* Write @data at the end so far, leaving out blocks of zeros. */
static struct err *write_sparse(struct inflating *f, const char *data, size_t size)
{
	size_t start = 0; /* of what is not zero and not written yet */
	size_t at = 0;

	while (at < size) {
		size_t n = BLOCK - (size_t)((f->size + (int64_t)at) % BLOCK);

		n = n < size - at ? n : size - at;
		if (is_zero(data + at, n)) {
			TRY(write_at(f, data + start, at - start, f->size + (int64_t)start));
			start = at + n;
		}
		at += n;
	}
	TRY(write_at(f, data + start, at - start, f->size + (int64_t)start));
	f->size += (int64_t)size;
	return NULL;
}

static struct err *copy_all(struct inflating *f, struct stream *decoded)
{
	int64_t most = f->options->max_bytes ? f->options->max_bytes : 64LL << 30;

	for (;;) {
		const void *data = NULL;
		size_t size = 0;

		TRY(decoded->read(decoded, &data, &size));
		if (size == 0)
			break;
		if ((int64_t)size > most - f->size)
			return err_new(ERR_CORRUPT, "it unpacks to more than %lld bytes", (long long)most);
		digest_add(f->digest, data, size);
		TRY(write_sparse(f, data, size));
		if (tick_ms() - f->told_ms >= PROGRESS_MS) {
			f->told_ms = tick_ms();
			event_progress(f->sink, f->step, stream_consumed(decoded), f->packed_total, "B");
		}
		TRY(cancel_check());
	}
	if (f->size == 0)
		return err_new(ERR_CORRUPT, "it unpacks to nothing");
	return ftruncate(f->fd, (off_t)f->size) == 0 ? NULL : err_os(errno, "cannot write '%s'", f->dst);
}

static struct err *compare(const char *what, const char *expected, const char *got)
{
	if (!expected || streq(expected, got))
		return NULL;
	const char *kind = digest_kind_of(expected) == DIGEST_SHA512 ? "SHA-512" : "SHA-256";
	return err_hint(err_new(ERR_CORRUPT, "%s has %s %s, expected %s", what, kind, got, expected),
			"the download is damaged or the recipe names another file");
}

/* The digest of the packed file is over all of it, also what the decoder had no need to read. */
static struct err *check_packed(struct inflating *f)
{
	char hex[DIGEST_HEX_MAX];
	const void *data;
	size_t size = 1;

	while (size > 0)
		TRY(tee_read(&f->tee.base, &data, &size));
	digest_hex(f->tee.digest, hex);
	return compare("the compressed file", f->options->packed_digest, hex);
}

static struct err *inflate_to_fd(struct inflating *f, char ret_hex[SHA256_HEX])
{
	struct stream *decoded = NULL;

	TRY(raw_open(&f->tee.base, f->src, f->packing, f->options->memory_bytes, &decoded));
	struct err *e = copy_all(f, decoded);
	stream_close(decoded);
	TRY(e);
	digest_hex(f->digest, ret_hex);
	if (f->options->packed_digest)
		TRY(check_packed(f));
	return compare("the unpacked data", f->options->sha256, ret_hex);
}

static struct err *find_packing(const struct inflate_options *o, int fd, const char **ret_packing)
{
	const char *dot = o->format ? strrchr(o->format, '.') : NULL;
	char start[8];

	*ret_packing = dot ? dot + 1 : "none";
	if (o->format)
		return NULL;
	ssize_t n = pread(fd, start, sizeof(start), 0);
	if (n < 0)
		return err_os(errno, "cannot read it");
	*ret_packing = packing_of(start, (size_t)n);
	return NULL;
}

static struct err *open_files(struct inflating *f, char **ret_temp)
{
	int fd = open(f->src, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a writer would wait */
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_new(ERR_ABSENT, "it does not exist");
	if (fd < 0)
		return err_os(errno, "cannot open it");
	f->tee.base.inner = stream_file(fd, f->src);
	if (fstat(fd, &st) != 0)
		return err_os(errno, "cannot stat it");
	f->packed_total = st.st_size;
	if (S_ISFIFO(st.st_mode))
		return err_new(ERR_USAGE, "it is a pipe where a file is needed");
	TRY(find_packing(f->options, fd, &f->packing));
	return file_temp_open(f->dst, ret_temp, &f->fd);
}

struct err *inflate_image(const char *src, const char *dst, const struct inflate_options *o, const char *step,
			  struct sink *sink, char ret_sha256[SHA256_HEX])
{
	struct inflating f = {.src = src, .dst = dst, .options = o, .step = step, .sink = sink, .fd = -1};
	AUTO_FREE char *temp = NULL;
	char hex[SHA256_HEX];

	f.tee.base = (struct stream){tee_read, NULL, NULL, tee_close, NULL};
	f.tee.digest = o->packed_digest ? digest_new(digest_kind_of(o->packed_digest)) : NULL;
	f.digest = digest_new(DIGEST_SHA256);
	struct err *e = open_files(&f, &temp);
	if (!e)
		e = inflate_to_fd(&f, hex);
	if (f.fd >= 0)
		e = file_temp_commit(f.fd, temp, dst, 0644, e);
	stream_close(f.tee.base.inner);
	digest_free(f.tee.digest);
	digest_free(f.digest);
	if (e)
		return err_wrap(e, "cannot unpack '%s'", src);
	if (ret_sha256)
		memcpy(ret_sha256, hex, SHA256_HEX);
	return NULL;
}

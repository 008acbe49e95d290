#include "fmt/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/cancel.h"
#include "base/units.h"
#include "sys/beneath.h"
#include "sys/file.h"

struct digest {
	EVP_MD_CTX *context;
};

static const struct {
	const char *name;
	size_t digits;
	const EVP_MD *(*algorithm)(void);
} kinds[] = {
	[DIGEST_SHA256] = {"sha256", 64, EVP_sha256},
	[DIGEST_SHA512] = {"sha512", 128, EVP_sha512},
	[DIGEST_SHA1] = {"sha1", 40, EVP_sha1},
};

struct digest *digest_new(enum digest_kind kind)
{
	struct digest *d = mem_alloc(sizeof(*d));

	d->context = EVP_MD_CTX_new();
	if (!d->context)
		mem_exhausted();
	if (EVP_DigestInit_ex(d->context, kinds[kind].algorithm(), NULL) != 1)
		bug("the cryptography library lacks a digest");
	return d;
}

struct digest *digest_free(struct digest *d)
{
	if (d)
		EVP_MD_CTX_free(d->context);
	free(d);
	return NULL;
}

void digest_add(struct digest *d, const void *bytes, size_t size)
{
	if (size > 0 && EVP_DigestUpdate(d->context, bytes, size) != 1)
		bug("digest update failed");
}

void digest_reset(struct digest *d)
{
	if (EVP_DigestInit_ex(d->context, NULL, NULL) != 1)
		bug("digest reset failed");
}

static void digest_hex_of(const unsigned char *bytes, size_t size, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		ret_hex[2 * i] = digits[bytes[i] >> 4];
		ret_hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_hex[2 * size] = '\0';
}

void digest_hex(struct digest *d, char *ret_hex)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (EVP_DigestFinal_ex(d->context, bytes, &size) != 1)
		bug("digest final failed");
	digest_hex_of(bytes, size, ret_hex);
}

void digest_bytes(const void *bytes, size_t size, char ret_hex[SHA256_HEX])
{
	struct digest *d = digest_new(DIGEST_SHA256);

	digest_add(d, bytes, size);
	digest_hex(d, ret_hex);
	digest_free(d);
}

static struct err *too_large(const char *path, int64_t max)
{
	AUTO(str) size = STR_INIT;

	str_add_size(&size, max);
	return err_hint(err_new(ERR_USAGE, "'%s' is larger than %s, which is more than may lie beside a recipe", path,
				str_text(&size)),
			"share its folder with `mounts:`, or have it downloaded");
}

struct err *digest_fd(struct digest *d, int fd, const char *path, int64_t max, int64_t *ret_size)
{
	enum { CHUNK = 256 * 1024 };
	AUTO_FREE char *buffer = mem_alloc(CHUNK);
	int64_t total = 0;
	ssize_t got = 0;
	struct stat st;

	/* what grows while it is read, too */
	bool fits = !max || fstat(fd, &st) != 0 || st.st_size <= max;
	while (fits && (got = fd_read(fd, buffer, CHUNK)) > 0) {
		digest_add(d, buffer, (size_t)got);
		total += got;
		fits = !max || total <= max;
		TRY(cancel_check());
	}
	if (!fits)
		return too_large(path, max);
	if (got < 0)
		return err_os(errno, "cannot read '%s'", path);
	if (ret_size)
		*ret_size = total;
	return NULL;
}

struct err *digest_file(const char *path, char ret_hex[SHA256_HEX], int64_t *ret_size)
{
	return digest_file_as(DIGEST_SHA256, path, ret_hex, ret_size);
}

struct err *digest_file_as(enum digest_kind kind, const char *path, char *ret_hex, int64_t *ret_size)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a writer would wait */
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_new(ERR_ABSENT, "'%s' does not exist", path);
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_os(errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_new(ERR_CORRUPT, "'%s' is %s where a file has to be", path,
			       S_ISDIR(st.st_mode) ? "a folder" : "a pipe or a device");
	struct digest *d = digest_new(kind);
	struct err *e = digest_fd(d, fd, path, /* max= */ 0, ret_size);
	if (!e)
		digest_hex(d, ret_hex);
	digest_free(d);
	return e;
}

struct err *digest_beneath(const char *dir, const char *path, char ret_hex[SHA256_HEX], int *ret_fd)
{
	AUTO_CLOSE int fd = -1;

	TRY(beneath_open(dir, path, &fd, NULL));
	struct digest *d = digest_new(DIGEST_SHA256);
	struct err *e = digest_fd(d, fd, path, BENEATH_MAX_BYTES, NULL);
	if (!e)
		digest_hex(d, ret_hex);
	digest_free(d);
	TRY(e);
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_os(errno, "cannot read '%s' again", path);
	if (!ret_fd)
		return NULL;
	*ret_fd = fd;
	fd = -1;
	return NULL;
}

bool digest_valid(enum digest_kind kind, const char *hex)
{
	size_t want = kinds[kind].digits;

	return hex && strlen(hex) == want && strspn(hex, "0123456789abcdef") == want;
}

enum digest_kind digest_kind_of(const char *hex)
{
	return strlen(hex) == DIGEST_HEX_MAX - 1 ? DIGEST_SHA512 : DIGEST_SHA256;
}

const char *digest_kind_name(enum digest_kind kind)
{
	return kinds[kind].name;
}

bool digest_is(const char *text)
{
	return text && digest_valid(digest_kind_of(text), text);
}

struct err *digest_differs(enum digest_kind kind, const char *want, const char *found)
{
	return err_hint(
		err_new(ERR_CORRUPT, "digest differs: expected %s %s, found %s", digest_kind_name(kind), want, found),
		"nothing was stored; if the publisher replaced the file, review the new one and update its digest: in "
		"the recipe, or with `cooper update` where cooper.lock pins it");
}

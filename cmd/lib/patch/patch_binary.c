/*
 * Binary hunks of git: base85 rows around a zlib stream that holds the file or a delta to it.
 * https://git-scm.com/docs/diff-format (layout), https://git-scm.com/docs/pack-format (delta)
 */
#include <stdlib.h>
#include <string.h>

#include "fmt/digest.h"
#include "fmt/gzip.h"
#include "patch/patch_scan.h"
#include "patch/patch_set.h"

/* Value of each base85 digit, or -1. The alphabet of git, not of RFC 1924's order. */
static int digit_value(char c)
{
	static const char digits[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
	const char *p = c ? strchr(digits, c) : NULL;
	return p ? (int)(p - digits) : -1;
}

static bool decode_row(const char *p, size_t len, struct str *out)
{
	if (len < 6 || len % 5 != 1)
		return false;
	size_t bytes = p[0] >= 'A' && p[0] <= 'Z'   ? (size_t)(p[0] - 'A') + 1
		       : p[0] >= 'a' && p[0] <= 'z' ? (size_t)(p[0] - 'a') + 27
						    : 0;
	if (!bytes || (bytes + 3) / 4 != len / 5)
		return false;
	for (p++; bytes > 0; p += 5) {
		uint64_t value = 0;
		for (int i = 0; i < 5; i++) {
			int digit = digit_value(p[i]);
			if (digit < 0)
				return false;
			value = value * 85 + (uint64_t)digit;
		}
		if (value > UINT32_MAX)
			return false;
		for (int shift = 24; shift >= 0 && bytes > 0; shift -= 8, bytes--)
			str_add_char(out, (char)(value >> shift & 0xff));
	}
	return true;
}

struct err *patch_binary_unpack(const struct patch_binary *b, char **ret_data)
{
	AUTO(str) packed = STR_INIT;
	struct patch_scan s = patch_scan_of(&(struct patch_input){.text = b->text, .size = b->text_size});
	for (struct patch_row row; patch_next(&s, &row);) {
		patch_row_trim(&row);
		if (!decode_row(row.text, row.len, &packed))
			return err_new(ERR_CORRUPT, "its binary data is damaged (base85)");
	}
	/* A deflate stream cannot grow more than 1032-fold: a size beyond that is a lie, not worth the memory. */
	if (b->size / 1032 > packed.len)
		return err_new(ERR_CORRUPT, "its binary data is shorter than declared");
	AUTO_FREE char *data = mem_alloc(b->size + 1);
	if (!zlib_inflate(str_text(&packed), packed.len, data, b->size))
		return err_new(ERR_CORRUPT, "its binary data is damaged (zlib)");
	*ret_data = TAKE(data);
	return NULL;
}

/* A size of 7-bit groups, lowest first. */
static bool delta_size(const unsigned char **p, const unsigned char *end, size_t *ret)
{
	size_t value = 0;
	for (unsigned shift = 0; *p < end && shift <= 28; shift += 7) {
		unsigned char c = *(*p)++;
		value |= (size_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*ret = value;
			return value <= PATCH_FILE_MAX;
		}
	}
	return false;
}

/* Offset and length of a copy instruction: the bits of @op say which of their bytes follow. */
static bool delta_copy(unsigned op, const unsigned char **p, const unsigned char *end, size_t *ret_at, size_t *ret_len)
{
	size_t at = 0, len = 0;
	for (unsigned i = 0; i < 7; i++) {
		if (!(op & (1u << i)))
			continue;
		if (*p == end)
			return false;
		if (i < 4)
			at |= (size_t) * (*p)++ << (8 * i);
		else
			len |= (size_t) * (*p)++ << (8 * (i - 4));
	}
	*ret_at = at;
	*ret_len = len ? len : 0x10000;
	return true;
}

static bool run_delta(const unsigned char *p, const unsigned char *end, const char *base, size_t base_size, char *out,
		      size_t size)
{
	size_t done = 0;
	while (p < end) {
		unsigned op = *p++;
		size_t at = 0, len = op;
		const char *from = (const char *)p;
		if (op & 0x80) {
			if (!delta_copy(op, &p, end, &at, &len) || at > base_size || len > base_size - at)
				return false;
			from = base + at;
		} else if (!op || len > (size_t)(end - p)) {
			return false;
		} else {
			p += len;
		}
		if (len > size - done)
			return false;
		memcpy(out + done, from, len);
		done += len;
	}
	return done == size;
}

struct err *patch_binary_delta(const char *delta, size_t size, const char *base, size_t base_size, char **ret_data,
			       size_t *ret_size)
{
	const unsigned char *p = (const unsigned char *)delta;
	const unsigned char *end = p + size;
	size_t from_size = 0, to_size = 0;
	if (!delta_size(&p, end, &from_size) || !delta_size(&p, end, &to_size) || to_size > PATCH_BINARY_MAX)
		return err_new(ERR_CORRUPT, "its binary data is damaged (delta)");
	if (from_size != base_size)
		return err_new(ERR_CORRUPT, "its binary data was made for a file of %zu bytes, here are %zu", from_size,
			       base_size);
	AUTO_FREE char *data = mem_alloc(to_size + 1);
	if (!run_delta(p, end, base, base_size, data, to_size))
		return err_new(ERR_CORRUPT, "its binary data is damaged (delta)");
	*ret_data = TAKE(data);
	*ret_size = to_size;
	return NULL;
}

bool patch_blob_is(const char *id, const char *data, size_t size)
{
	struct digest *d = digest_new(strlen(id) > 40 ? DIGEST_SHA256 : DIGEST_SHA1);
	AUTO(str) header = STR_INIT;
	char hex[DIGEST_HEX_MAX];
	str_addf(&header, "blob %zu", size);
	digest_add(d, header.data, header.len + 1);
	digest_add(d, data, size);
	digest_hex(d, hex);
	digest_free(d);
	return strncmp(hex, id, strlen(id)) == 0;
}

/*
 * Inflate (RFC 1951) in its zlib wrapping (RFC 1950), whole buffer to whole buffer: the binary hunks of a git diff
 * are small and say their size, so a streaming library would be a dependency for nothing.
 */
#include <string.h>

#include "patch/patch_set.h"

enum { CODE_BITS = 15, LITERALS = 288, DISTANCES = 32, END_OF_BLOCK = 256 };

struct bits {
	const unsigned char *in;
	size_t size, at;
	uint32_t hold;
	unsigned held;
	bool bad; /* read past the end */
};

struct output {
	unsigned char *data;
	size_t size, at;
};

/* Canonical Huffman code: how many codes of each length, and the symbols in code order. */
struct code {
	uint16_t counts[CODE_BITS + 1];
	uint16_t symbols[LITERALS];
};

static unsigned take(struct bits *b, unsigned n)
{
	while (b->held < n) {
		if (b->at == b->size) {
			b->bad = true;
			return 0;
		}
		b->hold |= (uint32_t)b->in[b->at++] << b->held;
		b->held += 8;
	}
	unsigned value = b->hold & ((1u << n) - 1);
	b->hold >>= n;
	b->held -= n;
	return value;
}

/* Codes from lengths; false when over-subscribed, or incomplete with more than one code. */
static bool make_code(struct code *c, const uint8_t *lengths, unsigned count)
{
	uint16_t offsets[CODE_BITS + 1] = {0};
	*c = (struct code){0};
	for (unsigned i = 0; i < count; i++)
		c->counts[lengths[i]]++;
	unsigned used = count - c->counts[0];
	int left = 1;
	for (unsigned i = 1; i <= CODE_BITS; i++) {
		left = left * 2 - c->counts[i];
		if (left < 0)
			return false;
		if (i < CODE_BITS)
			offsets[i + 1] = (uint16_t)(offsets[i] + c->counts[i]);
	}
	for (unsigned i = 0; i < count; i++)
		if (lengths[i])
			c->symbols[offsets[lengths[i]]++] = (uint16_t)i;
	c->counts[0] = 0;
	return left == 0 || used <= 1;
}

static int decode(struct bits *b, const struct code *c)
{
	int code = 0, first = 0, index = 0;
	for (unsigned len = 1; len <= CODE_BITS && !b->bad; len++) {
		code |= (int)take(b, 1);
		int count = c->counts[len];
		if (code - count < first)
			return c->symbols[index + code - first];
		index += count;
		first = (first + count) * 2;
		code *= 2;
	}
	return -1;
}

static bool copy_match(struct output *o, size_t distance, size_t len)
{
	if (distance > o->at || len > o->size - o->at)
		return false;
	for (; len > 0; len--, o->at++)
		o->data[o->at] = o->data[o->at - distance];
	return true;
}

static bool inflate_match(struct bits *b, struct output *o, int symbol, const struct code *distances)
{
	static const uint16_t len_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
					    31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
	static const uint8_t len_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					    2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
	static const uint16_t dist_base[] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
					     33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
					     1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
	symbol -= END_OF_BLOCK + 1;
	if (symbol >= (int)ARRAY_LEN(len_base))
		return false;
	size_t len = len_base[symbol] + take(b, len_extra[symbol]);
	int d = decode(b, distances);
	if (d < 0 || d >= (int)ARRAY_LEN(dist_base))
		return false;
	size_t distance = dist_base[d] + take(b, d < 4 ? 0 : (unsigned)d / 2 - 1);
	return !b->bad && copy_match(o, distance, len);
}

static bool inflate_codes(struct bits *b, struct output *o, const struct code *literals, const struct code *distances)
{
	for (;;) {
		int symbol = decode(b, literals);
		if (symbol < 0 || b->bad)
			return false;
		if (symbol == END_OF_BLOCK)
			return true;
		if (symbol > END_OF_BLOCK) {
			if (!inflate_match(b, o, symbol, distances))
				return false;
		} else if (o->at == o->size) {
			return false;
		} else {
			o->data[o->at++] = (unsigned char)symbol;
		}
	}
}

static bool inflate_stored(struct bits *b, struct output *o)
{
	b->hold = 0;
	b->held = 0;
	if (b->size - b->at < 4)
		return false;
	const unsigned char *p = b->in + b->at;
	size_t len = (size_t)p[0] | (size_t)p[1] << 8;
	size_t check = (size_t)p[2] | (size_t)p[3] << 8;
	b->at += 4;
	if (len != (~check & 0xffff) || len > b->size - b->at || len > o->size - o->at)
		return false;
	if (len)
		memcpy(o->data + o->at, b->in + b->at, len);
	b->at += len;
	o->at += len;
	return true;
}

static bool inflate_fixed(struct bits *b, struct output *o)
{
	struct code literals, distances;
	uint8_t lengths[LITERALS];
	for (unsigned i = 0; i < LITERALS; i++)
		lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	if (!make_code(&literals, lengths, LITERALS))
		return false;
	memset(lengths, 5, DISTANCES);
	return make_code(&distances, lengths, DISTANCES) && inflate_codes(b, o, &literals, &distances);
}

/* The lengths of both codes, themselves run-length and Huffman coded. */
static bool read_lengths(struct bits *b, uint8_t *lengths, unsigned total)
{
	static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
	uint8_t own[19] = {0};
	struct code code;
	unsigned own_count = take(b, 4) + 4;
	for (unsigned i = 0; i < own_count; i++)
		own[order[i]] = (uint8_t)take(b, 3);
	if (b->bad || !make_code(&code, own, 19))
		return false;
	for (unsigned i = 0; i < total;) {
		int symbol = decode(b, &code);
		if (symbol < 0 || (symbol == 16 && i == 0))
			return false;
		uint8_t value = symbol < 16 ? (uint8_t)symbol : symbol == 16 ? lengths[i - 1] : 0;
		unsigned run = symbol < 16    ? 1
			       : symbol == 16 ? 3 + take(b, 2)
			       : symbol == 17 ? 3 + take(b, 3)
					      : 11 + take(b, 7);
		if (b->bad || run > total - i)
			return false;
		memset(lengths + i, value, run);
		i += run;
	}
	return lengths[END_OF_BLOCK] != 0;
}

static bool inflate_dynamic(struct bits *b, struct output *o)
{
	struct code literals, distances;
	uint8_t lengths[LITERALS + DISTANCES] = {0};
	unsigned literal_count = take(b, 5) + 257;
	unsigned distance_count = take(b, 5) + 1;
	if (b->bad || literal_count > 286 || distance_count > 30)
		return false;
	return read_lengths(b, lengths, literal_count + distance_count) &&
	       make_code(&literals, lengths, literal_count) &&
	       make_code(&distances, lengths + literal_count, distance_count) &&
	       inflate_codes(b, o, &literals, &distances);
}

static uint32_t adler32(const unsigned char *p, size_t size)
{
	uint32_t a = 1, b = 0;
	while (size > 0) {
		size_t n = size < 5552 ? size : 5552; /* as many as fit before b overflows */
		size -= n;
		for (; n > 0; n--) {
			a += *p++;
			b += a;
		}
		a %= 65521;
		b %= 65521;
	}
	return b << 16 | a;
}

bool patch_inflate(const unsigned char *in, size_t in_size, unsigned char *out, size_t size)
{
	if (in_size < 6 || (in[0] & 0x0f) != 8 || (in[1] & 0x20) || ((unsigned)in[0] << 8 | in[1]) % 31)
		return false;
	struct bits b = {.in = in, .size = in_size, .at = 2};
	struct output o = {.data = out, .size = size};
	bool last = false;
	while (!last) {
		last = take(&b, 1);
		unsigned type = take(&b, 2);
		if (b.bad || type == 3)
			return false;
		if (!(type == 0 ? inflate_stored(&b, &o) : type == 1 ? inflate_fixed(&b, &o) : inflate_dynamic(&b, &o)))
			return false;
	}
	/* Whole bytes that were read ahead go back: the checksum follows the last block. */
	b.at -= b.held / 8;
	const unsigned char *sum = in + b.at;
	return o.at == size && in_size - b.at >= 4 &&
	       adler32(out, size) == ((uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3]);
}

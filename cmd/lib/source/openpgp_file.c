#include "source/openpgp_file.h"

#include <string.h>

#include "base/utf8.h"
#include "fmt/digest.h"

#define BLOCK_BEGIN "-----BEGIN PGP "
#define BLOCK_END "-----END PGP "
#define BLOCK_TAIL "-----"

/* Numbers of packets. */
enum { TAG_SIGNATURE = 2, TAG_SECRET = 5, TAG_PUBLIC = 6, TAG_SECRET_SUB = 7, TAG_USER_ID = 13, TAG_PUBLIC_SUB = 14 };

static const char *const block_names[] = {[OPENPGP_KEY] = "PUBLIC KEY BLOCK", [OPENPGP_SIGNATURE] = "SIGNATURE"};
static const char *const wanted_names[] = {
	[OPENPGP_KEY] = "OpenPGP public key", [OPENPGP_SIGNATURE] = "OpenPGP signature"};

/* --- what else it may be --- */

static const char export_hint[] = "export it again: gpg --armor --export FINGERPRINT";
static const char again_hint[] =
	"nothing was installed; run the same command again, which fetches the signature again; if that fails too, look "
	"at what its URL gives";
static const char detached_hint[] =
	"nothing was installed; `signature` needs the URL of a detached signature of this very file (gpg "
	"--detach-sign); where the project signs a list of checksums only, check that list and pin its digest";

struct guess {
	const char *what;
	const char *hint; /* NULL = the usual one of what was wanted */
};

/* By the line that begins a block, or the text, in this order. */
static const struct {
	const char *beginning;
	struct guess is;
} beginnings[] = {
	{BLOCK_BEGIN "PUBLIC KEY BLOCK", {"a public key", NULL}},
	{BLOCK_BEGIN "PRIVATE KEY BLOCK",
	 {"a private key",
	  "take it away from there, it is a secret; the public key is what gpg --armor --export gives"}},
	{BLOCK_BEGIN "SIGNED MESSAGE", {"a clear-signed text, with the signature inside", detached_hint}},
	{BLOCK_BEGIN "MESSAGE", {"a signed or encrypted message, not a detached signature", detached_hint}},
	{BLOCK_BEGIN "SIGNATURE", {"a detached signature", NULL}},
	{"-----BEGIN SSH", {"an SSH signature", NULL}},
	{"-----BEGIN ", {"a key or certificate of another kind (PEM)", NULL}},
	{"untrusted comment:", {"of minisign or signify", NULL}},
	{"ssh-", {"an SSH key", NULL}},
	{"<", {"a web page", "open its URL: the server may hand out a page in its place"}},
};

static bool looks_like_checksums(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF");
	return (digits == 32 || digits == 40 || digits == 64 || digits == 96 || digits == 128) &&
	       (text[digits] == ' ' || text[digits] == '\n' || text[digits] == '\r' || !text[digits]);
}

/* A line of @text that begins with @word; blanks before it count for nothing in the first line that has any text. */
static bool has_line(const char *text, const char *word)
{
	if (str_starts(text + strspn(text, " \t\r\n"), word))
		return true;
	for (const char *p = strchr(text, '\n'); p; p = strchr(p + 1, '\n'))
		if (str_starts(p + 1, word) && *word == '-')
			return true;
	return false;
}

static struct guess guess_text(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
		if (has_line(text, beginnings[i].beginning))
			return beginnings[i].is;
	if (looks_like_checksums(text))
		return (struct guess){"a list of checksums, without a signature", detached_hint};
	return (struct guess){"no OpenPGP data", NULL};
}

/* The number of the packet that begins with @first; 0 is none. */
static int tag_of(unsigned char first)
{
	if (!(first & 0x80))
		return 0;
	return first & 0x40 ? first & 0x3f : first >> 2 & 0x0f;
}

static struct guess guess_packet(unsigned char first)
{
	switch (tag_of(first)) {
	case TAG_SIGNATURE:
		return (struct guess){"a detached signature", NULL};
	case TAG_PUBLIC:
	case TAG_PUBLIC_SUB:
		return (struct guess){"a public key", NULL};
	case TAG_SECRET:
	case TAG_SECRET_SUB:
		return beginnings[1].is;
	case 1:
	case 3:
	case 4:
	case 8:
	case 9:
	case 11:
	case 18:
		return (struct guess){"a signed or encrypted message, not a detached signature", detached_hint};
	default:
		return (struct guess){"no OpenPGP data", NULL};
	}
}

static struct err *something_else(const char *data, size_t size, enum openpgp_kind wanted, const char *subject)
{
	struct guess is = {"empty", NULL};
	if (size >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0))
		is = (struct guess){"text in UTF-16", "save it as UTF-8, or get it again as it was"};
	else if (size > 0)
		is = str_starts(data, "-----") || (!memchr(data, '\0', size) && utf8_is_valid(data))
			     ? guess_text(data)
			     : guess_packet((unsigned char)data[0]);
	return err_hint(err_new(ERR_CORRUPT, "%s is %s: no complete %s", subject, is.what, wanted_names[wanted]), "%s",
			is.hint                 ? is.hint
			: wanted == OPENPGP_KEY ? export_hint
						: again_hint);
}

static struct err *not_whole(enum openpgp_kind wanted, const char *subject)
{
	return err_hint(
		err_new(ERR_CORRUPT, "%s is cut short or damaged: no complete %s", subject, wanted_names[wanted]), "%s",
		wanted == OPENPGP_KEY ? export_hint : again_hint);
}

/* --- armor --- */

static int sextet(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? memchr(digits, c, sizeof(digits) - 1) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* One line of base64; false when it is none. Bits that do not fill a byte wait in @bits for the next line. */
static bool add_base64(const char *line, size_t size, uint32_t *bits, int *have, struct str *bytes)
{
	while (size > 0 && line[size - 1] == '=')
		size--;
	for (size_t i = 0; i < size; i++) {
		int value = sextet(line[i]);
		if (value < 0)
			return false;
		*bits = *bits << 6 | (uint32_t)value;
		*have += 6;
		if (*have >= 8) {
			*have -= 8;
			str_add_char(bytes, (char)(*bits >> *have & 0xff));
		}
	}
	return true;
}

/* Next line of @*at, without its end; false at the end of the text. */
static bool next_line(const char **at, const char **ret_line, size_t *ret_size)
{
	if (!**at)
		return false;
	*ret_line = *at;
	*ret_size = strcspn(*at, "\n");
	*at += *ret_size + ((*at)[*ret_size] ? 1 : 0);
	while (*ret_size > 0 && strchr("\r\t ", (*ret_line)[*ret_size - 1]))
		--*ret_size;
	return true;
}

/* Whether a line is the first or the last one of a block called @name. */
static bool is_edge(const char *line, size_t size, const char *edge, const char *name)
{
	AUTO_FREE char *whole = mem_printf("%s%s%s", edge, name, BLOCK_TAIL);
	return size == strlen(whole) && memcmp(line, whole, size) == 0;
}

/* After its BEGIN line: headers up to an empty line, base64, perhaps "=" and a checksum, END. */
static bool add_block(const char **at, const char *name, struct str *bytes)
{
	const char *line = NULL;
	size_t size = 0;
	uint32_t bits = 0;
	int have = 0;
	bool in_body = false;
	while (next_line(at, &line, &size)) {
		if (is_edge(line, size, BLOCK_END, name))
			return in_body;
		if (!in_body) {
			in_body = size == 0;
			continue;
		}
		if (line[0] != '=' && !add_base64(line, size, &bits, &have, bytes))
			return false;
	}
	return false;
}

static struct err *unarmor_text(const char *text, enum openpgp_kind wanted, const char *subject, struct str *bytes)
{
	const char *at = text;
	const char *line = NULL;
	size_t length = 0;
	size_t blocks = 0;
	while (next_line(&at, &line, &length)) {
		if (length < strlen(BLOCK_BEGIN) || memcmp(line, BLOCK_BEGIN, strlen(BLOCK_BEGIN)) != 0)
			continue;
		if (!is_edge(line, length, BLOCK_BEGIN, block_names[wanted]))
			return something_else(line, strlen(line), wanted, subject);
		if (!add_block(&at, block_names[wanted], bytes))
			return not_whole(wanted, subject);
		blocks++;
	}
	return blocks ? NULL : something_else(text, strlen(text), wanted, subject);
}

/* --- packets --- */

struct packet {
	int tag;
	const unsigned char *body;
	size_t size;
};

/* Big-endian. */
static size_t number(const unsigned char *p, size_t bytes)
{
	size_t n = 0;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

/* Bytes of the length field of the packet at @p and what it says; 0 where that is cut or has no end of its own. */
static size_t length_of(const unsigned char *p, size_t size, size_t *ret_body)
{
	size_t field = 0;
	if (size < 2)
		return 0;
	if (!(p[0] & 0x40)) {
		field = (p[0] & 3) == 3 ? 0 : (size_t)1 << (p[0] & 3);
		if (!field || size < 1 + field)
			return 0;
		*ret_body = number(p + 1, field);
		return field;
	}
	field = p[1] < 192 ? 1 : p[1] < 224 ? 2 : p[1] == 255 ? 5 : 0;
	if (!field || size < 1 + field)
		return 0;
	*ret_body = field == 1 ? p[1] : field == 2 ? ((size_t)(p[1] - 192) << 8) + p[2] + 192 : number(p + 2, 4);
	return field;
}

/* Takes the first packet off @*bytes; false where there is no whole one. */
static bool next_packet(const unsigned char **bytes, size_t *size, struct packet *ret)
{
	size_t body = 0;
	size_t field = *size ? length_of(*bytes, *size, &body) : 0;
	if (!field || !tag_of(**bytes) || body > *size - 1 - field)
		return false;
	*ret = (struct packet){.tag = tag_of(**bytes), .body = *bytes + 1 + field, .size = body};
	*bytes = ret->body + body;
	*size -= 1 + field + body;
	return true;
}

struct err *openpgp_unarmor(const char *data, size_t size, enum openpgp_kind wanted, const char *subject,
			    struct str *bytes)
{
	static const char bom[] = "\xef\xbb\xbf";
	const unsigned char *at = (const unsigned char *)data;
	size_t left = size;
	struct packet first;
	bool is_wanted = size && tag_of(at[0]) == (wanted == OPENPGP_KEY ? TAG_PUBLIC : TAG_SIGNATURE);
	if (is_wanted && next_packet(&at, &left, &first)) {
		str_add_mem(bytes, data, size);
		return NULL;
	}
	bool is_text = size > 0 && !memchr(data, '\0', size);
	if (is_wanted && !(is_text && strstr(data, BLOCK_BEGIN)))
		return not_whole(wanted, subject);
	if (!is_text)
		return something_else(data, size, wanted, subject);
	if (size >= strlen(bom) && memcmp(data, bom, strlen(bom)) == 0)
		data += strlen(bom);
	return unarmor_text(data, wanted, subject, bytes);
}

/* Of version 4, which is SHA-1 over 0x99, the length in two bytes, and the packet. */
static void set_fingerprint(const struct packet *p, struct openpgp_key *key)
{
	const unsigned char head[] = {0x99, (unsigned char)(p->size >> 8), (unsigned char)p->size};
	char hex[DIGEST_HEX_MAX];
	struct digest *d = digest_new(DIGEST_SHA1);
	digest_add(d, head, sizeof(head));
	digest_add(d, p->body, p->size);
	digest_hex(d, hex);
	digest_free(d);
	size_t n = 0;
	for (; hex[n] && n + 1 < sizeof(key->fingerprint); n++)
		key->fingerprint[n] = (char)(hex[n] >= 'a' ? hex[n] - 'a' + 'A' : hex[n]);
	key->fingerprint[n] = '\0';
}

size_t openpgp_keys(const char *bytes, size_t size, struct openpgp_key *ret, size_t max)
{
	const unsigned char *at = (const unsigned char *)bytes;
	struct packet p;
	size_t count = 0;
	while (next_packet(&at, &size, &p)) {
		if (p.tag == TAG_USER_ID && count)
			ret[count - 1].has_user_id = true;
		if (p.tag != TAG_PUBLIC)
			continue;
		if (count == max)
			break;
		ret[count] = (struct openpgp_key){.made_s = p.size > 5 ? (int64_t)number(p.body + 1, 4) : 0};
		if (p.size > 5 && p.size <= UINT16_MAX && p.body[0] == 4)
			set_fingerprint(&p, &ret[count]);
		count++;
	}
	return count;
}

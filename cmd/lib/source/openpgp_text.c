#include "source/openpgp_text.h"

#include <string.h>

#include "base/units.h"

#define STATUS "[GNUPG:] "
#define ARMOR_BEGIN "-----BEGIN PGP "
#define ARMOR_KEY "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define ARMOR_END "-----END PGP PUBLIC KEY BLOCK-----"

/* --- status lines --- */

/* Words of VALIDSIG and ERRSIG, from 0 = the keyword. */
enum { VALID_SIGNER = 1, VALID_TIME = 3, VALID_HASH = 8, VALID_CLASS = 9, VALID_PRIMARY = 10 };
enum { ERR_KEY = 1, ERR_REASON = 6, ERR_SIGNER = 7 };

/* Everything that one run said. Borrowed from its lines. */
struct verdict {
	size_t signatures; /* however many the file has */
	size_t good;
	size_t valid;
	struct strs valid_words;
	struct strs error_words; /* of the first ERRSIG */
	const char *bad;         /* the first keyword that forbids, from the table below */
};

static void verdict_done(struct verdict *v)
{
	strs_done(&v->valid_words);
	strs_done(&v->error_words);
}

#define AGAIN                                                                                                          \
	"nothing was installed; run the same command again, which fetches the signature again; if that fails too, "    \
	"tell the project that signs"

/* Keywords that no good signature comes with. */
static const struct {
	const char *keyword;
	const char *meaning;
	const char *hint;
} refusals[] = {
	{"BADSIG", "is not valid: it belongs to another file", AGAIN},
	{"REVKEYSIG", "is by a key that was revoked",
	 "nothing was installed; its owner revoked the key: look for the project's new key"},
	{"EXPKEYSIG", "is by a key that has expired",
	 "nothing was installed; projects renew their keys: put the renewed key in place of the old file"},
	{"EXPSIG", "has expired", "nothing was installed; look for a newer release"},
	{"NODATA", "is not an OpenPGP signature", AGAIN},
	{"BADARMOR", "is damaged", AGAIN},
	{"ERRSIG", "cannot be checked", "nothing was installed; run `gpgv --version`: it may be too old for the key"},
};

static void note(struct verdict *v, const struct strs *words)
{
	const char *keyword = words->items[0];
	if (streq(keyword, "NEWSIG"))
		v->signatures++;
	if (streq(keyword, "GOODSIG"))
		v->good++;
	if (streq(keyword, "VALIDSIG") && v->valid++ == 0)
		strs_copy(&v->valid_words, words);
	if (streq(keyword, "ERRSIG") && v->error_words.count == 0)
		strs_copy(&v->error_words, words);
	for (size_t i = 0; i < ARRAY_LEN(refusals) && !v->bad; i++)
		if (streq(keyword, refusals[i].keyword))
			v->bad = refusals[i].keyword;
}

static void read_status(const char *status, struct verdict *v)
{
	AUTO(strs) lines = STRS_INIT;
	strs_split(&lines, status, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		AUTO(strs) words = STRS_INIT;
		if (!str_starts(lines.items[i], STATUS))
			continue;
		strs_split(&words, lines.items[i] + strlen(STATUS), " \r");
		if (words.count > 0)
			note(v, &words);
	}
}

static struct err *other_signer(const char *signer, const struct strs *fingerprints, const char *name)
{
	AUTO_FREE char *pinned = strs_join(fingerprints, " or ");
	return err_hint(err_new(ERR_CORRUPT, "'%s' is signed by the key %s and not by %s", name, signer, pinned),
			"nothing was installed; if the project has announced a new key, change `key` in the recipe");
}

/* By which key, where gpgv had none that fits. */
static struct err *unknown_signer(const struct verdict *v, const struct strs *fingerprints, const char *name)
{
	const struct strs *w = &v->error_words;
	AUTO_FREE char *signer = str_escape(w->count > ERR_SIGNER ? w->items[ERR_SIGNER] : w->items[ERR_KEY]);
	if (!strs_has(fingerprints, signer))
		return other_signer(signer, fingerprints, name);
	return err_hint(err_new(ERR_CORRUPT, "no key file for '%s' contains the key %s", name, signer),
			"nothing was installed; put the key of this fingerprint into recipes/keys/%s.asc", signer);
}

static struct err *refused(const struct verdict *v, const struct strs *fingerprints, const char *name)
{
	const struct strs *w = &v->error_words;
	size_t i = 0;
	if (streq(v->bad, "ERRSIG") && w->count > ERR_REASON && streq(w->items[ERR_REASON], "9"))
		return unknown_signer(v, fingerprints, name);
	while (!streq(refusals[i].keyword, v->bad))
		i++;
	return err_hint(err_new(ERR_CORRUPT, "the signature of '%s' %s", name, refusals[i].meaning), "%s",
			refusals[i].hint);
}

/* Numbers of digests in OpenPGP, of which 1 (MD5), 2 (SHA-1) and 3 (RIPEMD-160) are broken or nearly so. */
static bool digest_is_sound(const char *number)
{
	int64_t value = 0;
	return num_parse(number, 0, 255, &value) && value >= 8;
}

static struct err *check_valid(const struct strs *w, const struct strs *fingerprints, const char *name,
			       struct openpgp_signature *ret)
{
	if (w->count <= VALID_PRIMARY || strlen(w->items[VALID_SIGNER]) >= OPENPGP_HEX ||
	    !num_parse(w->items[VALID_TIME], 0, INT64_C(1) << 40, &ret->made_s))
		return err_hint(err_new(ERR_CORRUPT, "gpgv's output about '%s' is not understood", name),
				"run `gpgv --version`: 2.1 or newer is needed");
	const char *primary = w->items[VALID_PRIMARY];
	if (!strs_has(fingerprints, primary))
		return other_signer(primary, fingerprints, name);
	if (!streq(w->items[VALID_CLASS], "00"))
		return err_hint(err_new(ERR_CORRUPT, "the signature of '%s' is not one over bytes", name), AGAIN);
	if (!digest_is_sound(w->items[VALID_HASH]))
		return err_hint(
			err_new(ERR_CORRUPT, "the signature of '%s' uses a broken digest algorithm", name),
			"nothing was installed; leave `signature` out of the recipe if the pinned digest is enough");
	memcpy(ret->key, primary, strlen(primary) + 1);
	memcpy(ret->signer, w->items[VALID_SIGNER], strlen(w->items[VALID_SIGNER]) + 1);
	return NULL;
}

struct err *openpgp_judge(const char *status, const struct strs *fingerprints, const char *name,
			  struct openpgp_signature *ret_signature)
{
	AUTO(verdict) v = {.signatures = 0};
	struct openpgp_signature found = {.made_s = 0};
	for (size_t i = 0; i < fingerprints->count; i++)
		if (strlen(fingerprints->items[i]) >= OPENPGP_HEX)
			bug("a fingerprint of %zu digits", strlen(fingerprints->items[i]));
	read_status(status, &v);
	if (v.bad)
		return refused(&v, fingerprints, name);
	if (v.signatures > 1 || v.good > 1 || v.valid > 1)
		return err_hint(err_new(ERR_CORRUPT, "'%s' has more than one signature", name),
				"nothing was installed; a signature file must hold a single one");
	if (v.good != 1 || v.valid != 1)
		return err_hint(err_new(ERR_CORRUPT, "'%s' has no good signature", name), AGAIN);
	TRY(check_valid(&v.valid_words, fingerprints, name, &found));
	*ret_signature = found;
	return NULL;
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

static struct err *bad_armor(const char *name)
{
	return err_hint(err_new(ERR_CORRUPT, "'%s' contains no complete OpenPGP public key", name),
			"export it again: gpg --armor --export FINGERPRINT");
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

/* After its BEGIN line: headers up to an empty line, base64, perhaps "=" and a checksum, END. */
static struct err *add_block(const char **at, const char *name, struct str *bytes)
{
	const char *line = NULL;
	size_t size = 0;
	uint32_t bits = 0;
	int have = 0;
	bool in_body = false;
	while (next_line(at, &line, &size)) {
		if (size == strlen(ARMOR_END) && memcmp(line, ARMOR_END, size) == 0)
			return in_body ? NULL : bad_armor(name);
		if (!in_body) {
			in_body = size == 0;
			continue;
		}
		if (line[0] != '=' && !add_base64(line, size, &bits, &have, bytes))
			return bad_armor(name);
	}
	return bad_armor(name);
}

struct err *openpgp_unarmor(const char *data, size_t size, const char *name, struct str *bytes)
{
	const char *line = NULL;
	size_t length = 0;
	size_t blocks = 0;
	if (size == 0)
		return bad_armor(name);
	if ((unsigned char)data[0] & 0x80) { /* every packet of OpenPGP begins so, and no text does */
		str_add_mem(bytes, data, size);
		return NULL;
	}
	if (memchr(data, '\0', size))
		return bad_armor(name);
	while (next_line(&data, &line, &length)) {
		if (length < strlen(ARMOR_BEGIN) || memcmp(line, ARMOR_BEGIN, strlen(ARMOR_BEGIN)) != 0)
			continue;
		if (length != strlen(ARMOR_KEY) || memcmp(line, ARMOR_KEY, length) != 0)
			return bad_armor(name);
		TRY(add_block(&data, name, bytes));
		blocks++;
	}
	return blocks ? NULL : bad_armor(name);
}

#include "source/openpgp_text.h"

#include <string.h>

#include "base/units.h"
#include "sys/tick.h"

#define STATUS "[GNUPG:] "

enum { DAY_S = 24 * 60 * 60 };

/* Words of VALIDSIG and ERRSIG, from 0 = the keyword. */
enum { VALID_SIGNER = 1, VALID_TIME = 3, VALID_HASH = 8, VALID_CLASS = 9, VALID_PRIMARY = 10 };
enum { ERR_KEY = 1, ERR_REASON = 6, ERR_SIGNER = 7 };

/* What ERRSIG gives as the reason: libgpg-error's numbers. */
#define REASON_ALGORITHM "4" /* of the key: not known to this gpgv */
#define REASON_DIGEST "5"    /* a digest that gpgv refuses itself: MD5 */
#define REASON_BAD_KEY "6"
#define REASON_NO_KEY "9"

/* Everything that one run said. Borrowed from its lines. */
struct verdict {
	size_t signatures; /* however many the file has */
	size_t good;
	size_t valid;
	struct strs valid_words;
	struct strs error_words; /* of the first ERRSIG */
	int64_t expired_s;       /* when the key did; 0 = not said */
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

#define WEAK "nothing was installed; leave `signature` out of the recipe if the pinned digest is enough"

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
	 "nothing was installed; projects renew their keys: put the renewed key in place of the old file, or leave "
	 "`signature` out of the recipe if the pinned digest is enough"},
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
	if (streq(keyword, "KEYEXPIRED") && words->count > 1)
		v->expired_s = num_parse(words->items[1], 0, INT64_C(1) << 40, &v->expired_s) ? v->expired_s : 0;
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

static char *date(int64_t seconds)
{
	AUTO(str) text = STR_INIT;
	str_add_utc(&text, seconds * 1000);
	return str_take(&text);
}

#define SET_THE_CLOCK                                                                                                  \
	"nothing was installed; set this host's clock, or turn network time on, and run the same command again"

/* @what is of the future. */
static struct err *of_the_future(const struct openpgp_said *said, int64_t made_s, const char *what)
{
	AUTO_FREE char *made = date(made_s);
	AUTO_FREE char *now = date(said->now_s);
	return err_hint(
		err_new(ERR_CORRUPT, "%s was made in the future, %s: this host's clock says %s", what, made, now),
		SET_THE_CLOCK);
}

static const struct openpgp_key *key_of(const struct openpgp_said *said, const char *fingerprint)
{
	for (size_t i = 0; i < said->key_count; i++)
		if (streq(said->keys[i].fingerprint, fingerprint))
			return &said->keys[i];
	return NULL;
}

static struct err *other_signer(const struct openpgp_said *said, const char *signer)
{
	AUTO_FREE char *pinned = strs_join(said->fingerprints, " or ");
	return err_hint(
		err_new(ERR_CORRUPT, "'%s' is signed by the key %s and not by %s", said->name, signer, pinned),
		"nothing was installed; it may be a subkey that is newer than your file of the key: get that again "
		"from the project; if the project has announced a new key, change `key` in the recipe");
}

/* By which key, where gpgv had none that fits. */
static struct err *unknown_signer(const struct openpgp_said *said, const char *signer)
{
	AUTO(str) held = STR_INIT;
	if (!strs_has(said->fingerprints, signer))
		return other_signer(said, signer);
	for (size_t i = 0; i < said->key_count; i++)
		if (*said->keys[i].fingerprint)
			str_addf(&held, "%s%s", held.len ? " and " : "", said->keys[i].fingerprint);
	return err_hint(err_new(ERR_CORRUPT, "no key file for '%s' contains the key %s; there is %s", said->name,
				signer, held.len ? str_text(&held) : "none"),
			"nothing was installed; put the key of this fingerprint into recipes/keys/%s.asc", signer);
}

/* The key that @signer is, or that it may be a subkey of. */
static const struct openpgp_key *key_behind(const struct openpgp_said *said, const char *signer)
{
	const struct openpgp_key *key = key_of(said, signer);
	for (size_t i = 0; i < said->fingerprints->count && !key; i++)
		key = key_of(said, said->fingerprints->items[i]);
	return key;
}

/* gpgv has the key and does not take it, and says no more than that. */
static struct err *bad_key(const struct openpgp_said *said, const char *signer)
{
	const struct openpgp_key *key = key_behind(said, signer);
	AUTO_FREE char *what = mem_printf("the key %s", key ? key->fingerprint : signer);
	if (key && key->made_s > said->now_s)
		return of_the_future(said, key->made_s, what);
	if (key && !key->has_user_id)
		return err_hint(
			err_new(ERR_CORRUPT, "%s has no user ID, and gpgv takes no such key", what),
			"nothing was installed; keys.openpgp.org leaves the user ID out until its owner has confirmed "
			"the address: get the key from the project itself");
	return err_hint(
		err_new(ERR_CORRUPT, "gpgv does not take the key %s, which '%s' is signed by", signer, said->name),
		"nothing was installed; get the key again from the project");
}

/* gpgv could not check; the number says why. */
static struct err *not_checked(const struct openpgp_said *said, const struct strs *w)
{
	const char *reason = w->count > ERR_REASON ? w->items[ERR_REASON] : "";
	AUTO_FREE char *signer = str_escape(w->count > ERR_SIGNER ? w->items[ERR_SIGNER]
					    : w->count > ERR_KEY  ? w->items[ERR_KEY]
								  : "");
	if (streq(reason, REASON_NO_KEY))
		return unknown_signer(said, signer);
	if (streq(reason, REASON_BAD_KEY))
		return bad_key(said, signer);
	if (streq(reason, REASON_DIGEST))
		return err_hint(
			err_new(ERR_CORRUPT, "the signature of '%s' uses a broken digest algorithm", said->name), WEAK);
	return err_hint(err_new(ERR_CORRUPT, "the signature of '%s' cannot be checked%s", said->name,
				streq(reason, REASON_ALGORITHM) ? ": gpgv does not know the algorithm" : ""),
			"nothing was installed; run `gpgv --version`: it may be too old for the key");
}

static struct err *refused(const struct openpgp_said *said, const struct verdict *v)
{
	size_t i = 0;
	if (streq(v->bad, "ERRSIG"))
		return not_checked(said, &v->error_words);
	while (!streq(refusals[i].keyword, v->bad))
		i++;
	AUTO_FREE char *when = v->expired_s ? date(v->expired_s) : NULL;
	AUTO_FREE char *now = date(said->now_s);
	bool dated = when && streq(v->bad, "EXPKEYSIG");
	return err_hint(err_new(ERR_CORRUPT, "the signature of '%s' %s%s%s%s%s", said->name, refusals[i].meaning,
				dated ? ", at " : "", dated ? when : "", dated ? "; this host's clock says " : "",
				dated ? now : ""),
			"%s", refusals[i].hint);
}

/* Numbers of digests in OpenPGP, of which 1 (MD5), 2 (SHA-1) and 3 (RIPEMD-160) are broken or nearly so. */
static bool digest_is_sound(const char *number)
{
	int64_t value = 0;
	return num_parse(number, 0, 255, &value) && value >= 8;
}

static struct err *check_valid(const struct openpgp_said *said, const struct strs *w, struct openpgp_signature *ret)
{
	const char *name = said->name;
	if (w->count <= VALID_PRIMARY || strlen(w->items[VALID_SIGNER]) >= OPENPGP_HEX ||
	    !num_parse(w->items[VALID_TIME], 0, INT64_C(1) << 40, &ret->made_s))
		return err_hint(err_new(ERR_CORRUPT, "gpgv's output about '%s' is not understood", name),
				"run `gpgv --version`: 2.1 or newer is needed");
	const char *primary = w->items[VALID_PRIMARY];
	if (!strs_has(said->fingerprints, primary))
		return other_signer(said, primary);
	if (!streq(w->items[VALID_CLASS], "00"))
		return err_hint(err_new(ERR_CORRUPT, "the signature of '%s' is not one over bytes", name), AGAIN);
	if (!digest_is_sound(w->items[VALID_HASH]))
		return err_hint(err_new(ERR_CORRUPT, "the signature of '%s' uses a broken digest algorithm", name),
				WEAK);
	AUTO_FREE char *what = mem_printf("the signature of '%s'", name);
	if (ret->made_s > said->now_s + DAY_S) /* clocks differ a little */
		return of_the_future(said, ret->made_s, what);
	memcpy(ret->key, primary, strlen(primary) + 1);
	memcpy(ret->signer, w->items[VALID_SIGNER], strlen(w->items[VALID_SIGNER]) + 1);
	return NULL;
}

struct err *openpgp_judge(const struct openpgp_said *said, struct openpgp_signature *ret_signature)
{
	const struct strs *fingerprints = said->fingerprints;
	const char *name = said->name;
	AUTO(verdict) v = {.signatures = 0};
	struct openpgp_signature found = {.made_s = 0};
	for (size_t i = 0; i < fingerprints->count; i++)
		if (strlen(fingerprints->items[i]) >= OPENPGP_HEX)
			bug("a fingerprint of %zu digits", strlen(fingerprints->items[i]));
	read_status(said->status, &v);
	if (v.bad)
		return refused(said, &v);
	if (v.signatures > 1 || v.good > 1 || v.valid > 1)
		return err_hint(err_new(ERR_CORRUPT, "'%s' has more than one signature", name),
				"nothing was installed; a signature file must hold a single one");
	if (v.good != 1 || v.valid != 1)
		return err_hint(err_new(ERR_CORRUPT, "'%s' has no good signature", name), AGAIN);
	TRY(check_valid(said, &v.valid_words, &found));
	*ret_signature = found;
	return NULL;
}

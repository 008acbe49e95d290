#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "source/openpgp.h"
#include "sys/child.h"
#include "sys/file.h"

#define A "9456E27B81B3DB8F3FFE70490C7D7F198EE642A6"
#define B "A9E8F2B07443B72D967A7529AADDD90E704A926E"
#define ONE(text) (&(struct strs){.items = (char *[]){(char *)(text)}, .count = 1})
#define SUB "FD8891AFB934A1EFD1357B80CE17F2FE065F4573"
#define S "[GNUPG:] "
#define VALID(signer, hash, class, primary)                                                                            \
	S "VALIDSIG " signer " 2026-11-23 1795443738 0 4 0 22 " hash " " class " " primary "\n"
#define GOOD S "NEWSIG\n" S "KEY_CONSIDERED " A " 0\n" S "GOODSIG 0C7D7F198EE642A6 A <a@x>\n"

static struct err *judge_with(const char *status, const struct strs *fingerprints, const struct openpgp_key *keys,
			      size_t key_count, struct openpgp_signature *ret)
{
	struct openpgp_said said = {.status = status,
				    .fingerprints = fingerprints,
				    .name = "f",
				    .now_s = 1795500000,
				    .keys = keys,
				    .key_count = key_count};
	return openpgp_judge(&said, ret);
}

static struct err *judge(const char *status, const struct strs *fingerprints, struct openpgp_signature *ret)
{
	return judge_with(status, fingerprints, NULL, 0, ret);
}

static void test_judge_good(void **state)
{
	(void)state;
	struct openpgp_signature s;
	assert_ok(judge("gpgv: chatter\n" GOOD VALID(A, "8", "00", A), ONE(A), &s));
	assert_string_equal(s.key, A);
	assert_string_equal(s.signer, A);
	assert_int_equal(s.made_s, 1795443738);
	assert_ok(judge(GOOD VALID(SUB, "10", "00", A), ONE(A), &s));
	assert_string_equal(s.key, A);
	assert_string_equal(s.signer, SUB);
	const struct strs both = {.items = (char *[]){B, A}, .count = 2};
	assert_ok(judge(GOOD VALID(SUB, "10", "00", A), &both, &s));
	assert_string_equal(s.key, A);
	assert_fails(judge(GOOD VALID(SUB, "10", "00", SUB), &both, &s), ERR_CORRUPT, "not by " B " or " A);
}

/* Each of these gpgv may say with exit status 0, or somebody may wish that it were enough. */
static void test_judge_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *status;
		const char *part;
	} cases[] = {
		{"", "no good signature"},
		{"gpgv: Good signature from \"A\"\n", "no good signature"},
		{GOOD, "no good signature"},
		{S "NEWSIG\n" VALID(A, "8", "00", A), "no good signature"},
		{GOOD VALID(B, "8", "00", B), "not by " A},
		{GOOD VALID(A, "8", "00", B), "not by " A},
		{GOOD S "VALIDSIG " A " 2026-11-23 1795443738 0 4 0 22 8 00\n", "is not understood"},
		{GOOD S "VALIDSIG\n", "is not understood"},
		{GOOD VALID(A, "8", "00", "0C7D7F198EE642A6"), "not by " A},
		{GOOD VALID(A, "8", "00", A "00"), "not by " A},
		{GOOD VALID(A, "2", "00", A), "broken digest algorithm"},
		{GOOD VALID(A, "1", "00", A), "broken digest algorithm"},
		{GOOD VALID(A, "x", "00", A), "broken digest algorithm"},
		{GOOD VALID(A, "8", "01", A), "not one over bytes"},
		{GOOD VALID(A, "8", "00", A) GOOD VALID(B, "8", "00", B), "more than one"},
		{GOOD VALID(A, "8", "00", A) S "NEWSIG\n", "more than one"},
		{S "NEWSIG\n" S "BADSIG 0C7D7F198EE642A6 A\n", "is not valid"},
		{GOOD VALID(A, "8", "00", A) S "BADSIG 0C7D7F198EE642A6 A\n", "is not valid"},
		{S "NEWSIG\n" S "REVKEYSIG 0C7D7F198EE642A6 A\n" VALID(A, "8", "00", A), "was revoked"},
		{S "NEWSIG\n" S "EXPKEYSIG 0C7D7F198EE642A6 A\n" VALID(A, "8", "00", A), "has expired"},
		{S "NEWSIG\n" S "KEYEXPIRED 1609372800\n" S "EXPKEYSIG 0C7D7F198EE642A6 A\n" VALID(A, "8", "00", A),
		 "2020-12-31T00:00:00Z; this host's clock says 2026-11-24T06:00:00Z"},
		{S "NEWSIG\n" S "EXPSIG 0C7D7F198EE642A6 A\n" VALID(A, "8", "00", A), "has expired"},
		{S "NODATA 1\n" S "NODATA 2\n", "not an OpenPGP signature"},
		{S "NEWSIG\n" S "ERRSIG AADDD90E704A926E 22 8 00 1795443738 9 " B "\n" S "NO_PUBKEY AADDD90E704A926E\n",
		 "signed by the key " B " and not by " A},
		{S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 22 8 00 1795443738 9 " A "\n", "contains the key " A},
		{S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 22 8 00 1795443738 4\n", "cannot be checked"},
		{S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 22 8 00 1795443738 4 " A "\n", "does not know the algorithm"},
		{S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 1 1 00 1795443738 5 " A "\n", "broken digest algorithm"},
		{S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 1 8 00 1795443738 6 " A "\n", "does not take the key " A},
		{GOOD S "VALIDSIG " A " 2027-01-01 1798761600 0 4 0 22 8 00 " A "\n",
		 "'f' was made in the future, 2027-01-01T00:00:00Z: this host's clock says 2026-11-24"},
		{S "NEWSIG\n" S "ERRSIG\n", "cannot be checked"},
		{S "\n" S " \n", "no good signature"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct openpgp_signature s = {.made_s = -1};
		struct err *e = judge(cases[i].status, ONE(A), &s);
		if (!e)
			fail_msg("accepted: %s", cases[i].status);
		assert_fails(e, ERR_CORRUPT, cases[i].part);
		assert_int_equal(s.made_s, -1);
	}
}

/* gpgv says "bad public key" of all of these. */
static void test_judge_keys(void **state)
{
	(void)state;
	static const char bad[] = S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 22 8 00 1795443738 6 " A "\n";
	static const char none[] = S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 22 8 00 1795443738 9 " A "\n";
	const struct openpgp_key other = {.fingerprint = B, .made_s = 2000000000};
	const struct openpgp_key future[] = {other, {.fingerprint = A, .made_s = 2114380800, .has_user_id = true}};
	const struct openpgp_key nameless[] = {other, {.fingerprint = A, .made_s = 1}};
	const struct openpgp_key sound[] = {other, {.fingerprint = A, .made_s = 1, .has_user_id = true}};
	struct openpgp_signature s;
	assert_fails(judge_with(bad, ONE(A), future, 2, &s), ERR_CORRUPT, "2037-01-01T00:00:00Z: this host's clock");
	assert_fails(judge_with(bad, ONE(A), nameless, 2, &s), ERR_CORRUPT, "has no user ID");
	assert_fails(judge_with(bad, ONE(A), sound, 2, &s), ERR_CORRUPT, "does not take the key");
	assert_fails(judge_with(none, ONE(A), &other, 1, &s), ERR_CORRUPT, "contains the key " A "; there is " B);
	assert_fails(judge_with(none, ONE(A), NULL, 0, &s), ERR_CORRUPT, "there is none");
}

static void unarmor(const char *text, const char *expected)
{
	AUTO(str) bytes = STR_INIT;
	assert_ok(openpgp_unarmor(text, strlen(text), OPENPGP_KEY, "k", &bytes));
	assert_string_equal(str_text(&bytes), expected);
}

#define BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
#define END "-----END PGP PUBLIC KEY BLOCK-----\n"

static void test_unarmor(void **state)
{
	(void)state;
	unarmor(BEGIN "\naGVsbG8=\n=abcd\n" END, "hello");
	unarmor("a comment\n" BEGIN "Comment: x\n\naGVs\nbG8=\n" END, "hello");
	unarmor(BEGIN "\r\naGVsbG8=\r\n" END, "hello");
	unarmor(BEGIN "\naGVs\n" END "\n" BEGIN "\nbG8=\n" END, "hello");
	unarmor("\xc6\x01x", "\xc6\x01x");
	/* what editors and people put before it */
	unarmor("\xef\xbb\xbf" BEGIN "\naGVsbG8=\n" END, "hello");
	unarmor("\xc3\x96"
		"ffentlicher Schl\xc3\xbc"
		"ssel:\n\n" BEGIN "\naGVsbG8=\n" END,
		"hello");
	unarmor("\xc6\x98"
		" is a letter, too\n" BEGIN "\naGVsbG8=\n" END,
		"hello");
	AUTO(str) bytes = STR_INIT;
	static const char armored[] =
		"\xef\xbb\xbf-----BEGIN PGP SIGNATURE-----\n\naGVs\n-----END PGP SIGNATURE-----\n";
	assert_ok(openpgp_unarmor(armored, strlen(armored), OPENPGP_SIGNATURE, "s", &bytes));
	assert_string_equal(str_text(&bytes), "hel");
}

#define BLOCK(name) "-----BEGIN PGP " name "-----\n\naGVs\n-----END PGP " name "-----\n"
#define TEXT(text) text, sizeof(text) - 1

/* What is named as a key or a signature and is something else: that is what the message says. */
static void test_unarmor_refusals(void **state)
{
	(void)state;
	static const struct {
		enum openpgp_kind wanted;
		const char *data;
		size_t size;
		const char *part;
	} cases[] = {
		{OPENPGP_KEY, TEXT(""), "k is empty: no complete OpenPGP public key"},
		{OPENPGP_KEY, TEXT("hello"), "no OpenPGP data"},
		{OPENPGP_KEY, TEXT(BEGIN), "cut short or damaged"},
		{OPENPGP_KEY, TEXT(BEGIN "\naGVs\n"), "cut short or damaged"},
		{OPENPGP_KEY, TEXT(BEGIN END), "cut short or damaged"},
		{OPENPGP_KEY, TEXT(BEGIN "\na*Vs\n" END), "cut short or damaged"},
		{OPENPGP_KEY, TEXT(BEGIN "aGVs\n" END), "cut short or damaged"},
		{OPENPGP_KEY, TEXT("\x99\x01"), "cut short or damaged"},
		{OPENPGP_KEY, TEXT(BLOCK("PRIVATE KEY BLOCK")), "a private key"},
		{OPENPGP_KEY, TEXT("\x95\x00\x00"), "it is a secret"},
		{OPENPGP_KEY, TEXT(BLOCK("SIGNATURE")), "a detached signature"},
		{OPENPGP_KEY, TEXT(BEGIN "\naGVs\n" END BLOCK("SIGNATURE")), "a detached signature"},
		{OPENPGP_KEY, TEXT("\xff\xfe-\0-\0-\0"), "text in UTF-16"},
		{OPENPGP_KEY, TEXT("\n <!DOCTYPE html>"), "a web page"},
		{OPENPGP_KEY, TEXT("ssh-ed25519 AAAA"), "an SSH key"},
		{OPENPGP_KEY, TEXT("-----BEGIN CERTIFICATE-----\n"), "(PEM)"},
		{OPENPGP_KEY, TEXT("untrusted comment: minisign public key\nRWQ\n"), "minisign"},
		{OPENPGP_KEY, TEXT("\xef\xbb\xbf"), "no complete"},
		{OPENPGP_KEY, TEXT("\xc3\x96 alone"), "no OpenPGP data"},
		{OPENPGP_SIGNATURE, TEXT(""), "is empty: no complete OpenPGP signature"},
		{OPENPGP_SIGNATURE, TEXT("\x88\x5d\x04"), "cut short or damaged"},
		{OPENPGP_SIGNATURE, TEXT("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nab\n" BLOCK("SIGNATURE")),
		 "a clear-signed text"},
		{OPENPGP_SIGNATURE, TEXT(BLOCK("MESSAGE")), "not a detached signature"},
		{OPENPGP_SIGNATURE, TEXT("\xa3\x01\x02"), "not a detached signature"},
		{OPENPGP_SIGNATURE, TEXT("\x90\x0d\x03"), "not a detached signature"},
		{OPENPGP_SIGNATURE, TEXT(BLOCK("PUBLIC KEY BLOCK")), "is a public key"},
		{OPENPGP_SIGNATURE, TEXT("\x98\x33\x04"), "is a public key"},
		{OPENPGP_SIGNATURE, TEXT("<html>404</html>"), "a web page"},
		{OPENPGP_SIGNATURE, TEXT("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  f\n"),
		 "a list of checksums"},
		{OPENPGP_SIGNATURE, TEXT("-----BEGIN SSH SIGNATURE-----\n"), "an SSH signature"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(str) bytes = STR_INIT;
		AUTO_FREE char *data = mem_strndup("", 0);
		AUTO(str) copy = STR_INIT; /* followed by a NUL, as a file that was read */
		str_add_mem(&copy, cases[i].data, cases[i].size);
		struct err *e =
			openpgp_unarmor(copy.data ? copy.data : data, cases[i].size, cases[i].wanted, "k", &bytes);
		if (!e)
			fail_msg("case %zu was accepted", i);
		assert_fails(e, ERR_CORRUPT, cases[i].part);
	}
}

/* --- gpg makes, gpgv judges --- */

static const char make_keys[] =
	"export GNUPGHOME=\"$PWD/gnupg\"; mkdir -m 700 gnupg\n"
	"trap 'gpgconf --kill all' EXIT\n"
	"g() { gpg --batch --quiet --pinentry-mode loopback --passphrase '' \"$@\" 2>>log; }\n"
	"fpr() { g --list-keys --with-colons \"$1\" | awk -F: '/^fpr/ {print $10; exit}'; }\n"
	"for n in a b r; do g --quick-gen-key $n@x ed25519 sign never; fpr $n@x >$n.fpr; done\n"
	"echo hello >file; echo hello, too >other\n"
	"A=$(cat a.fpr) B=$(cat b.fpr) R=$(cat r.fpr)\n"
	"sign() { out=$1; shift; g \"$@\" --detach-sign -o $out file; }\n"
	"sign a.sig -u $A; sign a.asc -u $A --armor; sign b.sig -u $B; sign both.sig -u $A -u $B; sign r.sig -u $R\n"
	"cat a.sig b.sig >joined.sig\n"
	"sign old.sig -u $A --digest-algo SHA1; sign text.sig -u $A --textmode\n"
	"g -u $A --clearsign -o clear.sig file; g -u $A --sign -o inline.sig file\n"
	"g --armor --export $A >a.key; g --export $A >a.bin; g --armor --export $A $B >both.key; g --armor --export $B "
	">b.key\n"
	"g --quick-add-key $A ed25519 sign never; sign sub.sig -u $A; g --armor --export $A >sub.key\n"
	"sed 's/^:---/---/' gnupg/openpgp-revocs.d/$R.rev | g --import; g --armor --export $R >r.key\n"
	"g --faked-system-time 20200101T000000! --quick-gen-key e@x ed25519 sign 1y; fpr e@x >e.fpr\n"
	"sign e.sig --faked-system-time 20200601T000000! -u $(cat e.fpr); g --armor --export $(cat e.fpr) >e.key\n"
	"sign short.sig --faked-system-time 20300101T000000! -u $B --default-sig-expire 2; : >empty.sig; echo junk "
	">junk.sig\n"
	"g --export-options export-minimal --export-filter keep-uid=uid=none --export $A >nouid.key\n"
	"(printf '\\357\\273\\277'; cat a.key) >bom.key; (printf '\\303\\226\\n'; cat a.key) >text.key\n"
	"(printf '\\357\\273\\277'; cat a.asc) >bom.sig; g --export-secret-keys $A >secret.key\n"
	"g --quick-gen-key m@x rsa2048 sign never; fpr m@x >m.fpr\n"
	"sign md5.sig --yes -u $(cat m.fpr) --allow-weak-digest-algos --digest-algo MD5; g --export $(cat m.fpr) >m.key\n"
	"sign future.sig --faked-system-time 20370102T000000! -u $A!\n"
	"g --faked-system-time 20370101T000000! --quick-gen-key t@x ed25519 sign never; fpr t@x >t.fpr\n"
	"sign t.sig --faked-system-time 20370102T000000! -u $(cat t.fpr); g --export $(cat t.fpr) >t.key\n"
	"head -c 40 a.sig >cut.sig; cp a.sig flipped.sig; printf '\\377' | dd of=flipped.sig bs=1 seek=70 conv=notrunc "
	"2>>log\n"
	"echo no key >junk.key; ls *.sig >/dev/null";

static char *keys_dir;

static int make_once(void **state)
{
	(void)state;
	keys_dir = test_dir();
	struct child_spec spec = {
		.argv = (const char *const[]){"sh", "-c", make_keys, NULL}, .cwd = keys_dir, .deadline_ms = 60000};
	assert_ok(child_run(&spec));
	return 0;
}

static int forget(void **state)
{
	(void)state;
	free(keys_dir);
	return 0;
}

static struct err *verify(const char *file, const char *sig, const char *key, const char *fingerprint_of,
			  struct openpgp_signature *ret)
{
	AUTO_FREE char *file_path = path_join(keys_dir, file);
	AUTO_FREE char *sig_path = path_join(keys_dir, sig);
	AUTO_FREE char *key_path = path_join(keys_dir, key);
	AUTO_FREE char *fpr_path = mem_printf("%s/%s.fpr", keys_dir, fingerprint_of);
	AUTO_FREE char *fingerprint = NULL;
	assert_ok(file_read(fpr_path, 100, &fingerprint, NULL));
	fingerprint[strcspn(fingerprint, "\n")] = '\0';
	struct openpgp_request r = {.file = file_path,
				    .signature = sig_path,
				    .key_files = ONE(key_path),
				    .fingerprints = ONE(fingerprint),
				    .name = file,
				    .scratch = keys_dir};
	return openpgp_verify(&r, ret);
}

static void test_gpg_good(void **state)
{
	(void)state;
	struct openpgp_signature s;
	assert_ok(verify("file", "a.sig", "a.key", "a", &s));
	assert_ok(verify("file", "a.sig", "a.bin", "a", &s));
	assert_ok(verify("file", "a.asc", "a.key", "a", &s));
	assert_ok(verify("file", "a.sig", "bom.key", "a", &s));
	assert_ok(verify("file", "bom.sig", "text.key", "a", &s));
	assert_string_equal(s.key, s.signer);
	assert_ok(verify("file", "b.sig", "both.key", "b", &s));
	assert_ok(verify("file", "sub.sig", "sub.key", "a", &s));
	assert_string_not_equal(s.key, s.signer);
}

static void test_gpg_refused(void **state)
{
	(void)state;
	static const char *const cases[][5] = {
		{"other", "a.sig", "a.key", "a", "is not valid"},    /* another file */
		{"file", "b.sig", "a.key", "a", "not by"},           /* another key, not in the key file */
		{"file", "b.sig", "both.key", "a", "not by"},        /* another key, in the key file */
		{"file", "b.sig", "b.key", "a", "not by"},           /* the key file of another */
		{"file", "a.sig", "b.key", "a", "contains the key"}, /* a key file without the key */
		{"file", "both.sig", "both.key", "a", "more than one"},
		{"file", "joined.sig", "both.key", "a", "more than one"},
		{"file", "joined.sig", "a.key", "a", "not by"},
		{"file", "sub.sig", "a.key", "a", "not by"}, /* the key file from before the subkey */
		{"file", "r.sig", "r.key", "r", "revoked"},
		{"file", "e.sig", "e.key", "e", "expired"},
		{"file", "old.sig", "a.key", "a", "broken digest"},
		{"file", "md5.sig", "m.key", "m", "gpgv: "},
		{"file", "md5.sig", "m.key", "m", "broken digest"},
		{"file", "a.sig", "nouid.key", "a", "has no user ID"},
		{"file", "a.sig", "nouid.key", "a", "Bad public key"}, /* gpgv's own words, below */
		{"file", "a.sig", "secret.key", "a", "a private key"},
		{"file", "future.sig", "a.key", "a", "2037-01-02T00:00:00Z: this host's clock"},
		{"file", "t.sig", "t.key", "t", "2037-01-01T00:00:00Z: this host's clock"},
		{"file", "t.sig", "t.key", "t", "in the future (time warp"},
		{"file", "text.sig", "a.key", "a", "not one over bytes"},
		{"file", "clear.sig", "a.key", "a", "clear-signed"},
		{"file", "inline.sig", "a.key", "a", "not a detached signature"},
		{"file", "empty.sig", "a.key", "a", "is empty"},
		{"file", "junk.sig", "a.key", "a", "no OpenPGP data"},
		{"file", "cut.sig", "a.key", "a", "cut short"},
		{"file", "flipped.sig", "a.key", "a", NULL},
		{"file", "a.sig", "junk.key", "a", "no complete OpenPGP public key"},
		{"file", "a.sig", "none.key", "a", "cannot read the key"},
		{"file", "none.sig", "a.key", "a", "cannot read the signature"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const *c = cases[i];
		struct openpgp_signature s = {.made_s = -1};
		struct err *e = verify(c[0], c[1], c[2], c[3], &s);
		if (!e)
			fail_msg("case %zu, %s, was accepted", i, c[1]);
		assert_fails(e, ERR_CORRUPT, c[4]);
		assert_int_equal(s.made_s, -1);
	}
	AUTO(strs) names = STRS_INIT;
	assert_ok(dir_list(keys_dir, &names));
	for (size_t i = 0; i < names.count; i++)
		assert_false(str_starts(names.items[i], "gpgv-"));
}

/* A gpgv that finds all good, and fails: of its output alone nothing is believed. */
static void test_gpg_fails(void **state)
{
	(void)state;
	static const char script[] = "#!/bin/sh\nPATH=${PATH#*:} gpgv \"$@\"\nexit 2\n";
	AUTO_FREE char *bin = test_dir();
	AUTO_FREE char *program = path_join(bin, "gpgv");
	AUTO_FREE char *usual = mem_strdup(getenv("PATH"));
	AUTO_FREE char *path = mem_printf("%s:%s", bin, usual);
	struct openpgp_signature s = {.made_s = -1};
	assert_ok(file_write(program, script, sizeof(script) - 1, 0755));
	setenv("PATH", path, 1);
	struct err *e = verify("file", "a.sig", "a.key", "a", &s);
	setenv("PATH", usual, 1);
	assert_fails(e, ERR_CORRUPT, "exit status 2");
	assert_int_equal(s.made_s, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_good),       cmocka_unit_test(test_judge_refusals),
		cmocka_unit_test(test_judge_keys),       cmocka_unit_test(test_unarmor),
		cmocka_unit_test(test_unarmor_refusals), cmocka_unit_test(test_gpg_good),
		cmocka_unit_test(test_gpg_refused),      cmocka_unit_test(test_gpg_fails),
	};
	return cmocka_run_group_tests(tests, make_once, forget);
}

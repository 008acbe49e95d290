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

static void test_judge_good(void **state)
{
	(void)state;
	struct openpgp_signature s;
	assert_ok(openpgp_judge("gpgv: chatter\n" GOOD VALID(A, "8", "00", A), ONE(A), "f", &s));
	assert_string_equal(s.key, A);
	assert_string_equal(s.signer, A);
	assert_int_equal(s.made_s, 1795443738);
	assert_ok(openpgp_judge(GOOD VALID(SUB, "10", "00", A), ONE(A), "f", &s));
	assert_string_equal(s.key, A);
	assert_string_equal(s.signer, SUB);
	const struct strs both = {.items = (char *[]){B, A}, .count = 2};
	assert_ok(openpgp_judge(GOOD VALID(SUB, "10", "00", A), &both, "f", &s));
	assert_string_equal(s.key, A);
	assert_fails(openpgp_judge(GOOD VALID(SUB, "10", "00", SUB), &both, "f", &s), ERR_CORRUPT,
		     "not by " B " or " A);
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
		{S "NEWSIG\n" S "EXPSIG 0C7D7F198EE642A6 A\n" VALID(A, "8", "00", A), "has expired"},
		{S "NODATA 1\n" S "NODATA 2\n", "not an OpenPGP signature"},
		{S "NEWSIG\n" S "ERRSIG AADDD90E704A926E 22 8 00 1795443738 9 " B "\n" S "NO_PUBKEY AADDD90E704A926E\n",
		 "signed by the key " B " and not by " A},
		{S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 22 8 00 1795443738 9 " A "\n", "contains the key " A},
		{S "NEWSIG\n" S "ERRSIG 0C7D7F198EE642A6 22 8 00 1795443738 4\n", "cannot be checked"},
		{S "NEWSIG\n" S "ERRSIG\n", "cannot be checked"},
		{S "\n" S " \n", "no good signature"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct openpgp_signature s = {.made_s = -1};
		struct err *e = openpgp_judge(cases[i].status, ONE(A), "f", &s);
		if (!e)
			fail_msg("accepted: %s", cases[i].status);
		assert_fails(e, ERR_CORRUPT, cases[i].part);
		assert_int_equal(s.made_s, -1);
	}
}

static void unarmor(const char *text, const char *expected)
{
	AUTO(str) bytes = STR_INIT;
	assert_ok(openpgp_unarmor(text, strlen(text), "k", &bytes));
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
	unarmor("\x99\x01", "\x99\x01");
	static const char *const broken[] = {
		"",
		"hello",
		BEGIN,
		BEGIN "\naGVs\n",
		BEGIN END,
		BEGIN "\na*Vs\n" END,
		BEGIN "aGVs\n" END,
		"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\naGVs\n-----END PGP PRIVATE KEY BLOCK-----\n",
		"-----BEGIN PGP SIGNATURE-----\n\naGVs\n-----END PGP SIGNATURE-----\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		AUTO(str) bytes = STR_INIT;
		assert_fails(openpgp_unarmor(broken[i], strlen(broken[i]), "k", &bytes), ERR_CORRUPT, "no complete");
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
		{"file", "old.sig", "a.key", "a", NULL},
		{"file", "text.sig", "a.key", "a", "not one over bytes"},
		{"file", "clear.sig", "a.key", "a", NULL},
		{"file", "inline.sig", "a.key", "a", NULL},
		{"file", "empty.sig", "a.key", "a", NULL},
		{"file", "junk.sig", "a.key", "a", "not an OpenPGP signature"},
		{"file", "cut.sig", "a.key", "a", NULL},
		{"file", "flipped.sig", "a.key", "a", NULL},
		{"file", "a.sig", "junk.key", "a", "no complete OpenPGP public key"},
		{"file", "a.sig", "none.key", "a", "cannot read the key"},
		{"file", "none.sig", "a.key", "a", NULL},
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_good),  cmocka_unit_test(test_judge_refusals),
		cmocka_unit_test(test_unarmor),     cmocka_unit_test(test_gpg_good),
		cmocka_unit_test(test_gpg_refused),
	};
	return cmocka_run_group_tests(tests, make_once, forget);
}

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "fmt/digest.h"
#include "source/debian.h"
#include "source/source.h"
#include "sys/child.h"
#include "sys/file.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct debian_mirrors mirrors = {.main = (char *)"http://mirror.test/debian/",
					      .security = (char *)"http://mirror.test/debian-security/"};

static void assert_mirrors(const char *lines, const char *main_base, const char *security)
{
	AUTO(debian_mirrors) m = {.main = NULL};
	debian_mirrors_find(lines, "bookworm", &m);
	if (!streq(m.main, main_base) || !streq(m.security, security))
		fail_msg("found '%s' and '%s'", m.main ? m.main : "-", m.security ? m.security : "-");
}

static void finds_mirrors(void **state)
{
	(void)state;
	/* As apt prints them with lists downloaded: another maker's repository uses the same release name. */
	assert_mirrors("https://tools.test/apt/|bookworm|bookworm|Tools|main\n"
		       "http://a.test/debian-security/|bookworm-security|bookworm-security|Debian|main\n"
		       "http://a.test/debian/|bookworm-updates|bookworm-updates|Debian|main\n"
		       "http://a.test/debian/|bookworm|bookworm|Debian|contrib\n"
		       "http://a.test/debian/|bookworm|bookworm|Debian|main\n"
		       "http://b.test/debian/|bookworm|bookworm|Debian|main\n",
		       "http://a.test/debian/", "http://a.test/debian-security/");
	/* Without lists: neither codename nor origin. */
	assert_mirrors("https://tools.test/apt/|bookworm|$(CODENAME)|$(ORIGIN)|main\n"
		       "http://a.test/archive/|bookworm|$(CODENAME)|$(ORIGIN)|main\n"
		       "http://a.test/archive/|bookworm-updates|$(CODENAME)|$(ORIGIN)|main\n"
		       "http://b.test/debian/|bookworm|$(CODENAME)|$(ORIGIN)|main\n",
		       "http://a.test/archive/", NULL);
	assert_mirrors("https://tools.test/apt/|stable|$(CODENAME)|$(ORIGIN)|main\n"
		       "http://b.test/debian/|stable|$(CODENAME)|$(ORIGIN)|main\n"
		       "http://b.test/sec/|stable-security|$(CODENAME)|$(ORIGIN)|main\n",
		       "http://b.test/debian/", "http://b.test/sec/");
	/* "stable" is this release by its codename, or another one, which serves where nothing else does. */
	assert_mirrors("http://b.test/debian/|oldstable|bookworm|Debian|main\n", "http://b.test/debian/", NULL);
	assert_mirrors("http://b.test/debian/|stable|trixie|Debian|main\n"
		       "http://b.test/sec/|stable-security|trixie-security|Debian|main\n",
		       "http://b.test/debian/", "http://b.test/sec/");
	assert_mirrors("http://a.test/debian/|trixie|trixie|Debian|main\n"
		       "http://b.test/debian/|bookworm|bookworm|Debian|main\n",
		       "http://b.test/debian/", NULL);
	/* A line that lacks the '/' at the end names the same folder. */
	assert_mirrors("http://a.test/debian|bookworm|bookworm|Debian|main\n"
		       "http://a.test/sec|bookworm-security|bookworm-security|Debian|main\n",
		       "http://a.test/debian/", "http://a.test/sec/");
	/* Ubuntu's own archive is not Debian's; a line that was added for it is. */
	assert_mirrors("http://u.test/ubuntu/|noble|noble|Ubuntu|main\n"
		       "http://u.test/ubuntu/|noble-security|noble|Ubuntu|main\n",
		       NULL, NULL);
	assert_mirrors("http://u.test/ubuntu/|noble|noble|Ubuntu|main\n"
		       "http://b.test/debian/|trixie-backports|trixie-backports|Debian|main\n"
		       "http://b.test/debian/|trixie|trixie|Debian|main\n",
		       "http://b.test/debian/", NULL);
	assert_mirrors("cdrom:[Debian]/|bookworm|bookworm|Debian|main\n"
		       "mirror+file:/etc/apt/list/|bookworm|bookworm|Debian|main\n",
		       "mirror+file:/etc/apt/list/", NULL);
	assert_mirrors("", NULL, NULL);
	assert_mirrors("a|b|c\nhttp://x|bookworm|bookworm|Debian|main|more\n||||\n", NULL, NULL);
	AUTO_FREE char *first =
		debian_mirror_list_first("# best first\n\n https://a.test/debian\tpriority:1\nhttps://b.test\n");
	assert_string_equal(first, "https://a.test/debian/");
	assert_null(debian_mirror_list_first("# none\n"));
}

static void urls(void **state)
{
	static const char *const cases[][2] = {
		{"http://mirror.test/debian/pool/main/q/qemu/qemu_7.2%2bdfsg-7%7erc1.dsc",
		 "debian:pool/main/q/qemu/qemu_7.2+dfsg-7~rc1.dsc"},
		{"http://mirror.test/debian-security/pool/updates/main/x/x_1%3a2_arm64.deb",
		 "debian-security:pool/updates/main/x/x_1:2_arm64.deb"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *url = NULL;
		AUTO_FREE char *back = NULL;
		assert_ok(debian_hide_host(&mirrors, cases[i][0], &url));
		assert_string_equal(url, cases[i][1]);
		assert_true(debian_is_url(url));
		assert_ok(debian_url_of(&mirrors, url, &back));
		assert_string_equal(back, cases[i][0]);
	}
	char *none = NULL;
	assert_fails(debian_hide_host(&mirrors, "http://other.test/debian/x", &none), ERR_CORRUPT, "not below");
	const struct debian_mirrors plain = {.main = (char *)"http://m/"};
	assert_fails(debian_url_of(&plain, "debian-security:pool/x", &none), ERR_ABSENT, "no security archive");
	assert_fails(debian_url_of(&plain, "debian:pool/../../x", &none), ERR_CORRUPT, "names no file of an archive");
	/* A security archive below the main one's URL. */
	const struct debian_mirrors nested = {.main = (char *)"http://m/", .security = (char *)"http://m/security/"};
	AUTO_FREE char *url = NULL;
	assert_ok(debian_hide_host(&nested, "http://m/security/pool/x", &url));
	assert_string_equal(url, "debian-security:pool/x");
	assert_false(debian_is_url("https://debian:80/"));
}

static void sources(void **state)
{
	(void)state;
	AUTO(str) full = STR_INIT;
	AUTO(str) sid = STR_INIT;
	debian_sources(&mirrors, "deb-src", "trixie", "/k.gpg", &full);
	assert_string_equal(str_text(&full),
			    "deb-src [signed-by=/k.gpg] http://mirror.test/debian/ trixie main\n"
			    "deb-src [signed-by=/k.gpg] http://mirror.test/debian/ trixie-updates main\n"
			    "deb-src [signed-by=/k.gpg] http://mirror.test/debian-security/ trixie-security main\n");
	debian_sources(&mirrors, "deb", "sid", NULL, &sid);
	debian_sources(&mirrors, "deb", "bookworm-backports", NULL, &sid);
	assert_string_equal(str_text(&sid), "deb http://mirror.test/debian/ sid main\n"
					    "deb http://mirror.test/debian/ bookworm-backports main\n");
}

static void uri_lines(void **state)
{
	(void)state;
	bool is_uri = false;
	AUTO(debian_uri) uri = {.uri = NULL};
	assert_ok(debian_parse_uri("'http://m/debian/pool/q_1%2b2.deb' q_1%3a1%2b2_amd64.deb 1234 SHA256:" HEX, &is_uri,
				   &uri));
	assert_true(is_uri);
	assert_string_equal(uri.uri, "http://m/debian/pool/q_1%2b2.deb");
	assert_string_equal(uri.name, "q_1:1+2_amd64.deb");
	assert_int_equal(uri.size, 1234);
	assert_string_equal(uri.sha256, HEX);
	AUTO_FREE char *version = debian_deb_version(uri.name);
	assert_string_equal(version, "1:1+2");
	struct debian_uri none;
	assert_ok(debian_parse_uri("Reading package lists...", &is_uri, &none));
	assert_false(is_uri);
	assert_ok(debian_parse_uri("", &is_uri, &none));
	assert_false(is_uri);
	assert_fails(debian_parse_uri("'http://m/x' x 12 MD5Sum:0123", &is_uri, &none), ERR_CORRUPT, "no SHA-256");
	assert_fails(debian_parse_uri("'http://m/x' x 12 SHA256:012", &is_uri, &none), ERR_CORRUPT, "no SHA-256");
	assert_fails(debian_parse_uri("'http://m/x' x 12 ", &is_uri, &none), ERR_CORRUPT, "not a file of an archive");
	assert_fails(debian_parse_uri("'http://m/x' x many SHA256:" HEX, &is_uri, &none), ERR_CORRUPT,
		     "not a file of an archive");
	assert_fails(debian_parse_uri("' x 12 SHA256:" HEX, &is_uri, &none), ERR_CORRUPT, "not a file of an archive");
	assert_fails(debian_parse_uri("'http://m/x' a/x 12 SHA256:" HEX, &is_uri, &none), ERR_CORRUPT,
		     "not a file of an archive");
	assert_fails(debian_parse_uri("'http://m/x' a%2fx 12 SHA256:" HEX, &is_uri, &none), ERR_CORRUPT,
		     "not a file of an archive");
	assert_null(debian_deb_version("qemu_7.2.dsc"));
	assert_null(debian_deb_version("plain.deb"));
	assert_null(debian_deb_version("a__b.deb"));
}

static void stanzas(void **state)
{
	static const char text[] =
		"Package: qemu\nVersion: 1:7.2+dfsg-7+deb12u18\nChecksums-Sha256:\n"
		" " HEX " 6603 qemu_7.2+dfsg-7+deb12u18.dsc\n " HEX " 99 qemu_7.2+dfsg.orig.tar.xz\n"
		"\n"
		"Package: qemu\nChecksums-Sha256:\n " HEX " 6603 qemu_7.2+dfsg-7+deb12u16.dsc\n"
		"Version: 1:7.2+dfsg-7+deb12u16\n"
		"\n"
		"Package: seabios\nVersion: 1.16\nFilename: pool/main/s/seabios/seabios_1.16_all.deb\n";
	(void)state;
	AUTO_FREE char *new = debian_stanza_version(text, "qemu_7.2+dfsg-7+deb12u18.dsc");
	AUTO_FREE char *old = debian_stanza_version(text, "qemu_7.2+dfsg-7+deb12u16.dsc");
	AUTO_FREE char *deb = debian_stanza_version(text, "seabios_1.16_all.deb");
	assert_string_equal(new, "1:7.2+dfsg-7+deb12u18");
	assert_string_equal(old, "1:7.2+dfsg-7+deb12u16");
	assert_string_equal(deb, "1.16");
	assert_null(debian_stanza_version(text, "u18.dsc"));
	assert_null(debian_stanza_version("", "x"));
}

static void upstream(void **state)
{
	static const char *const pairs[][2] = {
		{"1:10.0.13+ds-0+deb13u1", "10.0.13"}, {"1:7.2+dfsg-7+deb12u18", "7.2"},
		{"1:11.1.3+ds-1~bpo13+1", "11.1.3"},   {"2.10-3", "2.10"},
		{"1.16~rc1-2-1", "1.16~rc1-2"},        {"12", "12"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO_FREE char *version = debian_upstream_version(pairs[i][0]);
		assert_string_equal(version, pairs[i][1]);
	}
}

/* --- a build whose version is its source's --- */

static const struct recipe_target linux_x86 = {.os = OS_LINUX, .arch = ARCH_X86_64, .guest_arch = ARCH_X86_64};

static struct lock_entry resolved(const char *version)
{
	static struct lock_file file = {.name = (char *)"q.dsc", .url = (char *)"debian:q.dsc", .sha256 = (char *)HEX};
	return (struct lock_entry){.reference = (char *)"debian-source:qemu:trixie",
				   .version = (char *)version,
				   .files = &file,
				   .file_count = 1};
}

/* A lock with that one entry, or with none. */
static struct lock *lock_of(const char *dir, const char *version)
{
	AUTO_FREE char *path = path_join(dir, "cooper.lock");
	struct lock_entry entry = resolved(version);
	struct lock *lock = NULL;
	assert_ok(file_remove(path));
	assert_ok(lock_open(path, &lock));
	if (version)
		assert_ok(lock_put(lock, &entry));
	return lock;
}

static struct err *load_with(const char *stated, const char *locked, const char *asked, struct recipe **ret)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "qemu.yaml");
	AUTO_FREE char *text = mem_printf("kind: build\nname: qemu\n%s"
					  "source: [{ debian-source: qemu, suite: trixie }]\n"
					  "patches:\n"
					  "  - { file: old.patch, when: { version: \"< 8\" } }\n"
					  "  - { file: new.patch, when: { version: \">= 10.0, < 10.1\" } }\n"
					  "install: [[make, install]]\n",
					  stated);
	struct lock *lock = lock_of(dir, locked);
	struct lock_entry entry = resolved(asked);
	AUTO(strs) roots = STRS_INIT;
	assert_ok(file_write(path, text, strlen(text), 0644));
	struct err *e = source_load(path, &linux_x86, &roots, lock, asked ? &entry : NULL, ret);
	lock_free(lock);
	return e;
}

static void assert_loads(const char *stated, const char *locked, const char *asked, const char *version,
			 const char *patch)
{
	struct recipe *r = NULL;
	assert_ok(load_with(stated, locked, asked, &r));
	assert_string_equal(r->version, version);
	assert_int_equal(r->patch_count, patch ? 1 : 0);
	if (patch)
		assert_string_equal(r->patches[0].file, patch);
	recipe_free(r);
}

static void version_of_source(void **state)
{
	struct recipe *none = NULL;
	(void)state;
	assert_loads("", NULL, NULL, "", NULL);
	assert_loads("", "1:10.0.13+ds-0+deb13u1", NULL, "10.0.13", "new.patch");
	assert_loads("", "1:7.2+dfsg-7+deb12u18", NULL, "7.2", "old.patch");
	assert_loads("", "1:7.2+dfsg-7+deb12u18", "1:10.0.14+ds-1", "10.0.14", "new.patch");
	assert_loads("version: 7.2.22\n", NULL, NULL, "7.2.22", "old.patch");
	assert_loads("version: 7.2.22\n", "1:7.2+dfsg-7+deb12u18", NULL, "7.2.22", "old.patch");
	assert_fails(load_with("version: 7.2.22\n", "1:10.0.13+ds-0+deb13u1", NULL, &none), ERR_USAGE,
		     "has version 7.2.22, but its source is 10.0.13");
	assert_fails(load_with("version: 10.0.1\n", "10.0.13-1", NULL, &none), ERR_USAGE, "remove 'version'");
	assert_null(none);
}

static void names(void **state)
{
	static const char *const good[] = {"qemu", "g++", "libstdc++6", "python3.11", "0ad", "linux-image-arm64"};
	static const char *const bad[] = {"",         "a",      "-oDir=x", "qemu-",      "Qemu", "qemu user", "../x",
					  "qemu/sid", "qemu=1", "?all",    "qemu:arm64", "q*",   "+x"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(debian_name_valid(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(debian_name_valid(bad[i]));
	struct lock_entry none = {.reference = NULL};
	assert_fails(debian_resolve_source("-oX=y", NULL, "/nonexistent", NULL, &none), ERR_USAGE,
		     "not a Debian package name");
}

static void gone(void **state)
{
	(void)state;
	assert_fails(debian_explain_gone(err_new(ERR_NET, "the server does not have it (HTTP 404)")), ERR_NET,
		     "the pinned version is no longer in the archive");
	assert_fails(debian_explain_gone(err_new(ERR_NET, "HTTP 500")), ERR_NET, "HTTP 500");
	assert_null(debian_explain_gone(NULL));
}

static void live(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *url = NULL;
	AUTO(lock_entry) entry = {.reference = NULL};
	struct err *e = debian_resolve_source("hello", NULL, dir, NULL, &entry);
	if (err_is(e, ERR_NET) || (err_is(e, ERR_ABSENT) && !entry.file_count)) {
		AUTO_FREE char *text = mem_strdup(e->message);
		print_message("SKIPPED: live resolving: %s\n", text);
		err_free(e);
		return;
	}
	assert_ok(e);
	assert_true(entry.file_count >= 3);
	assert_non_null(entry.version);
	for (size_t i = 0; i < entry.file_count; i++) {
		assert_true(str_starts(entry.files[i].url, "debian:pool/main/h/hello/"));
		assert_true(digest_valid(DIGEST_SHA256, entry.files[i].sha256));
		assert_true(entry.files[i].size > 0);
	}
	assert_ok(debian_expand_url(entry.files[0].url, &url));
	assert_non_null(strstr(url, "/pool/main/h/hello/hello_"));
	AUTO(lock_entry) none = {.reference = NULL};
	assert_fails(debian_resolve_source("no-such-source-package", NULL, dir, NULL, &none), ERR_ABSENT,
		     "check the name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_mirrors), cmocka_unit_test(urls),
		cmocka_unit_test(sources),       cmocka_unit_test(uri_lines),
		cmocka_unit_test(stanzas),       cmocka_unit_test(names),
		cmocka_unit_test(gone),          cmocka_unit_test(live),
		cmocka_unit_test(upstream),      cmocka_unit_test(version_of_source),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

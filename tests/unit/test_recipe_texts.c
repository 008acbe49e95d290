/* The kinds of text: what is valid, that pattern and check agree, and how versions compare. */
#include "harness.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "recipe/texts.h"
#include "recipe/version.h"

#define HEX8 "2aa0e420"
#define HEX40 HEX8 HEX8 HEX8 HEX8 HEX8
#define HEX64 HEX40 HEX8 HEX8 HEX8

/* A check may be stricter than its pattern, never the other way round. */
enum { REFUSED, VALID, PATTERN_ONLY };

static const struct {
	enum text_kind kind;
	const char *text;
	int expected;
} cases[] = {
	{TEXT_NAME, "qemu-debian", VALID},
	{TEXT_NAME, "Qemu", REFUSED},
	{TEXT_NAME, "-x", REFUSED},
	{TEXT_NAME, "", REFUSED},
	{TEXT_NAME, "a b", REFUSED},
	{TEXT_NAME, HEX64, REFUSED},
	{TEXT_NAME, HEX40 "123456789012345678901 23", REFUSED},
	{TEXT_MACHINE, "dev-1", VALID},
	{TEXT_MACHINE, "1dev", REFUSED},
	{TEXT_MACHINE, "abcdefghijklmnopqrstuvwxyz123456", VALID},
	{TEXT_MACHINE, "abcdefghijklmnopqrstuvwxyz1234567", REFUSED},
	{TEXT_PACKAGE, "libglib2.0-dev", VALID},
	{TEXT_PACKAGE, "g++", VALID},
	{TEXT_PACKAGE, "python@3.12", VALID},
	{TEXT_PACKAGE, "-y", REFUSED},
	{TEXT_PACKAGE, "openssh-server-", REFUSED}, /* to apt: remove it */
	{TEXT_PACKAGE, "openssh-server_", REFUSED},
	{TEXT_PACKAGE, "l.b.ssl.", REFUSED},
	{TEXT_PACKAGE, "x", VALID},
	{TEXT_PACKAGE, "a=1", REFUSED},
	{TEXT_SUITE, "trixie-updates", VALID},
	{TEXT_SUITE, "13", REFUSED},
	{TEXT_VERSION, "1:7.2+dfsg-7+deb12u18", VALID},
	{TEXT_VERSION, "11.0~rc1", VALID},
	{TEXT_VERSION, ".1", REFUSED},
	{TEXT_TAG, "v1.2.3", VALID},
	{TEXT_TAG, "pkg/v1.2.3", VALID},
	{TEXT_TAG, "@scope/pkg@1.2.3", VALID},
	{TEXT_TAG, "release/1.0+build_7", VALID},
	{TEXT_TAG, "-v1", REFUSED},
	{TEXT_TAG, "@", PATTERN_ONLY},
	{TEXT_TAG, "/v1", REFUSED},
	{TEXT_TAG, "v1/", PATTERN_ONLY},
	{TEXT_TAG, "v1.", PATTERN_ONLY},
	{TEXT_TAG, "v1.lock", PATTERN_ONLY},
	{TEXT_TAG, "v1.lock/x", PATTERN_ONLY},
	{TEXT_TAG, "a..b", PATTERN_ONLY},
	{TEXT_TAG, "a//b", PATTERN_ONLY},
	{TEXT_TAG, "a/.b", PATTERN_ONLY},
	{TEXT_TAG, "a@{1}", REFUSED},
	{TEXT_TAG, "a~1", REFUSED},
	{TEXT_TAG, "a:b", REFUSED},
	{TEXT_TAG, "a b", REFUSED},
	{TEXT_VERSION, "1/2", REFUSED},
	{TEXT_CONSTRAINT, "10.2", VALID},
	{TEXT_CONSTRAINT, ">= 10.2, < 11", VALID},
	{TEXT_CONSTRAINT, ">=10.2,<11", VALID},
	{TEXT_CONSTRAINT, "= 1", VALID},
	{TEXT_CONSTRAINT, "=> 1", REFUSED},
	{TEXT_CONSTRAINT, "== 1", REFUSED},
	{TEXT_CONSTRAINT, ">=", REFUSED},
	{TEXT_CONSTRAINT, ">= 1 < 2", REFUSED},
	{TEXT_CONSTRAINT, ">= 1,", REFUSED},
	{TEXT_CONSTRAINT, ",1", REFUSED},
	{TEXT_CONSTRAINT, "1,,2", REFUSED},
	{TEXT_CONSTRAINT, "1, ,2", REFUSED},
	{TEXT_CONSTRAINT, "1 ", VALID},
	{TEXT_ARCH, "amd64", VALID},
	{TEXT_ARCH, "aarch64", VALID},
	{TEXT_ARCH, "armhf", VALID},
	{TEXT_ARCH, "%s", REFUSED},
	{TEXT_ARCH, "all", REFUSED},
	{TEXT_ARCH, "x86", REFUSED},
	{TEXT_PACKAGE_ARCH, "all", VALID},
	{TEXT_PACKAGE_ARCH, "any", REFUSED},
	{TEXT_SHA256, HEX64, VALID},
	{TEXT_SHA256, HEX40, REFUSED},
	{TEXT_SHA256, HEX64 "0", REFUSED},
	{TEXT_SHA256, HEX40 HEX8 HEX8 "2AA0E420", REFUSED},
	{TEXT_SHA256, HEX40 HEX8 HEX8 "2aa0e42g", REFUSED},
	{TEXT_SHA512, HEX64 HEX64, VALID},
	{TEXT_SHA512, HEX64, REFUSED},
	{TEXT_FINGERPRINT, "CEACC9E15534EBABB82D3FA03353C9CEF108B584", VALID},
	{TEXT_FINGERPRINT, "ceacc9e15534ebabb82d3fa03353c9cef108b584", REFUSED},
	{TEXT_FINGERPRINT, "F108B584", REFUSED},
	{TEXT_URL, "https://example.org/a.tar.xz", VALID},
	{TEXT_URL, "http://example.org:8080/a?b=c", VALID},
	{TEXT_URL, "https://example.org/", PATTERN_ONLY},
	{TEXT_URL, "https://example.org", PATTERN_ONLY},
	{TEXT_URL, "https:///a", PATTERN_ONLY},
	{TEXT_URL, "https://u:p@example.org/a", PATTERN_ONLY},
	{TEXT_URL, "https://example.org/a b", PATTERN_ONLY},
	{TEXT_URL, "ftp://example.org/a", REFUSED},
	{TEXT_URL, "file:", REFUSED},
	{TEXT_URL, "file:../a.tar", REFUSED},
	{TEXT_URL, "file://host/a.tar", REFUSED},
	{TEXT_URL, "file:///a.tar", VALID},
	{TEXT_URL, "git:https://example.org/a.git#" HEX40, VALID},
	{TEXT_URL, "git:https://example.org/a.git#v1", PATTERN_ONLY},
	{TEXT_URL, "git:https://example.org/a.git", VALID}, /* with a tag beside it */
	{TEXT_URL, "git:ssh://example.org/a.git#" HEX40, PATTERN_ONLY},
	{TEXT_URL, "git:https://u@example.org/a.git#" HEX40, PATTERN_ONLY},
	{TEXT_URL, "oci:registry.example/a/b@sha256:" HEX64, REFUSED},
	{TEXT_URL, "debian:pool/main/q/qemu/a.deb", VALID},
	{TEXT_URL, "debian:dists/a", PATTERN_ONLY},
	{TEXT_URL, "debian:pool/../a", PATTERN_ONLY},
	{TEXT_HTTPS_URL, "https://example.org/a.sig", VALID},
	{TEXT_HTTPS_URL, "http://example.org/a.sig", REFUSED},
	{TEXT_SIZE, "2GiB", VALID},
	{TEXT_SIZE, "0B", VALID},
	{TEXT_SIZE, "2048", REFUSED},
	{TEXT_SIZE, "2 GiB", REFUSED},
	{TEXT_SIZE, "2G", REFUSED},
	{TEXT_SIZE, "-1B", REFUSED},
	{TEXT_SIZE, "9999999999999999999TiB", PATTERN_ONLY},
	{TEXT_DURATION, "500ms", VALID},
	{TEXT_DURATION, "5min", REFUSED},
	{TEXT_DURATION, "5", REFUSED},
	{TEXT_PATH, "a/b", VALID},
	{TEXT_PATH, "/a", REFUSED},
	{TEXT_PATH, "", REFUSED},
	{TEXT_PATH, "a/../b", PATTERN_ONLY},
	{TEXT_GUEST_PATH, "/etc/motd", VALID},
	{TEXT_GUEST_PATH, "etc", REFUSED},
	{TEXT_GUEST_PATH, "/", REFUSED},
	{TEXT_GUEST_PATH, "/a/../b", PATTERN_ONLY},
	{TEXT_SOCKET, "~/.docker/run/docker.sock", VALID},
	{TEXT_SOCKET, "/var/run/docker.sock", VALID},
	{TEXT_SOCKET, "none", VALID},
	{TEXT_SOCKET, "no", REFUSED},
	{TEXT_SOCKET, "./x.sock", REFUSED},
	{TEXT_SOCKET, "~/x", REFUSED},
	{TEXT_SOCKET, "/a/../x.sock", PATTERN_ONLY},
	{TEXT_HOST_PATH, "~/src", VALID},
	{TEXT_HOST_PATH, "~", VALID},
	{TEXT_HOST_PATH, "/", VALID},
	{TEXT_HOST_PATH, "src", REFUSED},
	{TEXT_HOST_PATH, "~root/x", PATTERN_ONLY},
	{TEXT_MODE, "0644", VALID},
	{TEXT_MODE, "644", REFUSED},
	{TEXT_MODE, "0688", REFUSED},
	{TEXT_MODE, "4755", REFUSED},
	{TEXT_PORT, "8080:80", VALID},
	{TEXT_PORT, "127.0.0.1:8080:80", VALID},
	{TEXT_PORT, "0.0.0.0:1:65535", VALID},
	{TEXT_PORT, "256.0.0.1:1:1", REFUSED},
	{TEXT_PORT, "127.0.0.010:1:1", REFUSED},
	{TEXT_PORT, "127.0.0.00:1:1", REFUSED},
	{TEXT_PORT, "1.2.3:1:1", REFUSED},
	{TEXT_PORT, "80", REFUSED},
	{TEXT_PORT, "0:80", REFUSED},
	{TEXT_PORT, "65536:80", REFUSED},
	{TEXT_PORT, "080:80", REFUSED},
	{TEXT_PORT, ":80", REFUSED},
	{TEXT_PORT, "80:", REFUSED},
	{TEXT_PORT, "1.1.1.1::80", REFUSED},
	{TEXT_VARIABLE, "CFLAGS", VALID},
	{TEXT_VARIABLE, "9X", REFUSED},
	{TEXT_VARIABLE, "A=B", REFUSED},
	{TEXT_USER, "core", VALID},
	{TEXT_USER, "Core", REFUSED},
	{TEXT_USER, "root", PATTERN_ONLY},
	{TEXT_GLOB, "../x", PATTERN_ONLY},
	{TEXT_GLOB, "/usr/share/man/*", VALID},
	{TEXT_LINE, "a\nb", PATTERN_ONLY},
	{TEXT_LINE, "a: b", VALID},
	{TEXT_ANY, "a\nb", VALID},
};

static bool matches(enum text_kind kind, const char *text)
{
	AUTO_FREE char *pattern = text_pattern(kind);
	regex_t re;
	if (!pattern)
		return true;
	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool found = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct text_rule *rule = text_rule_of(cases[i].kind);
		AUTO(str) why = STR_INIT;
		bool valid = text_check(cases[i].kind, cases[i].text, &why);
		if (valid != (cases[i].expected == VALID))
			fail_msg("%s '%s': %s", rule->name, cases[i].text, valid ? "valid" : str_text(&why));
		if (!valid && !*str_text(&why))
			fail_msg("%s '%s': refused without a reason", rule->name, cases[i].text);
		if (matches(cases[i].kind, cases[i].text) != (cases[i].expected != REFUSED))
			fail_msg("%s '%s': the pattern says otherwise", rule->name, cases[i].text);
	}
}

/* The example of each kind is one. */
static void test_examples(void **state)
{
	(void)state;
	for (int i = 0; i < TEXT_KIND_COUNT; i++) {
		const struct text_rule *rule = text_rule_of((enum text_kind)i);
		AUTO(str) why = STR_INIT;
		AUTO_FREE char *example = mem_strdup(rule->example);
		if (i == TEXT_SHA512)
			continue; /* told in words: it would fill two lines */
		if (*example == '"') {
			example[strlen(example) - 1] = '\0';
			memmove(example, example + 1, strlen(example));
		}
		if (!text_check((enum text_kind)i, example, &why) || !matches((enum text_kind)i, example))
			fail_msg("%s: the example '%s' %s", rule->name, example, str_text(&why));
	}
}

static void test_versions(void **state)
{
	(void)state;
	static const char *const ordered[] = {"0.9",     "1",   "1.0",  "1.0.1", "1.2", "1.10",
					      "2.0~rc1", "2.0", "2.0a", "2.0+b", "10"};
	for (size_t i = 0; i < ARRAY_LEN(ordered); i++)
		for (size_t j = 0; j < ARRAY_LEN(ordered); j++) {
			int d = version_compare(ordered[i], ordered[j]);
			if ((d < 0) != (i < j) || (d > 0) != (i > j))
				fail_msg("'%s' against '%s': %d", ordered[i], ordered[j], d);
		}
	assert_int_equal(version_compare("1.01", "1.1"), 0);
	assert_true(version_matches(">= 10.2, < 11", "10.2.3"));
	assert_true(version_matches(">=10.2.3", "10.2.3"));
	assert_false(version_matches(">= 10.2, < 11", "11.0"));
	assert_false(version_matches("> 10.2.3", "10.2.3"));
	assert_true(version_matches("<=10.2.3", "10.2.3"));
	assert_true(version_matches("10.2.3", "10.2.3"));
	assert_false(version_matches("= 10.2", "10.2.3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_examples),
					   cmocka_unit_test(test_versions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

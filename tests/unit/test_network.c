#include "harness.h"

#include <string.h>

#include "guest/network.h"

static const char *first(const struct strs *list)
{
	return list->count ? list->items[0] : "";
}

static void proxies(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *loopback, *want;
	} rows[] = {
		{"http_proxy", "http://proxy:3128", NULL, "http_proxy=http://proxy:3128"},
		{"https_proxy", "proxy:3128", NULL, "https_proxy=proxy:3128"},
		{"all_proxy", "socks5h://u:p%40x@proxy.example:1080/", NULL, "all_proxy=socks5h://u:p%40x@proxy.example:1080/"},
		{"http_proxy", "http://[2001:db8::1]:3128", NULL, "http_proxy=http://[2001:db8::1]:3128"},
		{"http_proxy", "http://localhost.example:1", NULL, "http_proxy=http://localhost.example:1"},
		{"http_proxy", "http://127.example", NULL, "http_proxy=http://127.example"},
		{"http_proxy", "http://LOCALHOST.:1", "10.0.2.2", "http_proxy=http://10.0.2.2:1"},
		{"http_proxy", "http://x.localhost:1", NULL, ""},
		{"http_proxy", "http://ip6-localhost:1", NULL, ""},
		{"http_proxy", "http://0:1", NULL, ""},
		{"http_proxy", "http://0.0.0.0:1", NULL, ""},
		{"http_proxy", "http://2130706433:1", NULL, ""},
		{"http_proxy", "http://[::ffff:127.0.0.1]:1", NULL, ""},
		{"http_proxy", "http://[0:0:0:0:0:0:0:1]:1", NULL, ""},
		{"http_proxy", "http://[::]:1", NULL, ""},
		{"http_proxy", "-x", NULL, ""},
		{"http_proxy", "==", NULL, ""},
		{"http_proxy", "http://p%n:1", NULL, ""},
		{"http_proxy", "http://u:%6@p:1", NULL, ""},
		{"http_proxy", "http://localhost:3128/x", "10.0.2.2", "http_proxy=http://10.0.2.2:3128/x"},
		{"http_proxy", "http://u:p@127.0.0.1:3128", "10.0.2.2", "http_proxy=http://u:p@10.0.2.2:3128"},
		{"http_proxy", "[::1]:3128", "10.0.2.2", "http_proxy=10.0.2.2:3128"},
		{"http_proxy", "http://u@[::1]", "10.0.2.2", "http_proxy=http://u@10.0.2.2"},
		{"http_proxy", "http://localhost:3128", NULL, ""},
		{"http_proxy", "http://user@localhost", NULL, ""},
		{"http_proxy", "http://a/@localhost", NULL, "http_proxy=http://a/@localhost"},
		{"http_proxy", "", NULL, ""},
		{"http_proxy", "http://a\"b", NULL, ""},
		{"http_proxy", "http://a b", NULL, ""},
		{"http_proxy", "http://a\\b", NULL, ""},
		{"http_proxy", "http://\xc3\xa9", NULL, ""},
		{"no_proxy", "", NULL, "no_proxy=localhost,127.0.0.1,::1"},
		{"no_proxy", " a ,\tb", NULL, "no_proxy=a,b,localhost,127.0.0.1,::1"},
		{"no_proxy", "*", NULL, "no_proxy=*,localhost,127.0.0.1,::1"},
		{"no_proxy", "a b c", NULL, "no_proxy=a,b,c,localhost,127.0.0.1,::1"},
		{"no_proxy", ",,a,,", NULL, "no_proxy=a,localhost,127.0.0.1,::1"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(guest_network) n = {.proxy = STRS_INIT};
		AUTO(strs) warnings = STRS_INIT;
		guest_network_add_proxy(&n, rows[i].name, rows[i].value, rows[i].loopback, &warnings);
		assert_string_equal(first(&n.proxy), rows[i].want);
		assert_int_equal(n.proxy.count, *rows[i].want ? 2 : 0); /* in capitals, too */
		assert_int_equal(warnings.count, *rows[i].want ? 0 : 1);
	}
}

/* The rest of the list is told. */
static void an_exception_that_is_none(void **state)
{
	(void)state;
	AUTO(guest_network) n = {.proxy = STRS_INIT};
	AUTO(strs) warnings = STRS_INIT;
	guest_network_add_proxy(&n, "no_proxy", "a,b|c,d", NULL, &warnings);
	assert_string_equal(first(&n.proxy), "no_proxy=a,d,localhost,127.0.0.1,::1");
	assert_string_equal(first(&warnings), "no_proxy: entry 2 is no name of a host: the machine does not get it");
}

static void no_password_in_a_warning(void **state)
{
	(void)state;
	static const char *const values[] = {"http://u:pa55@localhost:1", "http://u:pa55 @proxy", "http://u:pa55\n@proxy"};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		AUTO(guest_network) n = {.proxy = STRS_INIT};
		AUTO(strs) warnings = STRS_INIT;
		guest_network_add_proxy(&n, "https_proxy", values[i], NULL, &warnings);
		assert_int_equal(warnings.count, 1);
		assert_null(strstr(first(&warnings), "pa55"));
	}
}

#define PEM(body) "-----BEGIN CERTIFICATE-----\n" body "\n-----END CERTIFICATE-----\n"

static void certificates(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t count;
	} rows[] = {
		{"", 0},
		{"words", 0},
		{PEM("b25l"), 1},
		{"a\n" PEM("b25l") "b\n" PEM("dHdv"), 2},
		{PEM("b25l") PEM("b25l"), 1},
		{"-----BEGIN CERTIFICATE-----\r\nb25l\r\n-----END CERTIFICATE-----\r\n" PEM("b25l"), 1},
		{"-----BEGIN CERTIFICATE-----\nb25l", 0},
		{"-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", 0},
		{"-----BEGIN CERTIFICATE-----\nb25l\n" PEM("dHdv"), 1},
		{PEM(""), 0},
		{PEM("x'; rm -rf /; '"), 0},
		{PEM("b25l\nCOOPER_END_OF_TEXT\nid"), 0},
		{"-----BEGIN PRIVATE KEY-----\nb25l\n-----END PRIVATE KEY-----\n", 0},
		{"-----BEGIN TRUSTED CERTIFICATE-----\nb25l\n-----END TRUSTED CERTIFICATE-----\n", 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(guest_network) n = {.proxy = STRS_INIT};
		guest_network_add_certificates(&n, rows[i].text);
		assert_int_equal(n.certificates.count, rows[i].count);
	}
}

/* Every system has a place for authorities, and what was told is taken back by the same script with nothing in it. */
static void script(void **state)
{
	(void)state;
	static const char *const names[] = {"debian", "fedora-coreos"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct guest_os *os = guest_os_find(names[i]);
		AUTO(guest_network) n = {.proxy = STRS_INIT};
		AUTO(strs) warnings = STRS_INIT;
		AUTO_FREE char *empty = guest_network_script(&n, os, "core", 501);
		guest_network_add_proxy(&n, "https_proxy", "http://proxy:1", NULL, &warnings);
		guest_network_add_certificates(&n, PEM("b25l"));
		AUTO_FREE char *full = guest_network_script(&n, os, "core", 501);
		assert_non_null(strstr(full, "https_proxy=http://proxy:1\nHTTPS_PROXY=http://proxy:1\n"));
		assert_non_null(strstr(full, os->anchors));
		assert_non_null(strstr(full, os->anchors_own));
		assert_non_null(strstr(full, PEM("b25l")));
		assert_non_null(strstr(full, os->anchors_update));
		assert_non_null(strstr(full, "/run/user/501"));
		assert_null(strstr(empty, "proxy:1"));
		for (const char *p = strstr(full, "put 0"); p; p = strstr(p + 1, "put 0")) {
			AUTO_FREE char *path = mem_strndup(p + strlen("put 0644 "), strcspn(p + strlen("put 0644 "), " "));
			assert_non_null(strstr(empty, path));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proxies),
		cmocka_unit_test(an_exception_that_is_none),
		cmocka_unit_test(no_password_in_a_warning),
		cmocka_unit_test(certificates),
		cmocka_unit_test(script),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "net/fetch.h"
#include "net/fetch_env.h"
#include "net/fetch_headers.h"
#include "net/fetch_retry.h"
#include "net/fetch_url.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void shown_urls(void **state)
{
	static const char *const cases[][3] = {
		{"https://host/a/b.tar.xz", "https://host/a/b.tar.xz", "https://host"},
		{"https://me:secret@Host:8443/a?token=x#y", "https://Host:8443/a?...", "https://host:8443"},
		{"https://a@b@host/x", "https://host/x", "https://host"},
		{"https://host?q", "https://host?...", "https://host"},
		{"https://[::1]:80/x@y", "https://[::1]:80/x@y", "https://[::1]:80"},
		{"file:///a/b@c", "file:///a/b@c", "file:"},
		{"HTTP://host/a\x1b[1m", "HTTP://host/a\\x1b[1m", "http://host"},
		{"nothing", "nothing", "file:"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *shown = fetch_url_shown(cases[i][0]);
		AUTO_FREE char *origin = fetch_url_origin(cases[i][0]);
		assert_string_equal(shown, cases[i][1]);
		assert_string_equal(origin, cases[i][2]);
	}
	AUTO_FREE char *a = fetch_url_by_digest("https://m/x//", HEX, NULL);
	AUTO_FREE char *b = fetch_url_by_digest("https://m", NULL, "ffee");
	assert_string_equal(a, "https://m/x/sha256/01/" HEX);
	assert_string_equal(b, "https://m/sha512/ff/ffee");
}

static void allowed_urls(void **state)
{
	(void)state;
	assert_ok(fetch_url_check("HTTPS://x/y", false));
	assert_ok(fetch_url_check("file:///x", false));
	assert_ok(fetch_url_check("http://x/y", true));
	assert_fails(fetch_url_check("http://x/y", false), ERR_USAGE, "no digest protects it");
	assert_fails(fetch_url_check("ftp://x/y", true), ERR_USAGE, "cannot be fetched");
	assert_fails(fetch_url_check("httpsx://x/y", true), ERR_USAGE, "cannot be fetched");
	assert_ok(fetch_redirect_check("https://a", "https://b", 1, false));
	assert_ok(fetch_redirect_check("http://a", "http://b", 10, true));
	assert_ok(fetch_redirect_check("http://a", "https://b", 1, true));
	assert_fails(fetch_redirect_check("http://a", "https://b", 11, true), ERR_NET, "more than 10 redirects");
	assert_fails(fetch_redirect_check("https://a", "http://b", 1, true), ERR_NET, "from https");
	assert_fails(fetch_redirect_check("http://a", "http://b", 1, false), ERR_NET, "refused");
	assert_fails(fetch_redirect_check("http://a", "file:///etc/passwd", 1, true), ERR_NET, "'file:///etc/passwd'");
	assert_fails(fetch_redirect_check("file:///a", "http://b", 1, true), ERR_NET, "refused");
}

static void dates(void **state)
{
	(void)state;
	assert_int_equal(fetch_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	assert_int_equal(fetch_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
	assert_int_equal(fetch_date("Tue, 29 Feb 2028 23:59:60 GMT"), 1835481600);
	/* the two old forms, RFC 9110 section 5.6.7 */
	assert_int_equal(fetch_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	assert_int_equal(fetch_date("Sun Nov  6 08:49:37 1994"), 784111777);
	static const char *const bad[] = {"", "Sun, 06 anF 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
					  "Sun, 06 Nov 1994 24:49:37 GMT"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(fetch_date(bad[i]), -1);
}

static void ranges(void **state)
{
	static const struct {
		const char *text;
		bool fine;
		int64_t from, to, total;
	} cases[] = {
		{"bytes 5-9/10", true, 5, 9, 10},
		{"Bytes 0-0/1", true, 0, 0, 1},
		{"bytes 5-9/*", true, 5, 9, -1},
		{"bytes */10", true, -1, -1, 10},
		{"bytes 5-9", false, 0, 0, 0},
		{"bytes 9-5/10", false, 0, 0, 0},
		{"bytes 5-10/10", false, 0, 0, 0},
		{"bytes -5/10", false, 0, 0, 0},
		{"items 5-9/10", false, 0, 0, 0},
		{"bytes 5-9/10/11", false, 0, 0, 0},
		{"bytes 1-99999999999999999999/*", false, 0, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t from = 0, to = 0, total = 0;
		bool fine = fetch_parse_range(cases[i].text, &from, &to, &total);
		if (fine != cases[i].fine || from != cases[i].from || to != cases[i].to || total != cases[i].total)
			fail_msg("%s", cases[i].text);
	}
}

static void feed(struct fetch_head *h, const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		assert_ok(fetch_head_line(h, text, (size_t)(end + 1 - text)));
}

static void headers(void **state)
{
	(void)state;
	struct fetch_head h;
	fetch_head_init(&h);
	feed(&h, "HTTP/1.1 100 Continue\r\nETag: \"interim\"\r\n\r\nHTTP/2 206\r\ncontent-length: 12\r\n"
		 "Content-Range:bytes 3-14/15\r\nETag:  \"abc\" \r\nContent-Encoding: gzip\r\nnonsense\r\n");
	assert_false(h.ended);
	feed(&h, "\r\nETag: \"trailer\"\r\n");
	assert_true(h.ended);
	assert_int_equal(h.status, 206);
	assert_int_equal(h.length, 12);
	assert_int_equal(h.range_from, 3);
	assert_int_equal(h.range_total, 15);
	assert_string_equal(h.encoding, "gzip");
	assert_string_equal(fetch_head_validator(&h), "\"abc\"");
	fetch_head_done(&h);
	feed(&h, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\nContent-Length: 12x\r\n");
	assert_int_equal(h.length, -1);
	fetch_head_done(&h);
	AUTO_FREE char *big = mem_alloc(FETCH_HEAD_MAX);
	assert_ok(fetch_head_line(&h, big, FETCH_HEAD_MAX));
	assert_fails(fetch_head_line(&h, "x", 1), ERR_CORRUPT, "longer than 65536 bytes");
	fetch_head_done(&h);
}

static void validators(void **state)
{
#define OLD "Sun, 06 Nov 1994 08:49:37 GMT"
	static const char *const cases[][2] = {
		{"ETag: \"a\"\nLast-Modified: " OLD "\n", "\"a\""},
		{"ETag: W/\"a\"\n", NULL},
		{"ETag: a\n", NULL},
		{"ETag: W/\"a\"\nDate: Sun, 06 Nov 1994 08:49:38 GMT\nLast-Modified: " OLD "\n", OLD},
		{"Date: " OLD "\nLast-Modified: " OLD "\n", NULL},
		{"Last-Modified: " OLD "\n", NULL},
		{"Date: Sun, 06 Nov 1994 08:49:38 GMT\nLast-Modified: yesterday\n", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fetch_head h;
		fetch_head_init(&h);
		feed(&h, "HTTP/1.1 200 OK\n");
		feed(&h, cases[i][0]);
		assert_true(streq(fetch_head_validator(&h), cases[i][1]));
		fetch_head_done(&h);
	}
	assert_false(fetch_validator_ok("a\r\nHost: b"));
	assert_false(fetch_validator_ok(""));
	assert_true(fetch_validator_ok("\"a b\""));
}

static void pauses(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 5000; random += 7) {
		assert_in_range(fetch_backoff_ms(1, 500, 0, random), 0, 499);
		assert_in_range(fetch_backoff_ms(4, 500, 0, random), 0, 3999);
		assert_in_range(fetch_backoff_ms(99, 500, -1, random), 0, 31999);
		assert_in_range(fetch_backoff_ms(1, 500, 10, random), 10000, 10499);
		assert_in_range(fetch_backoff_ms(1, 500, 86400, random), 60000, 60499);
	}
	assert_int_equal(fetch_backoff_ms(3, 500, 0, 1999), 1999);
}

static void retries(void **state)
{
	(void)state;
	static const int again[] = {408, 421, 425, 429, 500, 502, 503, 504, 507, 509, 520,
				    521, 522, 523, 524, 525, 526, 527, 529, 530, 598, 599},
			 never[] = {0,   206, 300, 302, 304, 400, 401, 403, 404, 407, 410,
				    416, 451, 501, 505, 506, 508, 510, 511, 600, 999};
	struct fetch_trouble t = {.cause = FETCH_STATUS};
	for (size_t i = 0; i < ARRAY_LEN(again); i++) {
		t.status = again[i];
		assert_true(fetch_may_retry(&t));
	}
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		t.status = never[i];
		assert_false(fetch_may_retry(&t));
	}
	t.cause = FETCH_DNS;
	assert_true(fetch_may_retry(&t));
	t.cause = FETCH_TLS;
	assert_false(fetch_may_retry(&t));
}

static void explanations(void **state)
{
	static const struct {
		enum fetch_cause cause;
		int status;
		const char *reason;
		enum err_kind kind;
		const char *part;
	} cases[] = {
		{FETCH_TLS, 0, "SSL certificate problem: certificate has expired", ERR_NET,
		 "check this computer's clock"},
		{FETCH_TLS, 0, "SSL certificate problem: certificate is not yet valid", ERR_NET, "not valid yet"},
		{FETCH_TLS, 0, "SSL: no alternative certificate subject name matches target host name 'x'", ERR_NET,
		 "another name"},
		{FETCH_TLS, 0, "SSL certificate problem: unable to get local issuer certificate", ERR_NET,
		 "in use: /ca.pem"},
		{FETCH_TLS, 0, "SSL certificate problem: self-signed certificate in certificate chain", ERR_NET,
		 "SSL_CERT_FILE"},
		{FETCH_TLS, 0, "wrong version number", ERR_NET, "wrong version number"},
		{FETCH_CA_FILE, 0, "x", ERR_NET, "correct or unset SSL_CERT_FILE"},
		{FETCH_STATUS, 404, NULL, ERR_NET, "cooper.lock"},
		{FETCH_STATUS, 407, NULL, ERR_NET, "https_proxy"},
		{FETCH_STATUS, 401, NULL, ERR_NET, ".netrc"},
		{FETCH_STATUS, 500, NULL, ERR_NET, "later"},
		{FETCH_STATUS, 400, NULL, ERR_NET, "check the URL"},
		{FETCH_DNS, 0, "no such host", ERR_NET, "cannot be found: no such host"},
		{FETCH_CONNECT, 0, "refused", ERR_NET, "no connection to https://host: refused"},
		{FETCH_SHORT, 0, NULL, ERR_NET, "after 5 of 10 bytes"},
		{FETCH_STALL, 0, NULL, ERR_NET, "sent almost nothing for 30 s"},
		{FETCH_TOO_LONG, 0, NULL, ERR_CORRUPT, "more than the expected 10 bytes"},
		{FETCH_LENGTH, 0, NULL, ERR_CORRUPT, "5 bytes instead of 10"},
		{FETCH_HEADERS, 0, NULL, ERR_NET, "no end"},
		{FETCH_FILE, 0, NULL, ERR_OS, "cannot be read"},
		{FETCH_OTHER, 0, NULL, ERR_NET, "no reason given"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fetch_trouble t = {.cause = cases[i].cause,
					  .status = cases[i].status,
					  .reason = cases[i].reason,
					  .bytes = 5,
					  .limit = 10,
					  .seconds = 30,
					  .origin = "https://host",
					  .ca = "/ca.pem",
					  .ca_env = "SSL_CERT_FILE"};
		struct err *e = fetch_explain(&t);
		assert_non_null(e->hint);
		assert_fails(e, cases[i].kind, cases[i].part);
	}
}

static void url_lists(void **state)
{
	(void)state;
	const char *mirrors[] = {"https://b/x", "file:///c/x", NULL};
	struct fetch_request r = {.url = "https://a/x", .mirrors = mirrors, .sha256 = HEX, .size = -1};
	struct fetch_env env = {.by_digest = "http://m"};
	AUTO(strs) urls = STRS_INIT;
	AUTO(strs) reachable = STRS_INIT;
	AUTO(strs) local = STRS_INIT;
	size_t primary = 9;
	assert_ok(fetch_env_urls(&env, &r, &urls, &primary));
	AUTO_FREE char *text = strs_join(&urls, " ");
	assert_string_equal(text, "http://m/sha256/01/" HEX " https://a/x https://b/x file:///c/x");
	assert_int_equal(primary, 1);
	env.offline = true;
	assert_ok(fetch_env_urls(&env, &r, &reachable, &primary));
	AUTO_FREE char *text2 = strs_join(&reachable, " ");
	assert_string_equal(text2, "file:///c/x");
	assert_int_equal(primary, 0);
	r.url = "file:///d";
	r.mirrors = NULL;
	assert_ok(fetch_env_urls(&env, &r, &local, &primary)); /* no detour for a local file */
	assert_int_equal(local.count, 1);
	r.url = "http://a/x";
	assert_fails(fetch_env_urls(&env, &r, &local, &primary), ERR_USAGE, "no digest protects it");
	env.by_digest = "rsync://m";
	assert_fails(fetch_env_urls(&env, &r, &local, &primary), ERR_USAGE, "COOPER_MIRROR");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown_urls), cmocka_unit_test(allowed_urls), cmocka_unit_test(dates),
		cmocka_unit_test(ranges),     cmocka_unit_test(headers),      cmocka_unit_test(validators),
		cmocka_unit_test(pauses),     cmocka_unit_test(retries),      cmocka_unit_test(explanations),
		cmocka_unit_test(url_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

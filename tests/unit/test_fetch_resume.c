#include "fetch_server.h"

#include <pthread.h>

#include "fmt/json.h"

static void short_bodies(void **state)
{
	(void)state;
	assert_fails(get("short"), ERR_NET, "goes on where it stopped");
	assert_fails(get("quietshort"), ERR_NET, "ended after 300000 of 600000 bytes");
	assert_nothing("quietshort.x");
	/* What arrived of the first stays, with a note that tells where it is from. */
	AUTO_FREE char *part = path_of("short.part");
	AUTO_FREE char *note_path = path_of("short.part.json");
	AUTO_JSON *note = NULL;
	assert_int_equal(file_size(part), SIZE / 2);
	assert_ok(json_read(note_path, &note));
	assert_string_equal(json_get_text(note, "etag"), "\"one\"");
	assert_int_equal(json_get_int(note, "total", -1), SIZE);
	/* The next run asks for the rest alone. */
	AUTO_FREE char *url = mem_printf("%s/ok/%d/rest", server.base, SIZE);
	AUTO_FREE char *last = NULL;
	assert_ok(get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "short", NULL));
	assert_got("short");
	assert_int_equal(server_asked(&server, "/rest", &last), 1);
	assert_non_null(strstr(last, "bytes=300000- -")); /* another URL: no If-Range, the digest decides */
}

static void resumes(void **state)
{
	static const struct {
		const char *fault;
		const char *second; /* Range and If-Range of the second request */
		size_t requests;
	} cases[] = {
		{"cut", "bytes=300000- \"one\"", 2},
		{"reset", "- \"one\"", 2},
		{"dated", "bytes=300000- Sun,_06_Nov_1994_08:49:37_GMT", 2},
		{"changed", "bytes=300000- \"old\"", 2},    /* 200: the whole */
		{"wholeagain", "bytes=300000- \"one\"", 2}, /* 200 for a range */
		{"wrongrange", " - - ", 3},                 /* a wrong 206: without a range then */
		{"spliced", " - - ", 3},                    /* two versions joined: the digest tells */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *last = NULL;
		AUTO_FREE char *part = mem_printf("/%s/", cases[i].fault);
		assert_ok(get(cases[i].fault));
		assert_got(cases[i].fault);
		assert_int_equal(server_asked(&server, part, &last), cases[i].requests);
		if (!strstr(last, cases[i].second))
			fail_msg("%s: the last request was '%s'", cases[i].fault, last);
	}
}

static void whole_part(void **state)
{
	(void)state;
	/* A part that is complete: verified and renamed, nobody is asked. */
	unsigned char *body = server_body(SIZE);
	AUTO_FREE char *part = path_of("whole.part");
	AUTO_FREE char *note = path_of("whole.part.json");
	AUTO_FREE char *url = mem_printf("/ok/%d/complete", SIZE);
	struct fetch_request r = {.url = url, .sha256 = right, .size = SIZE};
	static const char text[] = "{\"url\":\"http://somewhere\",\"etag\":\"\\\"one\\\"\",\"total\":600000}";
	assert_ok(file_write(part, body, SIZE, 0600));
	assert_ok(file_write(note, text, strlen(text), 0600));
	assert_ok(get_with(r, "whole", NULL));
	assert_got("whole");
	assert_int_equal(server_asked(&server, "/complete", NULL), 0);
	/* One that is spoilt, and one with a note that is none: over again. */
	body[17] ^= 1;
	AUTO_FREE char *part2 = path_of("whole2.part");
	AUTO_FREE char *note2 = path_of("whole2.part.json");
	assert_ok(file_write(part2, body, SIZE, 0600));
	assert_ok(file_write(note2, text, strlen(text), 0600));
	assert_ok(get_with(r, "whole2", NULL));
	assert_got("whole2");
	assert_ok(file_write(part2, body, SIZE, 0600));
	static const char bad[] = "{\"url\":\"x\",\"etag\":\"\\\"a\\nb\\\"\",\"total\":600000}";
	assert_ok(file_write(note2, bad, strlen(bad), 0600));
	AUTO_FREE char *target2 = path_of("whole2");
	assert_ok(file_remove(target2));
	assert_ok(get_with(r, "whole2", NULL));
	assert_got("whole2");
	assert_int_equal(server_asked(&server, "/complete", NULL), 2);
	assert_int_equal(server_asked(&server, "/complete - -", NULL), 2);
	/* A part as long as the server's file, of unknown size: 416 tells that it is whole. */
	body[17] ^= 1;
	AUTO_FREE char *part3 = path_of("whole3.part");
	AUTO_FREE char *note3 = path_of("whole3.part.json");
	r.size = -1;
	assert_ok(file_write(part3, body, SIZE, 0600));
	assert_ok(file_write(note3, text, strlen(text), 0600));
	assert_ok(get_with(r, "whole3", NULL));
	assert_got("whole3");
	free(body);
}

static void many(void **state)
{
	enum { COUNT = 40, BYTES = 2000 };
	(void)state;
	struct fetch_request r[COUNT];
	char hex[SHA256_HEX];
	AUTO(strs) owned = STRS_INIT;
	struct counter c = {.sink = {count_event}};
	server_digest(BYTES, hex);
	for (size_t i = 0; i < COUNT; i++) {
		strs_addf(&owned, "%s/%s/%d/many/%zu", server.base, i == 7 ? "wrongdigest" : "ok", BYTES, i);
		strs_addf(&owned, "%s/many-%zu", dir, i);
		r[i] = (struct fetch_request){.url = owned.items[2 * i],
					      .target = owned.items[2 * i + 1],
					      .sha256 = hex,
					      .size = BYTES,
					      .step = "many",
					      .allow_http = true};
	}
	r[9].target = r[8].target; /* twice the same: fetched once */
	assert_fails(fetch_run(r, COUNT, 0, &c.sink), ERR_CORRUPT, "/many/7");
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(file_exists(r[i].target), i != 7);
	assert_int_equal(server_asked(&server, "/many/", NULL), COUNT - 1);
	assert_int_equal(c.total, COUNT * BYTES);
	AUTO_FREE char *text = NULL;
	AUTO(strs) connections = STRS_INIT, lines = STRS_INIT;
	assert_ok(file_read(server.log, 1 << 20, &text, NULL));
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		lines.items[i][strstr(lines.items[i], "/many/") ? strcspn(lines.items[i], " ") : 0] = '\0';
		if (*lines.items[i] && !strs_has(&connections, lines.items[i]))
			strs_add(&connections, lines.items[i]);
	}
	assert_true(connections.count <= 7); /* 6 at once; the one after a stopped body is new */
	str_done(&c.notes);
}

static void *fetch_slow(void *user)
{
	struct counter *c = user;
	AUTO_FREE char *url = mem_printf("/slow/%d", SIZE);
	return get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, "slow", &c->sink);
}

static void two_at_once(void **state)
{
	(void)state;
	struct counter a = {.sink = {count_event}}, b = {.sink = {count_event}};
	pthread_t first, second;
	void *e1 = NULL, *e2 = NULL;
	assert_int_equal(pthread_create(&first, NULL, fetch_slow, &a), 0);
	assert_int_equal(pthread_create(&second, NULL, fetch_slow, &b), 0);
	pthread_join(first, &e1);
	pthread_join(second, &e2);
	assert_ok(e1);
	assert_ok(e2);
	assert_got("slow");
	assert_int_equal(server_asked(&server, "/slow/", NULL), 1);
	assert_true((a.notes.len > 0) != (b.notes.len > 0)); /* one of them waited, and said so */
	str_done(&a.notes);
	str_done(&b.notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_bodies), cmocka_unit_test(resumes),     cmocka_unit_test(whole_part),
		cmocka_unit_test(many),         cmocka_unit_test(two_at_once),
	};
	return RUN_WITH_SERVER(tests);
}

#include "fetch_server.h"

#include "fmt/json.h"

static void short_bodies(void **state)
{
	(void)state;
	assert_fails(get("short"), ERR_NET, "resumes where it stopped");
	assert_fails(get("quietshort"), ERR_NET, "ended after 300000 of 600000 bytes");
	assert_nothing("quietshort.x");
	/* What arrived of the first stays, with a note that tells where it is from. */
	AUTO_FREE char *part = path_of("short.part");
	AUTO_FREE char *note_path = path_of("short.part.json");
	AUTO_JSON *note = NULL;
	assert_int_equal(size_of(part), SIZE / 2);
	assert_ok(js_read(note_path, &note));
	assert_string_equal(js_get_text(note, "etag"), "\"one\"");
	assert_int_equal(js_get_int(note, "total", -1), SIZE);
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
		{"cutchunk", "bytes=300000- \"one\"", 2},
		{"unended", " - - ", 1}, /* all the bytes are there, and the digest holds */
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

/* Without a digest nobody would notice: what is joined must be of one version, and all of it. */
static void no_digest_decides(void **state)
{
	static const char *const faults[] = {"ignorant", "piecewise", "wrongrange", "grown"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		AUTO_FREE char *url = mem_printf("/%s/%d", faults[i], SIZE);
		struct fetch_request r = {.url = url, .size = -1, .allow_local_http = true, .unverified = true};
		AUTO_FREE char *path = path_of(faults[i]);
		char hex[SHA256_HEX], wanted[SHA256_HEX];
		server_digest(SIZE, wanted);
		assert_ok(get_with(r, faults[i], NULL));
		assert_ok(digest_file(path, hex, NULL));
		assert_string_equal(hex, wanted);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_bodies),
		cmocka_unit_test(resumes),
		cmocka_unit_test(no_digest_decides),
		cmocka_unit_test(whole_part),
	};
	return RUN_WITH_SERVER(tests);
}

/*
 * fetch_server.h - starts tests/fakes/faulty_http.py and asks what it was asked; for the fetch tests alone
 */
#ifndef COOPER_TESTS_FETCH_SERVER_H
#define COOPER_TESTS_FETCH_SERVER_H

#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/str.h"
#include "base/units.h"
#include "fmt/digest.h"
#include "harness.h"
#include "net/fetch.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"

struct fetch_server {
	pid_t pid;
	char *dir;
	char *log;
	char *base; /* "http://127.0.0.1:PORT" */
	int64_t port;
};

/* Listening when this returns; the first @resets (a number, NULL = none) connections get no TLS handshake. */
static inline void server_start_late(struct fetch_server *s, const char *cert, const char *key, const char *resets)
{
	s->dir = test_dir();
	s->log = mem_printf("%s/log", s->dir);
	AUTO_FREE char *port_file = mem_printf("%s/port", s->dir);
	AUTO_FREE char *errors = mem_printf("%s/errors", s->dir);
	AUTO_FREE char *text = NULL;
	struct child_spec spec = {.argv = (const char *const[]){"python3", "tests/fakes/faulty_http.py", port_file,
								s->log, cert, key, resets, NULL},
				  .log_path = errors,
				  .die_with_parent = true};
	assert_ok(child_start(&spec, &s->pid));
	for (int tries = 0; !is_file(port_file) && tries < 500; tries++)
		tick_sleep_ms(10);
	assert_ok(file_read(port_file, 64, &text, NULL));
	text[strcspn(text, "\n")] = '\0';
	assert_true(num_parse(text, 1, 65535, &s->port));
	s->base = mem_printf("%s://127.0.0.1:%s", cert ? "https" : "http", text);
}

/* The same without resets; @cert NULL = plain HTTP. */
static inline void server_start(struct fetch_server *s, const char *cert, const char *key)
{
	server_start_late(s, cert, key, NULL);
}

static inline void server_stop(struct fetch_server *s)
{
	child_stop(s->pid, 0);
	free(s->dir);
	free(s->log);
	free(s->base);
}

/* Lines of the log that hold @part; the last one is kept in *ret_last (heap) where wanted. */
static inline size_t server_asked(const struct fetch_server *s, const char *part, char **ret_last)
{
	AUTO_FREE char *text = NULL;
	AUTO(strs) lines = STRS_INIT;
	size_t count = 0;
	assert_ok(file_read(s->log, 1 << 20, &text, NULL));
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		if (!strstr(lines.items[i], part))
			continue;
		count++;
		if (ret_last) {
			free(*ret_last);
			*ret_last = mem_strdup(lines.items[i]);
		}
	}
	return count;
}

/* The body that the server gives for @size. */
static inline unsigned char *server_body(size_t size)
{
	unsigned char *body = mem_alloc(size);
	for (size_t i = 0; i < size; i++)
		body[i] = (unsigned char)(i * 31 + i / 256);
	return body;
}

static inline void server_digest(size_t size, char ret_hex[SHA256_HEX])
{
	unsigned char *body = server_body(size);
	digest_bytes(body, size, ret_hex);
	free(body);
}

/* --- what the tests of whole fetches share --- */

enum { SIZE = 600000 };

static struct fetch_server server;
static char right[SHA256_HEX]; /* digest of SIZE bytes */
static char *dir;

/* A sink that counts. */
struct counter {
	struct sink sink;
	size_t progress;
	int64_t done;
	int64_t total;
	struct str notes;
};

static inline void count_event(struct sink *sink, const struct event *e)
{
	struct counter *c = (struct counter *)sink;
	if (e->kind == EVENT_PROGRESS) {
		c->progress++;
		c->done = e->done;
		c->total = e->total;
	}
	if (e->kind == EVENT_NOTE)
		str_addf(&c->notes, "%s\n", e->text);
}

static inline char *path_of(const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

/* The bytes at @name are the right ones and nothing else is left beside them. */
static inline void assert_got(const char *name)
{
	AUTO_FREE char *path = path_of(name);
	AUTO_FREE char *part = mem_printf("%s.part", path);
	AUTO_FREE char *note = mem_printf("%s.part.json", path);
	char hex[SHA256_HEX];
	assert_ok(digest_file(path, hex, NULL));
	assert_string_equal(hex, right);
	assert_false(is_file(part));
	assert_false(is_file(note));
}

static inline void assert_nothing(const char *name)
{
	AUTO_FREE char *path = path_of(name);
	AUTO_FREE char *part = mem_printf("%s.part", path);
	AUTO_FREE char *note = mem_printf("%s.part.json", path);
	assert_false(is_file(path));
	assert_false(is_file(part));
	assert_false(is_file(note));
}

static inline struct err *get_with(struct fetch_request r, const char *name, struct sink *sink)
{
	AUTO_FREE char *target = path_of(name);
	AUTO_FREE char *url = r.url[0] == '/' ? mem_printf("%s%s", server.base, r.url) : mem_strdup(r.url);
	r.url = url;
	r.target = target;
	r.step = "test";
	r.allow_http = true;
	return fetch_run(&r, 1, /* deadline_ms= */ 0, sink);
}

/* @fault with the right digest and size, into a file of that name. */
static inline struct err *get(const char *fault)
{
	AUTO_FREE char *url = mem_printf("/%s/%d", fault, SIZE);
	return get_with((struct fetch_request){.url = url, .sha256 = right, .size = SIZE}, fault, NULL);
}

static inline int fetch_set_up(void **state)
{
	(void)state;
	static char quick[] = "COOPER_BACKOFF_MS=20", stall[] = "COOPER_STALL_SECONDS=1",
		    direct[] = "no_proxy=127.0.0.1";
	putenv(quick);
	putenv(stall);
	putenv(direct);
	unsetenv("COOPER_OFFLINE");
	unsetenv("COOPER_MIRROR");
	server_start(&server, NULL, NULL);
	server_digest(SIZE, right);
	dir = test_dir();
	return 0;
}

static inline int fetch_tear_down(void **state)
{
	(void)state;
	server_stop(&server);
	free(dir);
	return 0;
}

/* Runs the tests against the faulty server; without python3 they are skipped, and say so. */
#define RUN_WITH_SERVER(tests) (has_python() ? cmocka_run_group_tests(tests, fetch_set_up, fetch_tear_down) : 0)

static inline bool has_python(void)
{
	AUTO_FREE char *python = child_find("python3");
	if (!python)
		print_message("SKIPPED: no python3, so no faulty HTTP server\n");
	return python != NULL;
}

#endif

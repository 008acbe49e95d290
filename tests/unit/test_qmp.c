#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "net/qmp.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/signals.h"
#include "sys/tick.h"

enum { ANSWER_MS = 2000 };

struct peer {
	pid_t pid;
	char *path;
};

static struct peer start_peer(const char *const *script)
{
	AUTO_FREE char *dir = test_dir();
	AUTO(strs) argv = STRS_INIT;
	struct peer peer = {.path = mem_printf("%s/qmp.sock", dir)};

	strs_add(&argv, "python3");
	strs_add(&argv, "-S");
	strs_add(&argv, "tests/fakes/qmp_peer.py");
	strs_add(&argv, peer.path);
	strs_add_all(&argv, script);
	struct child_spec spec = {.argv = (const char *const *)argv.items, .die_with_parent = true};
	assert_ok(child_start(&spec, &peer.pid));
	for (int tries = 0; !is_file(peer.path) && tries < 500; tries++)
		tick_sleep_ms(10);
	return peer;
}

static void end_peer(struct peer *peer)
{
	child_stop(peer->pid, 1000);
	free(peer->path);
}

static struct err *open_with(const char *const *script)
{
	struct peer peer = start_peer(script);
	struct qmp *q = NULL;

	struct err *e = qmp_open(peer.path, tick_ms() + 300, &q);
	qmp_close(q);
	end_peer(&peer);
	return e;
}

static void greeting(void **state)
{
	(void)state;
	assert_ok(open_with(
		(const char *[]){"greet", "expect:qmp_capabilities", "reply:{\"return\": {}}", "hold", NULL}));
	assert_fails(open_with((const char *[]){"send:220 smtp ready", "hold", NULL}), ERR_CORRUPT, "control socket");
	assert_fails(open_with((const char *[]){"send:{\"hello\": 1}", "hold", NULL}), ERR_CORRUPT, "no QMP greeting");
	assert_fails(open_with((const char *[]){"send:[1, 2]", "hold", NULL}), ERR_CORRUPT, "not an object");
	assert_fails(open_with((const char *[]){"hold", NULL}), ERR_TIMEOUT, "in time");
	assert_fails(open_with((const char *[]){"raw:{\"QMP\": {", NULL}), ERR_NET, "closed");
	assert_fails(open_with((const char *[]){"flood:17825792", "hold", NULL}), ERR_CORRUPT, "a line of more than");
}

static void nobody(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = mem_printf("%s/none.sock", dir);
	struct qmp *q = NULL;

	assert_fails(qmp_open(path, tick_ms() + 300, &q), ERR_ABSENT, "nothing listens");
}

static struct qmp *open_peer(struct peer *peer, const char *const *script)
{
	AUTO(strs) all = STRS_INIT;
	struct qmp *q = NULL;

	strs_add_all(&all, (const char *[]){"greet", "accept", NULL});
	strs_add_all(&all, script);
	*peer = start_peer((const char *const *)all.items);
	assert_ok(qmp_open(peer->path, tick_ms() + ANSWER_MS, &q));
	return q;
}

static void command_and_event(void **state)
{
	(void)state;
	struct peer peer;
	struct json *value = NULL, *event = NULL;
	struct qmp *q = open_peer(&peer, (const char *[]){"expect:query-status", "send:{\"event\": \"RESUME\"}",
							  "send:{\"return\": {}, \"id\": 77}",
							  "reply:{\"return\": {\"running\": true}}",
							  "send:{\"event\": \"STOP\"}", "hold", NULL});

	assert_ok(qmp_run(q, "query-status", NULL, tick_ms() + ANSWER_MS, &value));
	assert_true(js_get_bool(value, "running", false));
	js_free(value);
	assert_ok(qmp_event(q, 0, &event));
	assert_string_equal(js_get_text(event, "event"), "RESUME");
	js_free(event);
	assert_ok(qmp_event(q, tick_ms() + ANSWER_MS, &event));
	assert_string_equal(js_get_text(event, "event"), "STOP");
	js_free(event);
	assert_ok(qmp_event(q, tick_ms() + 60, &event));
	assert_null(event);
	qmp_close(q);
	end_peer(&peer);
}

static void refusals(void **state)
{
	(void)state;
	struct peer peer;
	struct qmp *q = open_peer(
		&peer,
		(const char *[]){"expect:quit", "reply:{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}",
				 "expect:stop", "send:{\"error\": {\"class\": \"X\", \"desc\": \"bad JSON\"}}",
				 "expect:cont", "send:{\"what\": 1}", "hold", NULL});

	assert_fails(qmp_run(q, "quit", NULL, tick_ms() + ANSWER_MS, NULL), ERR_GUEST, "no (GenericError)");
	assert_fails(qmp_run(q, "stop", NULL, tick_ms() + ANSWER_MS, NULL), ERR_GUEST, "bad JSON");
	assert_fails(qmp_run(q, "cont", NULL, tick_ms() + ANSWER_MS, NULL), ERR_CORRUPT, "neither");
	qmp_close(q);
	end_peer(&peer);
}

static void silence_and_end(void **state)
{
	(void)state;
	struct peer peer;
	struct json *event = NULL;
	struct qmp *q = open_peer(
		&peer,
		(const char *[]){"expect:stop", "sleep:400", "reply:{\"return\": {}}",
				 "send:{\"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-reset\"}}", NULL});

	assert_fails(qmp_run(q, "stop", NULL, tick_ms() + 100, NULL), ERR_TIMEOUT, "QMP command 'stop'");
	/* the late answer is passed over, the event before the end is not lost */
	assert_ok(qmp_event(q, tick_ms() + ANSWER_MS, &event));
	assert_string_equal(js_get_text(js_get(event, "data"), "reason"), "guest-reset");
	js_free(event);
	assert_fails(qmp_event(q, tick_ms() + ANSWER_MS, &event), ERR_NET, "closed");
	assert_fails(qmp_run(q, "stop", NULL, tick_ms() + ANSWER_MS, NULL), ERR_NET, "closed");
	qmp_close(q);
	end_peer(&peer);
}

static void many_events(void **state)
{
	(void)state;
	struct peer peer;
	AUTO(strs) script = STRS_INIT;
	struct json *event = NULL;

	strs_add(&script, "expect:stop");
	for (int i = 0; i < QMP_EVENTS_MAX + 10; i++)
		strs_addf(&script, "send:{\"event\": \"E%d\"}", i);
	strs_add(&script, "reply:{\"return\": {}}");
	strs_add(&script, "hold");
	struct qmp *q = open_peer(&peer, (const char *const *)script.items);
	assert_ok(qmp_run(q, "stop", NULL, tick_ms() + ANSWER_MS, NULL));
	assert_ok(qmp_event(q, 0, &event));
	assert_string_equal(js_get_text(event, "event"), "E10");
	js_free(event);
	qmp_close(q);
	end_peer(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting), cmocka_unit_test(nobody),          cmocka_unit_test(command_and_event),
		cmocka_unit_test(refusals), cmocka_unit_test(silence_and_end), cmocka_unit_test(many_events),
	};
	signals_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "fetch_server.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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
		assert_int_equal(is_file(r[i].target), i != 7);
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

/* kill -9 in the middle: no lock is left, and the next run asks for the rest alone. */
static void killed(void **state)
{
	(void)state;
	AUTO_FREE char *url = mem_printf("/slow/%d/killed", SIZE);
	AUTO_FREE char *target = path_of("killed");
	AUTO_FREE char *note = path_of("killed.part.json");
	AUTO_FREE char *last = NULL;
	struct fetch_request r = {.url = url, .sha256 = right, .size = SIZE};
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(get_with(r, "killed", NULL) != NULL);
	for (int tries = 0; !is_file(note) && tries < 200; tries++)
		tick_sleep_ms(10);
	assert_true(is_file(note));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(is_file(target));
	assert_ok(get_with(r, "killed", NULL));
	assert_got("killed");
	assert_int_equal(server_asked(&server, "/killed", &last), 2);
	assert_non_null(strstr(last, " bytes="));
	assert_non_null(strstr(last, "- \"one\" "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many),
		cmocka_unit_test(two_at_once),
		cmocka_unit_test(killed),
	};
	return RUN_WITH_SERVER(tests);
}

/* The watcher of containers' ports against a stand-in for podman that answers rightly, wrongly, or not at all. */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "guest/published_watch.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/sock.h"
#include "sys/tick.h"

enum { LONG_MS = 20 * 1000, SOON_MS = 3000 /* of what must not come */ };

struct fixture {
	char *dir[PUBLISHED_SOCKETS];
	char *socket[PUBLISHED_SOCKETS];
	pid_t podman[PUBLISHED_SOCKETS];
	char *journal;      /* a line for each event */
	const char *events; /* of a shell, instead of what follows the journal */
	pid_t watcher;
	int fd; /* its lines */
};

static void put(const struct fixture *f, int which, const char *name, const char *text)
{
	AUTO_FREE char *path = mem_printf("%s/%s", f->dir[which], name);
	assert_ok(file_write(path, text, strlen(text), 0600));
}

/* As podman: what is so, then the event. */
static void put_list(const struct fixture *f, int which, const char *text)
{
	put(f, which, "list", text);
	FILE *journal = fopen(f->journal, "a");
	assert_non_null(journal);
	fprintf(journal, "container start\n");
	assert_int_equal(fclose(journal), 0);
}

static char *list_of(const char *name, int port)
{
	return mem_printf("[{\"Names\":[\"%s\"],\"Ports\":[{\"host_port\":%d,\"protocol\":\"tcp\"}]}]", name, port);
}

static void publish(const struct fixture *f, int which, const char *name, int port)
{
	AUTO_FREE char *text = list_of(name, port);
	put_list(f, which, text);
}

static void start_podman(struct fixture *f, int which)
{
	AUTO_FREE char *errors = mem_printf("%s/errors", f->dir[which]);
	struct child_spec spec = {.argv = (const char *const[]){"python3", "tests/fakes/podman_api.py",
								f->socket[which], f->dir[which], NULL},
				  .log_path = errors,
				  .die_with_parent = true};
	int fd = -1;

	assert_ok(file_remove(f->socket[which]));
	assert_ok(child_start(&spec, &f->podman[which]));
	for (int64_t until = tick_ms() + LONG_MS; fd < 0 && tick_ms() < until; tick_sleep_ms(10))
		err_free(sock_connect(f->socket[which], &fd));
	assert_true(fd >= 0);
	close(fd);
}

static void start_watcher(struct fixture *f)
{
	static const char journal[] = "echo; exec tail -n 0 -f \"$0\"";
	const char *events[] = {"sh", "-c", f->events ? f->events : journal, f->journal, NULL};
	int ends[2];

	assert_ok(os_pipe(ends));
	f->watcher = fork();
	if (f->watcher == 0) {
		close(ends[0]);
		err_free(published_watch((const char *const *)f->socket, events, ends[1], NULL));
		_exit(0);
	}
	close(ends[1]);
	f->fd = ends[0];
}

/* Two podmans with nothing in them; @mode of the first, @events as the fixture has it. */
static void set_up_with(struct fixture *f, const char *mode, const char *events)
{
	*f = (struct fixture){.fd = -1, .events = events};
	for (int i = 0; i < PUBLISHED_SOCKETS; i++) {
		f->dir[i] = test_dir();
		f->socket[i] = mem_printf("%s/podman.sock", f->dir[i]);
		put(f, i, "list", "[]");
	}
	f->journal = mem_printf("%s/journal", f->dir[0]);
	put(f, 0, "journal", "");
	if (mode)
		put(f, 0, "mode", mode);
	for (int i = 0; i < PUBLISHED_SOCKETS; i++)
		start_podman(f, i);
	start_watcher(f);
}

static void set_up(struct fixture *f, const char *mode)
{
	set_up_with(f, mode, NULL);
}

static void tear_down(struct fixture *f)
{
	int status = 0;

	assert_int_equal(waitpid(f->watcher, &status, WNOHANG), 0); /* nothing that it was told has ended it */
	kill(f->watcher, SIGKILL);
	waitpid(f->watcher, &status, 0);
	close(f->fd);
	for (int i = 0; i < PUBLISHED_SOCKETS; i++) {
		child_stop(f->podman[i], 1000);
		free(f->dir[i]);
		free(f->socket[i]);
	}
	free(f->journal);
}

/* The ports of the next line, as "80 81"; NULL when none comes. */
static char *next(struct fixture *f, int64_t ms)
{
	AUTO_FREE char *line = NULL;
	AUTO(published) list = {.count = 0};
	AUTO(str) text = STR_INIT;
	struct err *e = sock_read_line(f->fd, PUBLISHED_LINE_MAX, tick_ms() + ms, &line);

	if (err_is(e, ERR_TIMEOUT)) {
		err_free(e);
		return NULL;
	}
	assert_ok(e);
	assert_non_null(line);
	assert_ok(published_parse(line, &list));
	for (size_t i = 0; i < list.count; i++)
		str_addf(&text, "%s%d", i ? " " : "", list.items[i].port);
	return str_take(&text);
}

static void comes(struct fixture *f, const char *ports)
{
	AUTO_FREE char *got = next(f, LONG_MS);

	assert_non_null(got);
	assert_string_equal(got, ports);
}

static int requests(const struct fixture *f, int which, const char *part)
{
	AUTO_FREE char *path = mem_printf("%s/log", f->dir[which]);
	AUTO_FREE char *text = NULL;
	int count = 0;

	assert_ok(file_read(path, 16 << 20, &text, NULL));
	for (const char *p = text; (p = strstr(p, part)); p++)
		count++;
	return count;
}

static void follows_both(void **state UNUSED)
{
	struct fixture f;

	set_up(&f, NULL);
	comes(&f, "");
	publish(&f, 0, "a", 80);
	comes(&f, "80");
	publish(&f, 1, "b", 81);
	comes(&f, "80 81");
	put_list(&f, 0, "[]");
	comes(&f, "81");
	put_list(&f, 1, "[]");
	comes(&f, "");
	AUTO_FREE char *more = next(&f, SOON_MS);
	assert_null(more); /* nothing is said twice */
	tear_down(&f);
}

/* A hundred changes are not a hundred questions at once; the last one counts. */
static void bursts(void **state UNUSED)
{
	struct fixture f;
	AUTO_FREE char *last = NULL;

	set_up(&f, NULL);
	comes(&f, "");
	for (int i = 1; i <= 100; i++)
		publish(&f, 0, "a", i);
	for (int64_t until = tick_ms() + LONG_MS; !streq(last, "100") && tick_ms() < until;) {
		free(last);
		last = next(&f, LONG_MS);
	}
	assert_string_equal(last, "100");
	tear_down(&f);
}

/* That a connection breaks ends no container; what changed meanwhile is seen afterwards. */
static void comes_back(void **state UNUSED)
{
	struct fixture f;

	set_up(&f, NULL);
	comes(&f, "");
	publish(&f, 0, "a", 80);
	comes(&f, "80");
	child_stop(f.podman[0], 0);
	AUTO_FREE char *meanwhile = next(&f, SOON_MS);
	assert_null(meanwhile);
	publish(&f, 0, "a", 90);
	start_podman(&f, 0);
	comes(&f, "90");
	tear_down(&f);
}

/* One that cannot be reached keeps no other waiting. */
static void only_one(void **state UNUSED)
{
	struct fixture f;

	set_up(&f, NULL);
	comes(&f, "");
	child_stop(f.podman[1], 0);
	assert_ok(file_remove(f.socket[1]));
	kill(f.watcher, SIGKILL);
	waitpid(f.watcher, NULL, 0);
	close(f.fd);
	publish(&f, 0, "a", 80);
	start_watcher(&f);
	comes(&f, "80");
	tear_down(&f);
}

/* What prints the events ends again and again: a guest that restarts its journal, an ssh that breaks. */
static void events_end(void **state UNUSED)
{
	struct fixture f;

	set_up_with(&f, NULL, "echo");
	comes(&f, "");
	publish(&f, 0, "a", 80);
	comes(&f, "80");
	tear_down(&f);
}

/* Whatever one of them answers, the other's ports are followed, in little time of ours and little memory. */
static void strangers(void **state UNUSED)
{
	static const struct {
		const char *mode, *events;
	} cases[] = {{"no-http", NULL}, {"endless", NULL}, {"break", NULL}, {NULL, "exec yes"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		set_up_with(&f, cases[i].mode, cases[i].events);
		comes(&f, "");
		publish(&f, 1, "b", 81);
		comes(&f, "81");
		AUTO_FREE char *more = next(&f, SOON_MS);
		assert_null(more);
		kill(f.podman[0], SIGSTOP); /* its work is none of ours */
		struct rusage usage;
		int status = 0;
		kill(f.watcher, SIGTERM);
		kill(f.watcher, SIGKILL);
		assert_int_equal(wait4(f.watcher, &status, 0, &usage), f.watcher);
		int64_t ms = usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000 +
			     usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000;
		assert_true(ms < SOON_MS / 2);
		kill(f.podman[0], SIGCONT);
		start_watcher(&f);
		tear_down(&f);
	}
}

/* A list that makes no sense changes nothing. */
static void malformed(void **state UNUSED)
{
	struct fixture f;

	set_up(&f, NULL);
	comes(&f, "");
	publish(&f, 0, "a", 80);
	comes(&f, "80");
	put_list(&f, 0, "{\"cause\":\"database is locked\"}");
	AUTO_FREE char *more = next(&f, SOON_MS);
	assert_null(more);
	put_list(&f, 0, "[{\"Names\"");
	publish(&f, 0, "a", 90);
	comes(&f, "90");
	assert_true(requests(&f, 0, "containers/json") >= 3);
	tear_down(&f);
}

/* Nobody answers: no question is asked over and over, and the other is heard. */
static void stalls(void **state UNUSED)
{
	struct fixture f;

	set_up(&f, "stall");
	publish(&f, 1, "b", 81);
	AUTO_FREE char *none = next(&f, SOON_MS);
	assert_null(none); /* what the first would say is not known yet, and what is not said ends */
	comes(&f, "81");
	assert_int_equal(requests(&f, 0, "containers/json"), 1);
	put(&f, 0, "mode", "");
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_both), cmocka_unit_test(bursts),    cmocka_unit_test(comes_back),
		cmocka_unit_test(only_one),     cmocka_unit_test(malformed), cmocka_unit_test(events_end),
		cmocka_unit_test(strangers),    cmocka_unit_test(stalls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

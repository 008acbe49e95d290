#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/signals.h"
#include "sys/tick.h"

enum { STILL_US = 7 };

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static void children_report(void **state UNUSED)
{
	AUTO(str) out = STR_INIT;
	struct child_spec ok = {.argv = ARGV("sh", "-c", "cat; echo err >&2"), .input = "hello"};
	assert_ok(child_output(&ok, 100, &out));
	assert_string_equal(str_text(&out), "hello");
	struct child_spec bad = {.argv = ARGV("sh", "-c", "echo because; exit 3")};
	assert_fails(child_run(&bad), ERR_CHILD, "because");
	struct child_spec none = {.argv = ARGV("no-such-program-here")};
	assert_fails(child_run(&none), ERR_ABSENT, "not installed");
	struct child_spec slow = {.argv = ARGV("sh", "-c", "sleep 60 & sleep 60"), .deadline_ms = 100};
	int64_t started = tick_ms();
	assert_fails(child_run(&slow), ERR_TIMEOUT, "within 100 ms");
	assert_true(tick_ms() - started < 3000);
	int status = -1;
	AUTO(str) text = STR_INIT;
	assert_ok(child_status(&bad, 100, &text, &status));
	assert_int_equal(status, 3);
	struct child_spec loud = {.argv = ARGV("sh", "-c", "echo 0123456789")};
	AUTO(str) few = STR_INIT;
	assert_fails(child_output(&loud, 5, &few), ERR_CORRUPT, "more than 5 bytes");
}

/* What prints without end is not listened to until its time is over. */
static void endless_output(void **state)
{
	(void)state;
	AUTO(str) out = STR_INIT;
	int status = 0;
	struct child_spec endless = {.argv = ARGV("yes"), .deadline_ms = 60 * 1000};
	struct child_spec lines = {
		.argv = ARGV("sh", "-c", "exec yes >&2"), .deadline_ms = 60 * 1000, .shown_max = 1 << 20};
	assert_fails(child_output(&endless, 1000, &out), ERR_CORRUPT, "'yes' printed more than 1000 bytes");
	assert_true(out.len <= 1000);
	assert_fails(child_run(&lines), ERR_CORRUPT, "'sh' printed more than 1048576 bytes");
	str_clear(&out);
	assert_fails(child_status(&lines, 1000, &out, &status), ERR_CORRUPT, "more than 1048576 bytes");
}

/* As a fork in another thread finds one on macOS: open, and not cloexec yet. */
static void children_inherit_nothing(void **state)
{
	(void)state;
	int fd = fcntl(0, F_DUPFD, 77);
	assert_true(fd >= 77);
	AUTO_FREE char *gone = mem_printf("[ ! -e /dev/fd/%d ] && [ ! -e /dev/fd/3 ]", fd);
	AUTO_FREE char *passed = mem_printf("[ ! -e /dev/fd/%d ] && [ -e /dev/fd/3 ]", fd);
	const char *argv[] = {"sh", "-c", gone, NULL};
	struct child_spec spec = {.argv = argv};
	assert_ok(child_run(&spec));
	argv[2] = passed;
	spec.pass_fd = fd;
	assert_ok(child_run(&spec));
	spec.die_with_parent = true;
	assert_ok(child_run(&spec));
	close(fd);
}

static void children_do_not_wait_for_grandchildren(void **state UNUSED)
{
	int64_t started = tick_ms();
	struct child_spec spec = {.argv = ARGV("sh", "-c", "sleep 30 & echo done")};
	AUTO(str) out = STR_INIT;
	assert_ok(child_output(&spec, 100, &out));
	assert_string_equal(str_text(&out), "done\n");
	assert_true(tick_ms() - started < 5000);
}

/* A process that starts a guarded child with a daemon below it, and is killed: neither survives. */
static void guarded_children_die_with_us(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *mark = path_join(dir, "alive");
	AUTO_FREE char *script = mem_printf("setsid sh -c 'while :; do date >%s; sleep 0.05; done' & sleep 60", mark);
	pid_t pid = fork();
	if (pid == 0) {
		struct child_spec spec = {.argv = ARGV("sh", "-c", script), .die_with_parent = true};
		struct err *e = child_run(&spec);
		_exit(e ? 1 : 0);
	}
	for (int i = 0; i < 100 && !is_file(mark); i++)
		tick_sleep_ms(20);
	assert_true(is_file(mark));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tick_sleep_ms(300);
	assert_ok(file_remove(mark));
	tick_sleep_ms(300);
	assert_false(is_file(mark));
}

static bool goes_on(const char *mark)
{
	assert_ok(file_remove(mark));
	tick_sleep_ms(200);
	return is_file(mark);
}

/* However it ends: what it has started and detached ends with it. */
static void guarded_children_leave_nothing_behind(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *mark = path_join(dir, "alive");
	AUTO_FREE char *daemon = mem_printf("setsid sh -c '(while :; do date >%s; sleep 0.05; done) & exit' "
					    "</dev/null >/dev/null 2>&1; while [ ! -e %s ]; do sleep 0.02; done; ",
					    mark, mark);
	AUTO_FREE char *works = mem_printf("%sexit 0", daemon);
	AUTO_FREE char *fails = mem_printf("%sexit 3", daemon);
	AUTO_FREE char *killed = mem_printf("%skill -9 $$", daemon);
	AUTO_FREE char *late = mem_printf("%ssleep 60", daemon);
	AUTO_FREE char *stubborn = mem_printf("trap '' TERM; %swhile :; do sleep 1; done", daemon);
	struct child_spec spec = {.argv = ARGV("sh", "-c", works), .die_with_parent = true};
	assert_ok(child_run(&spec));
	assert_false(goes_on(mark));
	spec.argv = ARGV("sh", "-c", fails);
	assert_fails(child_run(&spec), ERR_CHILD, "exit status 3");
	assert_false(goes_on(mark));
	spec.argv = ARGV("sh", "-c", killed);
	assert_fails(child_run(&spec), ERR_CHILD, "signal 9");
	assert_false(goes_on(mark));
	spec.argv = ARGV("sh", "-c", late);
	spec.deadline_ms = 500;
	assert_fails(child_run(&spec), ERR_TIMEOUT, "within 500 ms");
	assert_false(goes_on(mark));
	pid_t pid = 0;
	spec.argv = ARGV("sh", "-c", stubborn);
	assert_ok(child_start(&spec, &pid));
	for (int i = 0; i < 100 && !is_file(mark); i++)
		tick_sleep_ms(20);
	child_stop(pid, 50);
	assert_false(goes_on(mark));
}

static void guards_pass_the_status_on(void **state UNUSED)
{
	struct child_spec bad = {.argv = ARGV("sh", "-c", "exit 7"), .die_with_parent = true};
	assert_fails(child_run(&bad), ERR_CHILD, "exit status 7");
	struct child_spec killed = {.argv = ARGV("sh", "-c", "kill -9 $$"), .die_with_parent = true};
	assert_fails(child_run(&killed), ERR_CHILD, "signal 9");
	struct child_spec none = {.argv = ARGV("no-such-program-here"), .die_with_parent = true};
	assert_fails(child_run(&none), ERR_ABSENT, "not installed");
	struct child_spec slow = {.argv = ARGV("sleep", "60"), .die_with_parent = true, .deadline_ms = 100};
	assert_fails(child_run(&slow), ERR_TIMEOUT, "within 100 ms");
}

/* Run @body in a process of its own, whose signals and descriptors are nobody else's; its exit status. */
static int apart(int (*body)(void))
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* 0 when @take_e is of @kind and says @part */
static int judge(struct err *take_e, enum err_kind kind, const char *part)
{
	AUTO_FREE char *text = mem_strdup(take_e ? take_e->message : "no error");
	bool right = err_is(take_e, kind) && strstr(text, part);
	if (!right)
		print_message("not '%s': %s\n", part, text);
	err_free(take_e);
	return right ? 0 : 1;
}

static int run_with_sigchld_ignored(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct child_spec bad = {.argv = ARGV("sh", "-c", "exit 7")};
	sigaction(SIGCHLD, &ignore, NULL);
	int failed = judge(child_run(&bad), ERR_OS, "cannot learn how 'sh' ended");
	signals_install();
	return failed + judge(child_run(&bad), ERR_CHILD, "exit status 7");
}

/* The kernel then throws the status away: a failed child must not look like one that succeeded. */
static void a_lost_status_is_no_success(void **state UNUSED)
{
	assert_int_equal(apart(run_with_sigchld_ignored), 0);
}

static int open_without_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	signals_install();
	return open("/dev/null", O_WRONLY | O_CLOEXEC) > 2 && fcntl(0, F_GETFD) == 0 && fcntl(2, F_GETFD) == 0 ? 0 : 1;
}

/* A lock, or the store, must never be what somebody prints to. */
static void no_file_gets_a_standard_number(void **state UNUSED)
{
	assert_int_equal(apart(open_without_standard_descriptors), 0);
}

static int install_with_sighup_ignored(void)
{
	struct sigaction now, ignore = {.sa_handler = SIG_IGN}, usual = {.sa_handler = SIG_DFL};
	sigset_t mask;
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGINT, &usual, NULL); /* ignored in a shell's background job, as in CI */
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signals_install();
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (sigaction(SIGHUP, NULL, &now) != 0 || now.sa_handler != SIG_IGN || sigismember(&mask, SIGTERM))
		return 1;
	return sigaction(SIGINT, NULL, &now) != 0 || now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN;
}

static void what_nohup_ignores_stays_ignored(void **state UNUSED)
{
	assert_int_equal(apart(install_with_sighup_ignored), 0);
}

static int run_short_of_descriptors(void)
{
	struct rlimit few = {12, 12}; /* enough for the input and the log out of the way, not for the report */
	struct child_spec spec = {.argv = ARGV("true")};
	os_close_inherited(3, NULL, 0);
	setrlimit(RLIMIT_NOFILE, &few);
	return judge(child_run(&spec), ERR_OS, "descriptor");
}

static void no_descriptor_for_the_report_is_an_error(void **state UNUSED)
{
	assert_int_equal(apart(run_short_of_descriptors), 0);
}

static const char *terminal_name;

/* From here on the terminal is ours, as it is a shell's. */
static void own_terminal(void)
{
	setsid();
	int fd = open(terminal_name, O_RDWR | O_CLOEXEC);
	ioctl(fd, TIOCSCTTY, 0);
}

static int ask_at_terminal(void)
{
	AUTO(str) out = STR_INIT;
	struct child_spec spec = {.argv = ARGV("sh", "-c", "read -r word </dev/tty && echo got $word"),
				  .deadline_ms = 10000,
				  .terminal = true};
	own_terminal();
	struct err *e = child_output(&spec, 100, &out);
	int code = !e && streq(str_text(&out), "got secret\n") ? 0 : 1;
	err_free(e);
	return code;
}

static int ask_in_background(void)
{
	struct child_spec spec = {.argv = ARGV("sh", "-c", "read -r word </dev/tty"), .deadline_ms = 10000};
	own_terminal();
	int64_t started = tick_ms();
	int failed = judge(child_run(&spec), ERR_CHILD, "it tried to use the terminal");
	spec.die_with_parent = true;
	failed += judge(child_run(&spec), ERR_CHILD, "it tried to use the terminal");
	return failed + (tick_ms() - started > 8000);
}

static void the_current_folder_has_no_programs(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *planted = path_join(dir, "planted");
	AUTO_FREE char *path = mem_printf(".::%s:", getenv("PATH"));
	AUTO_FREE char *before = mem_strdup(getenv("PATH"));
	AUTO_FREE char *here = getcwd(NULL, 0);
	assert_ok(file_write(planted, "#!/bin/sh\n", 10, 0755));
	assert_int_equal(chdir(dir), 0);
	setenv("PATH", path, 1);
	AUTO_FREE char *found = child_find("planted");
	AUTO_FREE char *sh = child_find("sh");
	const char *argv[] = {"planted", NULL};
	struct err *e = child_run(&(struct child_spec){.argv = argv});
	setenv("PATH", dir, 1);
	AUTO_FREE char *named = child_find("planted");
	setenv("PATH", before, 1);
	assert_int_equal(chdir(here), 0);
	assert_null(found);
	assert_non_null(sh);
	assert_fails(e, ERR_ABSENT, "not installed");
	assert_string_equal(named, planted);
}

static void children_ask_at_the_terminal_only_where_they_may(void **state UNUSED)
{
	AUTO_CLOSE int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	terminal_name = ptsname(terminal);
	assert_int_equal(write(terminal, "secret\n", 7), 7);
	assert_int_equal(apart(ask_at_terminal), 0);
	assert_int_equal(apart(ask_in_background), 0);
}

/* A name that begins like another one is another one; the last word is the settings'. */
static void settings(void **state UNUSED)
{
	AUTO(strs) wanted = STRS_INIT;
	AUTO(strs) env = STRS_INIT;

	assert_int_equal(setenv("COOPER_TEST_A", "ours", 1), 0);
	assert_int_equal(setenv("COOPER_TEST_AB", "ours", 1), 0);
	assert_int_equal(setenv("COOPER_TEST_C", "ours", 1), 0);
	strs_add(&wanted, "COOPER_TEST_A=other");
	strs_add(&wanted, "COOPER_TEST_C");
	strs_add(&wanted, "COOPER_TEST_D=");
	child_env(&wanted, &env);
	assert_true(strs_has(&env, "COOPER_TEST_A=other"));
	assert_false(strs_has(&env, "COOPER_TEST_A=ours"));
	assert_true(strs_has(&env, "COOPER_TEST_AB=ours"));
	assert_true(strs_has(&env, "COOPER_TEST_D="));
	for (size_t i = 0; i < env.count; i++)
		assert_false(str_starts(env.items[i], "COOPER_TEST_C"));
}

/* It could be waited for without an end. */
static void a_pipe_is_no_input(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *pipe = path_join(dir, "pipe");
	struct child_spec spec = {.argv = ARGV("cat"), .input_path = pipe, .deadline_ms = 1000};

	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_fails(child_run(&spec), ERR_USAGE, "is a pipe where a file is needed");
}

/* As a copy of this test in a file of its own: another one takes its place, and a child by the old name is still us. */
static int be_replaced(const char *other)
{
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *name = NULL;
	int status = 0;
	AUTO(str) said = STR_INIT;
	struct err *e = os_exe_path(&own);
	struct child_spec spec = {.argv = ARGV(own, "still")};
	if (!e && rename(other, own) == 0)
		e = child_status(&spec, 100, &said, &status);
	if (!e && status == STILL_US)
		e = file_remove(own);
	if (!e)
		e = child_status(&spec, 100, &said, &status);
	if (!e)
		e = os_exe_path(&name);
	bool good = !e && status == STILL_US && streq(name, own);
	err_free(e);
	return good ? 0 : 1;
}

static void a_replaced_program_starts_itself(void **state UNUSED)
{
#ifdef __linux__
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *own = NULL;
	AUTO_FREE char *copy = path_join(dir, "copy");
	AUTO_FREE char *other = path_join(dir, "other");
	assert_ok(os_exe_path(&own));
	assert_ok(file_copy(own, copy, 0755));
	assert_ok(file_write(other, "#!/bin/sh\nexit 9\n", 17, 0755));
	struct child_spec spec = {.argv = ARGV(copy, "replaced", other)};
	assert_ok(child_run(&spec));
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings),
		cmocka_unit_test(children_report),
		cmocka_unit_test(endless_output),
		cmocka_unit_test(a_pipe_is_no_input),
		cmocka_unit_test(children_inherit_nothing),
		cmocka_unit_test(children_do_not_wait_for_grandchildren),
		cmocka_unit_test(guarded_children_die_with_us),
		cmocka_unit_test(guarded_children_leave_nothing_behind),
		cmocka_unit_test(guards_pass_the_status_on),
		cmocka_unit_test(a_lost_status_is_no_success),
		cmocka_unit_test(no_file_gets_a_standard_number),
		cmocka_unit_test(what_nohup_ignores_stays_ignored),
		cmocka_unit_test(no_descriptor_for_the_report_is_an_error),
		cmocka_unit_test(the_current_folder_has_no_programs),
		cmocka_unit_test(children_ask_at_the_terminal_only_where_they_may),
		cmocka_unit_test(a_replaced_program_starts_itself),
	};

	if (test_argc == 3 && streq(test_argv[1], "replaced"))
		return be_replaced(test_argv[2]);
	if (test_argc == 2 && streq(test_argv[1], "still"))
		return STILL_US;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

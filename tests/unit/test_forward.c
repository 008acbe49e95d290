/* The forward of the guest's container API, with a script in ssh's place; tests/e2e/run.sh has the real one. */
#include "harness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "machine/forward.h"
#include "machine/paths.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "sys/tick.h"

/* Binds what -L names, says its own pid and stays; with a file "broken" beside it, it fails at once. */
static const char fake_ssh[] = "#!/usr/bin/env -S python3 -S -E\n"
			       "import os, socket, sys, time\n"
			       "open(sys.argv[0] + '.starts', 'a').write(str(os.getpid()) + '\\n')\n"
			       "if os.path.exists(sys.argv[0] + '.broken'): sys.exit(255)\n"
			       "local = sys.argv[sys.argv.index('-L') + 1].split(':')[0]\n"
			       "s = socket.socket(socket.AF_UNIX)\n"
			       "os.umask(0o177)\n"
			       "s.bind(local)\n"
			       "s.listen()\n"
			       "time.sleep(60)\n";

struct fixture {
	char *dir;
	char *program;
	struct machine_spec spec;
	struct forward forward;
};

static void write_text(const char *path, const char *text, mode_t mode)
{
	assert_ok(file_write(path, text, strlen(text), mode));
}

static void set_up(struct fixture *f)
{
	f->dir = test_dir();
	f->program = mem_printf("%s/ssh", f->dir);
	AUTO_FREE char *log = mem_printf("%s/log", f->dir);
	write_text(f->program, fake_ssh, 0755);
	assert_ok(dir_make(log, 0700));
	f->spec = (struct machine_spec){.name = "dev", .dir = f->dir, .gen_dir = f->dir};
	forward_init(&f->forward, &f->spec, FORWARD_USER);
	f->forward.guest.ssh.program = f->program;
}

static void tear_down(struct fixture *f)
{
	forward_done(&f->forward);
	free(f->dir);
	free(f->program);
}

static bool wait_open(struct fixture *f)
{
	for (int i = 0; i < 500; i++) {
		int fd = -1;
		forward_look(&f->forward);
		struct err *e = forward_socket(&f->forward) ? sock_connect(f->forward.path, &fd) : NULL;
		err_free(e);
		if (fd >= 0) {
			close(fd);
			return true;
		}
		tick_sleep_ms(10);
	}
	return false;
}

/* The process ids of all that were started; the last one. */
static int starts(const struct fixture *f, pid_t *ret_last)
{
	AUTO_FREE char *path = mem_printf("%s.starts", f->program);
	AUTO_FREE char *text = NULL;
	AUTO(strs) lines = STRS_INIT;

	err_free(file_read(path, 4096, &text, NULL));
	strs_split(&lines, text ? text : "", "\n");
	if (ret_last)
		*ret_last = lines.count ? (pid_t)strtoll(lines.items[lines.count - 1], NULL, 10) : 0;
	return (int)lines.count;
}

static void opens_and_closes(void **state)
{
	(void)state;
	struct fixture f;
	struct stat st;

	set_up(&f);
	assert_null(forward_socket(&f.forward));
	assert_true(wait_open(&f));
	assert_true(str_ends(forward_socket(&f.forward), "/api.sock"));
	assert_int_equal(stat(f.forward.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	forward_look(&f.forward);
	assert_int_equal(starts(&f, NULL), 1);
	forward_close(&f.forward);
	assert_false(is_file(f.forward.path));
	assert_null(forward_socket(&f.forward));
	assert_true(wait_open(&f)); /* the guest has rebooted */
	tear_down(&f);
}

static void comes_back(void **state)
{
	(void)state;
	struct fixture f;
	pid_t pid = 0;

	set_up(&f);
	assert_true(wait_open(&f));
	starts(&f, &pid);
	kill(pid, SIGKILL);
	for (int i = 0; i < 200 && f.forward.ssh.pid > 0; i++) {
		tick_sleep_ms(5);
		forward_look(&f.forward);
	}
	assert_null(forward_socket(&f.forward));
	assert_false(is_file(f.forward.path)); /* nobody would listen there */
	assert_true(wait_open(&f));
	assert_int_equal(starts(&f, NULL), 2);
	tear_down(&f);
}

/* An ssh that cannot get through is not started over and over. */
static void pauses(void **state)
{
	(void)state;
	struct fixture f;

	set_up(&f);
	AUTO_FREE char *broken = mem_printf("%s.broken", f.program);
	write_text(broken, "", 0600);
	int64_t began = tick_ms();
	while (starts(&f, NULL) < 2 && tick_ms() < began + 10000) {
		forward_look(&f.forward);
		assert_null(forward_socket(&f.forward));
		tick_sleep_ms(10);
	}
	assert_int_equal(starts(&f, NULL), 2);
	assert_true(tick_ms() - began >= 1000);
	while (f.forward.ssh.pid > 0) {
		tick_sleep_ms(10);
		forward_look(&f.forward);
	}
	assert_true(f.forward.ssh.pause_ms >= 4000);
	assert_true(f.forward.ssh.again_ms >= f.forward.ssh.started_ms + 2000);
	tear_down(&f);
}

/* What a killed supervisor left goes before anybody takes it for a machine. */
static void removes_what_is_left(void **state)
{
	(void)state;
	struct fixture f;
	int fd = -1;

	set_up(&f);
	assert_ok(sock_listen(f.forward.path, &fd));
	close(fd);
	assert_true(is_file(f.forward.path));
	forward_done(&f.forward);
	forward_init(&f.forward, &f.spec, FORWARD_USER);
	assert_false(is_file(f.forward.path));
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_closes),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(pauses),
		cmocka_unit_test(removes_what_is_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

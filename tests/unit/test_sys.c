#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/os.h"
#include "sys/sock.h"
#include "sys/tick.h"

static void writes_whole_files(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "f");
	assert_ok(file_write(path, "one", 3, 0600));
	assert_ok(file_write(path, "two!", 4, 0644));
	AUTO_FREE char *data = NULL;
	size_t size = 0;
	assert_ok(file_read(path, 10, &data, &size));
	assert_int_equal(size, 4);
	assert_string_equal(data, "two!");
	AUTO(strs) names = STRS_INIT;
	assert_ok(dir_list(dir, &names));
	assert_int_equal(names.count, 1);
	AUTO_FREE char *again = NULL;
	assert_fails(file_read(path, 3, &again, NULL), ERR_CORRUPT, "larger than 3 bytes");
	AUTO_FREE char *other = path_join(dir, "none");
	assert_fails(file_read(other, 3, &again, NULL), ERR_ABSENT, "does not exist");
}

static void removes_trees_without_following(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *kept = path_join(dir, "kept");
	AUTO_FREE char *deep = path_join(dir, "t/a/b");
	AUTO_FREE char *link = path_join(dir, "t/a/link");
	AUTO_FREE char *tree = path_join(dir, "t");
	assert_ok(dir_make(deep, 0755));
	assert_ok(file_write(kept, "x", 1, 0600));
	assert_int_equal(symlink(dir, link), 0);
	assert_ok(tree_read_only(tree));
	assert_ok(tree_remove(tree));
	assert_false(is_dir(tree));
	assert_true(is_file(kept));
}

/* Where nobody may make a folder, not even root, the cause is that, and not that there is none. */
static void says_why_there_is_no_folder(void **state UNUSED)
{
	struct err *e = dir_make("/sys/cooper-test", 0700);

	assert_non_null(e);
	assert_int_not_equal(e->errnum, ENOENT);
	err_free(e);
}

static void locks_name_their_holder(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "lock");
	assert_false(is_locked(path, NULL));
	int fd = -1;
	assert_ok(lock_try(path, "cooper up", &fd));
	int other = -1;
	assert_fails(lock_try(path, "x", &other), ERR_BUSY, "cooper up");
	assert_fails(lock_wait(path, "x", 50, NULL, &other), ERR_BUSY, "pid ");
	AUTO_FREE char *who = NULL;
	assert_true(is_locked(path, &who));
	assert_non_null(strstr(who, "cooper up"));
	close(fd);
	assert_false(is_locked(path, NULL));
}

static void *look_for_a_while(void *fd)
{
	tick_sleep_ms(50);
	flock(*(int *)fd, LOCK_UN);
	return NULL;
}

/* Whoever only looks is no holder: neither to one who looks at the same time, nor to one who takes the lock. */
static void looking_at_a_lock_holds_it_from_nobody(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "lock");
	AUTO_CLOSE int looking = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	AUTO_CLOSE int fd = -1;
	pthread_t thread;
	assert_int_equal(flock(looking, LOCK_SH | LOCK_NB), 0);
	assert_false(is_locked(path, NULL));
	assert_int_equal(pthread_create(&thread, NULL, look_for_a_while, &looking), 0);
	assert_ok(lock_try(path, "cooper up", &fd));
	pthread_join(thread, NULL);
	assert_true(is_locked(path, NULL));
}

static const char *swapped_path, *swapped_target;
static atomic_bool swapping;

/* The file at swapped_path becomes a link to swapped_target and a file again, without end. */
static void *swap(void *unused)
{
	AUTO_FREE char *link = mem_printf("%s.link", swapped_target);
	AUTO_FREE char *file = mem_printf("%s.file", swapped_target);
	while (swapping) {
		AUTO_CLOSE int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		(void)fd;
		rename(file, swapped_path);
		if (symlink(swapped_target, link) == 0)
			rename(link, swapped_path);
	}
	return unused;
}

static void modes_change_through_no_link(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *tree = path_join(dir, "tree");
	AUTO_FREE char *inside = path_join(tree, "f");
	AUTO_FREE char *kept = path_join(dir, "kept");
	struct stat st;
	pthread_t thread;
	assert_ok(dir_make(tree, 0755));
	assert_ok(file_write(kept, "x", 1, 0666));
	swapped_path = inside, swapped_target = kept, swapping = true;
	assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
	for (int64_t until = tick_ms() + 300; tick_ms() < until;) {
		chmod(tree, 0755);
		err_free(tree_read_only(tree)); /* a link in the place of the file may be an error */
	}
	swapping = false;
	pthread_join(thread, NULL);
	assert_int_equal(stat(kept, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
}

static void sockets_have_short_paths(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *path = path_join(dir, "s");
	int listener = -1, client = -1, server = -1;
	assert_ok(sock_listen(path, &listener));
	assert_ok(sock_connect(path, &client));
	assert_ok(sock_accept(listener, &server));
	assert_int_equal(write(client, "hi\nyou", 6), 6);
	AUTO_FREE char *line = NULL;
	assert_ok(sock_read_line(server, 10, tick_ms() + 1000, &line));
	assert_string_equal(line, "hi");
	close(client);
	close(server);
	close(listener);
	assert_fails(sock_connect(path, &client), ERR_ABSENT, "nothing listens");
	char deep[200];
	memset(deep, 'a', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_fails(sock_check_path(deep), ERR_USAGE, "103 is the limit");
	int port = 0;
	assert_ok(sock_free_port(0, &port));
	assert_in_range(port, 1, 65535);
}

static void confined_children_cannot_write_elsewhere(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *in = path_join(dir, "in");
	AUTO_FREE char *inside = path_join(in, "f");
	AUTO_FREE char *outside = path_join(dir, "f");
	AUTO_FREE char *kept = path_join(dir, "kept");
	assert_ok(dir_make(in, 0700));
	assert_ok(file_write(kept, "x", 1, 0600));
	pid_t pid = fork();
	if (pid == 0) {
		if (!os_confine_writes(in))
			_exit(77);
		int a = open(inside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		int b = open(outside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		bool spoke = socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_INET, SOCK_DGRAM, 0) >= 0;
		bool cut = truncate(kept, 0) == 0 || chmod(kept, 0644) == 0 || chown(kept, getuid(), getgid()) == 0;
		execl("/bin/false", "false", (char *)NULL);
		_exit(a >= 0 && b < 0 && !spoke && !cut ? 0 : 1);
	}
	int status = 0;
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("SKIP: this kernel has no Landlock\n");
		skip();
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void facts_are_filled(void **state UNUSED)
{
	struct host_facts f;
	assert_ok(os_host_facts(&f));
	assert_true(f.cpus > 0 && f.memory_bytes > 0 && f.os && f.arch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_whole_files),
		cmocka_unit_test(removes_trees_without_following),
		cmocka_unit_test(says_why_there_is_no_folder),
		cmocka_unit_test(locks_name_their_holder),
		cmocka_unit_test(looking_at_a_lock_holds_it_from_nobody),
		cmocka_unit_test(modes_change_through_no_link),
		cmocka_unit_test(sockets_have_short_paths),
		cmocka_unit_test(confined_children_cannot_write_elsewhere),
		cmocka_unit_test(facts_are_filled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

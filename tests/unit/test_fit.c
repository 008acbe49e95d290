/* What a start of a machine asks of its host, and what people are told where the host does not have it. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/fit.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/sock.h"

static int listen_at(int port, int *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1; /* as QEMU has it */

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static struct err *fit(const char *address, int port)
{
	char text[64];
	struct port p = {.host_address = text, .host_port = port, .guest_port = 80};

	snprintf(text, sizeof(text), "%s", address);
	return fit_port("dev", &p);
}

static void ports(void **state UNUSED)
{
	int port = 0;
	int fd = listen_at(0, &port);

	struct err *e = fit("127.0.0.1", port);
	assert_int_equal(err_exit_code(e), EXIT_BUSY);
	AUTO_FREE char *holder = os_port_holder(/* udp= */ false, port);
	if (holder) { /* not every system tells */
		AUTO_FREE char *named = mem_printf("in use by %s: ", holder);
		AUTO_FREE char *process = mem_printf("(process %d)", getpid());
		assert_non_null(strstr(e->message, named));
		assert_non_null(strstr(holder, process));
	}
	assert_fails(e, ERR_BUSY, "in use");
	close(fd);
	assert_ok(fit("127.0.0.1", port));
	assert_ok(fit("0.0.0.0", port));
	assert_fails(fit("192.0.2.7", port), ERR_USAGE, "no address '192.0.2.7'");
	assert_fails(fit("localhost", port), ERR_USAGE, "no address");
}

/* To a user whom the system does not let have port 80 it is not "in use". */
static void not_permitted(void **state UNUSED)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (getuid() == 0 && setuid(65534) != 0)
			_exit(0);
		if (sock_try_port(/* udp= */ false, "127.0.0.1", 1) != EACCES)
			_exit(0); /* this system lets everybody */
		struct err *e = fit("127.0.0.1", 1);
		bool right = err_is(e, ERR_OS) && e->errnum == EACCES && strstr(e->hint, "below 1024");
		_exit(right ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* A connection that the machine's end closed holds its port for a minute, but not against a listener. */
static void port_after_use(void **state UNUSED)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int port = 0, again = 0;
	int listener = listen_at(0, &port);
	int client = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	at.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	int peer = accept(listener, NULL, NULL);
	close(peer);
	close(listener);
	char c;
	assert_int_equal(read(client, &c, 1), 0);
	close(client);
	assert_ok(sock_free_port(port, &again));
	assert_int_equal(again, port);
}

static void mounts(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *file = mem_printf("%s/file", dir);
	AUTO_FREE char *none = mem_printf("%s/none", dir);
	AUTO_FREE char *below = mem_printf("%s/file/below", dir);
	struct mount m = {.host = dir, .guest = (char[]){"/mnt"}, .writable = true};
	struct machine_spec spec = {.name = (char[]){"dev"}, .mounts = &m, .mount_count = 1};

	assert_ok(file_write(file, "", 0, 0600));
	assert_ok(fit_mounts(&spec));
	m.host = none;
	assert_fails(fit_mounts(&spec), ERR_ABSENT, "does not exist");
	m.host = file;
	assert_fails(fit_mounts(&spec), ERR_USAGE, "not a folder");
	m.host = below;
	assert_fails(fit_mounts(&spec), ERR_OS, "cannot share");
	m.host = dir;
	assert_int_equal(chmod(dir, 0500), 0);
	struct err *e = getuid() ? fit_mounts(&spec) : NULL; /* root may write everywhere */
	assert_true(getuid() == 0 || (err_is(e, ERR_OS) && e->errnum == EACCES && strstr(e->message, "writable")));
	err_free(e);
	assert_int_equal(chmod(dir, 0700), 0);
}

static int64_t disk_bytes;

static struct err *disk_size(const struct machine_spec *spec UNUSED, const char *path UNUSED, int64_t *ret_bytes)
{
	*ret_bytes = disk_bytes;
	return NULL;
}

static struct err *disk_below(const struct machine_spec *spec UNUSED, const char *path UNUSED, char **ret_base)
{
	*ret_base = NULL;
	return NULL;
}

static struct err *disk_check(const struct machine_spec *spec UNUSED, const char *path UNUSED, const char *base UNUSED)
{
	return NULL;
}

static void disk(void **state UNUSED)
{
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *data = mem_printf("%s/data.qcow2", dir);
	struct machine_spec spec = {.name = (char[]){"dev"}, .dir = dir, .qemu = data, .data_bytes = 2LL << 30};
	const struct vmm vmm = {.disk_size = disk_size, .disk_below = disk_below, .disk_check = disk_check};

	disk_bytes = 3LL << 30;
	assert_ok(fit_disk(&spec, &vmm)); /* there is none */
	assert_ok(file_write(data, "x", 1, 0600));
	struct err *e = fit_disk(&spec, &vmm);
	assert_non_null(strstr(e->hint, "3.0 GiB or more"));
	assert_int_equal(err_exit_code(e), EXIT_USAGE);
	assert_fails(e, ERR_USAGE, "disks only grow");
	disk_bytes = 2LL << 30;
	assert_ok(fit_disk(&spec, &vmm));
	spec.qemu = dir;
	spec.qemu_img = (char[]){"/nonexistent/qemu-img"};
	disk_bytes = 3LL << 30;
	assert_ok(fit_disk(&spec, &vmm)); /* the emulator is not built yet */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),  cmocka_unit_test(not_permitted), cmocka_unit_test(port_after_use),
		cmocka_unit_test(mounts), cmocka_unit_test(disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

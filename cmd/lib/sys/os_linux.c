#include "sys/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/tick.h"

int64_t file_mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

static void copy_text(char *to, size_t size, const char *from, size_t n)
{
	snprintf(to, size, "%.*s", (int)n, from);
}

static struct err *read_distro(struct host_facts *f)
{
	AUTO_FREE char *text = NULL;
	struct err *e = file_read("/etc/os-release", 65536, &text, NULL);
	if (e && !err_is(e, ERR_ABSENT)) /* without it both are "" */
		return err_wrap(e, "cannot determine this host's release");
	err_free(e);
	TRY(os_release_value(text ? text : "", "ID", f->distro, sizeof(f->distro)));
	return os_release_value(text ? text : "", "VERSION_CODENAME", f->codename, sizeof(f->codename));
}

static void read_boot_id(char *to, size_t size)
{
	AUTO_FREE char *text = NULL;
	struct err *e = file_read("/proc/sys/kernel/random/boot_id", 128, &text, NULL);
	if (e)
		err_free(e);
	else
		copy_text(to, size, text, strcspn(text, "\n"));
}

int64_t tick_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int os_cpu_count(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

int64_t os_memory_bytes(void)
{
	return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

struct err *os_host_facts(struct host_facts *ret_facts)
{
	struct host_facts f = {.os = OS_LINUX};
	struct utsname name;
	uname(&name);
	copy_text(f.os_version, sizeof(f.os_version), name.release, strlen(name.release));
	f.arch = arch_of(name.machine);
	f.cpus = os_cpu_count();
	f.memory_bytes = os_memory_bytes();
	AUTO_CLOSE int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	f.kvm_present = kvm >= 0;
	TRY(read_distro(&f));
	read_boot_id(f.boot_id, sizeof(f.boot_id));
	*ret_facts = f;
	return NULL;
}

struct err *os_pipe(int ret_fds[2])
{
	if (pipe2(ret_fds, O_CLOEXEC) != 0)
		return err_os(errno, "cannot make a pipe");
	return NULL;
}

/* A kernel without the call (before 5.9) leaves them to cloexec. */
void os_close_inherited(int first, const int *keep, size_t count)
{
	for (;;) {
		int next = INT_MAX;
		for (size_t i = 0; i < count; i++)
			if (keep[i] >= first && keep[i] < next)
				next = keep[i];
		if (next > first)
			close_range((unsigned)first, (unsigned)next - 1, 0);
		if (next == INT_MAX)
			return;
		first = next + 1;
	}
}

int os_full_sync(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
}

void os_die_with_parent(void)
{
	pid_t parent = getppid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

#define OWN_EXE "/proc/self/exe"
#define DELETED " (deleted)" /* follows the path of a file that was replaced or removed: proc(5) */

struct err *os_exe_path(char **ret_path)
{
	char path[4096];
	struct stat st;
	ssize_t n = readlink(OWN_EXE, path, sizeof(path) - 1);
	if (n < 0)
		return err_os(errno, "cannot find this program's own path");
	path[n] = '\0';
	if (str_ends(path, DELETED) && lstat(path, &st) != 0)
		path[strlen(path) - strlen(DELETED)] = '\0';
	*ret_path = mem_strdup(path);
	return NULL;
}

/* The kernel's link to our file leads there also when its path does not; the path names the process for people. */
char *os_program(const char *path)
{
	AUTO_FREE char *own_path = NULL;
	struct stat named, own;
	struct err *e = os_exe_path(&own_path);
	bool is_own = !e && streq(own_path, path) && stat(OWN_EXE, &own) == 0;
	err_free(e);
	bool replaced = is_own && (stat(path, &named) != 0 || named.st_dev != own.st_dev || named.st_ino != own.st_ino);
	return mem_strdup(replaced ? OWN_EXE : path);
}

void os_exclude_from_backup(const char *path UNUSED)
{
}

bool os_copy_range(int from, int to, int64_t size)
{
	while (size > 0) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)size, 0);
		if (n <= 0)
			return false;
		size -= n;
	}
	return true;
}

void os_start_writeback(int fd, int64_t offset, int64_t size)
{
	/* a hint: what it does not begin, the flush at the end does */
	(void)sync_file_range(fd, offset, size, SYNC_FILE_RANGE_WRITE);
}

int64_t os_disk_free(const char *path)
{
	struct statvfs st;
	return statvfs(path, &st) == 0 ? (int64_t)st.f_bavail * (int64_t)st.f_frsize : -1;
}

int os_peer_pid(int fd)
{
	struct ucred peer = {.pid = 0};
	socklen_t size = sizeof(peer);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? (int)peer.pid : 0;
}

void os_random(void *buffer, size_t size)
{
	char *p = buffer;
	while (size > 0) {
		ssize_t n = getrandom(p, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			bug("no random bytes from the kernel: errno %d", errno);
		p += n;
		size -= (size_t)n;
	}
}

void os_advise_huge(void *p, size_t size)
{
	madvise(p, size, MADV_HUGEPAGE);
}

void os_limit_memory(int64_t bytes)
{
	struct rlimit most = {(rlim_t)bytes, (rlim_t)bytes};

	setrlimit(RLIMIT_AS, &most);
}

#include "sys/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
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
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
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

/* Of os-release(5): a line KEY=VALUE, perhaps with quotes. */
static void read_release(const char *text, const char *key, char *to, size_t size)
{
	AUTO(strs) lines = STRS_INIT;
	strs_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i];
		size_t n = strlen(key);
		if (!str_starts(line, key) || line[n] != '=')
			continue;
		line += n + 1 + strspn(line + n + 1, "\"'");
		copy_text(to, size, line, strcspn(line, "\"'"));
	}
}

static void read_distro(struct host_facts *f)
{
	AUTO_FREE char *text = NULL;
	err_free(file_read("/etc/os-release", 65536, &text, NULL)); /* without it both are "" */
	read_release(text ? text : "", "ID", f->distro, sizeof(f->distro));
	read_release(text ? text : "", "VERSION_CODENAME", f->codename, sizeof(f->codename));
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

void os_host_facts(struct host_facts *ret_facts)
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
	read_distro(&f);
	read_boot_id(f.boot_id, sizeof(f.boot_id));
	*ret_facts = f;
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

/* Append the pids of the children of @pid. See: proc(5), /proc/pid/task/tid/children */
static size_t read_children(pid_t pid, pid_t *out, size_t max)
{
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	size_t count = 0;
	long value = 0;
	for (ssize_t i = 0; i < n && count < max; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			value = value * 10 + (text[i] - '0');
		} else if (value) {
			out[count++] = (pid_t)value;
			value = 0;
		}
	}
	return count;
}

/* Being their subreaper, all that is orphaned below us becomes our child: kill until nobody is left. */
NO_RETURN static void kill_all_below(void)
{
	pid_t pids[256];
	for (int round = 0; round < 1000; round++) {
		size_t n = read_children(getpid(), pids, sizeof(pids) / sizeof(*pids));
		for (size_t i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			n++;
		if (n == 0)
			break;
		usleep(2000);
	}
	_exit(127);
}

/* SIGUSR1 says that the parent died. */
static volatile sig_atomic_t parent_died;

static void on_parent_death(int number)
{
	(void)number;
	parent_died = 1;
}

NO_RETURN static void guard(pid_t child)
{
	int status = 0;
	for (;;) {
		if (parent_died)
			kill_all_below();
		pid_t got = waitpid(-1, &status, 0);
		if (got == child)
			break;
		if (got < 0 && errno != EINTR)
			_exit(127);
	}
	if (WIFSIGNALED(status)) {
		struct sigaction plain = {.sa_handler = SIG_DFL};
		sigaction(WTERMSIG(status), &plain, NULL);
		kill(getpid(), WTERMSIG(status));
	}
	_exit(WEXITSTATUS(status));
}

void os_guard(void)
{
	pid_t parent = getppid();
	struct sigaction act = {.sa_handler = on_parent_death};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t stops;
	sigemptyset(&stops);
	sigaddset(&stops, SIGTTIN);
	sigaddset(&stops, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stops,
		    NULL); /* a child that asks at the terminal stops us, but not before pipes are closed */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t child = fork();
	if (child <= 0)
		sigprocmask(SIG_UNBLOCK, &stops, NULL);
	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (child <= 0)
		return; /* the child itself; or no guard can be had */
	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGTERM, &ignore, NULL); /* the group gets it: the child decides what it means */
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	if (getppid() != parent)
		kill_all_below();
	os_close_inherited(0, NULL, 0); /* pipes must end when the child ends */
	sigprocmask(SIG_UNBLOCK, &stops, NULL);
	guard(child);
}

struct err *os_exe_path(char **ret_path)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n < 0)
		return err_os(errno, "cannot find this program's own path");
	path[n] = '\0';
	*ret_path = mem_strdup(path);
	return NULL;
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

#define LANDLOCK_WRITES                                                                                                \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |              \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                    \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                 \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)

/* Hard links across folders; from ABI 2 on, and denied unless asked for. Newer than Debian 12's header. */
#define LANDLOCK_REFER (UINT64_C(1) << 13)
#define LANDLOCK_TRUNCATE (UINT64_C(1) << 14)     /* from ABI 3 on */
#define LANDLOCK_DEVICE_IOCTL (UINT64_C(1) << 15) /* 5 */

/* See: Linux Documentation/userspace-api/landlock.rst. Network rules need ABI 4, newer than these headers. */
static bool confine_landlock(const char *dir)
{
	struct {
		uint64_t handled_access_fs;
		uint64_t handled_access_net;
	} rules = {LANDLOCK_WRITES, 3 /* bind and connect of TCP */};
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return false;
	size_t size = abi >= 4 ? sizeof(rules) : sizeof(rules.handled_access_fs);
	if (abi >= 2)
		rules.handled_access_fs |= LANDLOCK_REFER;
	if (abi >= 3)
		rules.handled_access_fs |= LANDLOCK_TRUNCATE;
	if (abi >= 5)
		rules.handled_access_fs |= LANDLOCK_DEVICE_IOCTL;
	AUTO_CLOSE int set = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	AUTO_CLOSE int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (set < 0 || fd < 0)
		return false;
	struct landlock_path_beneath_attr below = {.allowed_access = rules.handled_access_fs, .parent_fd = fd};
	return syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &below, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, set, 0) == 0;
}

#if defined(__x86_64__)
#define SECCOMP_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SECCOMP_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define SECCOMP_ARCH AUDIT_ARCH_RISCV64
#else
#define SECCOMP_ARCH 0
#endif
#define X32_CALLS 0x40000000 /* the other numbering of x86-64 */

/*
 * What no reader of archives needs fails with EPERM: conversations of any kind, new programs, other processes, mounts,
 * and owners, modes and attributes, which Landlock does not guard.
 * See: seccomp(2). A system call of another architecture's numbering ends the process.
 */
static bool confine_calls(void)
{
	static const unsigned refused[] = {
		SYS_socket,
		SYS_socketpair,
		SYS_connect,
		SYS_bind,
		SYS_listen,
		SYS_sendto,
		SYS_sendmsg,
		SYS_execve,
		SYS_execveat,
		SYS_ptrace,
		SYS_kill,
		SYS_tkill,
		SYS_rt_sigqueueinfo,
		SYS_rt_tgsigqueueinfo,
		SYS_pidfd_open,
		SYS_pidfd_send_signal,
		SYS_pidfd_getfd,
		SYS_fchmod,
		SYS_fchmodat,
		SYS_fchown,
		SYS_fchownat,
		SYS_setxattr,
		SYS_lsetxattr,
		SYS_fsetxattr,
		SYS_removexattr,
		SYS_lremovexattr,
		SYS_fremovexattr,
#ifdef SYS_chmod /* older architectures have these as well */
		SYS_chmod,
		SYS_chown,
		SYS_lchown,
#endif
		452, /* fchmodat2, from Linux 6.6 on: the same number on every architecture here */
		SYS_mount,
		SYS_io_uring_setup,
		SYS_bpf,
		SYS_unshare,
		SYS_setns,
		SYS_keyctl,
		SYS_add_key,
		SYS_userfaultfd,
		SYS_perf_event_open,
		SYS_process_vm_readv,
		SYS_process_vm_writev,
	};
	enum { CALLS = ARRAY_LEN(refused), LENGTH = CALLS + 8 };
	struct sock_filter code[LENGTH];
	struct sock_fprog program = {LENGTH, code};
	int n = 0;

	if (SECCOMP_ARCH == 0)
		return false;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, CALLS + 1, 0);
	for (int i = 0; i < CALLS; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i],
							 (unsigned char)(CALLS - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = (unsigned short)n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void os_limit_memory(int64_t bytes)
{
	struct rlimit most = {(rlim_t)bytes, (rlim_t)bytes};

	setrlimit(RLIMIT_AS, &most);
}

bool os_confine_writes(const char *dir)
{
	bool landlock = confine_landlock(dir);

	return confine_calls() && landlock;
}

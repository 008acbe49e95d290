/*
 * outside COMMAND [ARGUMENT...] - a program under ptrace(2), as strace(1) would run it, with its threads, the processes
 * that it forks, and those of them that run the same program again. One system call of one of them fails, where strace
 * can only say "the Nth of each". What any other program does is not looked at. Linux on x86_64.
 *
 *   COOPER_FAULT_LOG=FILE              each call that can fail: "CALL WHO/N SITE"; "end" when nobody is left
 *   COOPER_FAULT="CALL WHO/N ERRNO"    the Nth CALL of WHO fails with that number; the log then says "fired"
 *
 * CALL is named as in errnos.sh. WHO is "main", and for the threads and children of each, in their order, its name with .1,
 * .2 and so on. SITE is a hash of the program's own return addresses on the stack: the same for calls from the same place;
 * 0 where there is none, as in the loader. Ends with the status of COMMAND; goes on behind while others are traced.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRACEES = 256, NAMES = 96, FRAMES = 5, STACK_BYTES = 16384, PAGE = 4096, CALL_BYTES = 24, WHO_BYTES = 64 };

/* What a call is named by, if not by its number alone. */
enum kind { PLAIN, OPEN, OPENAT, STREAM, STATAT, CLONE, CLONE3, CONTROL, LIMIT };
static const struct call {
	const char *name;
	long number;
	enum kind kind;
} calls[] = {
	{"access", SYS_access, PLAIN},
	{"access", SYS_faccessat, PLAIN},
	{"access", SYS_faccessat2, PLAIN},
	{"accept", SYS_accept, PLAIN},
	{"accept", SYS_accept4, PLAIN},
	{"bind", SYS_bind, PLAIN},
	{"chdir", SYS_chdir, PLAIN},
	{"chdir", SYS_fchdir, PLAIN},
	{"chmod", SYS_chmod, PLAIN},
	{"chown", SYS_chown, PLAIN},
	{"chown", SYS_lchown, PLAIN},
	{"chown", SYS_fchown, PLAIN},
	{"chown", SYS_fchownat, PLAIN},
	{"close", SYS_close, PLAIN},
	{"connect", SYS_connect, PLAIN},
	{"copy_file_range", SYS_copy_file_range, PLAIN},
	{"copy_file_range", SYS_sendfile, PLAIN},
	{"dup2", SYS_dup, PLAIN},
	{"dup2", SYS_dup2, PLAIN},
	{"dup2", SYS_dup3, PLAIN},
	{"execve", SYS_execve, PLAIN},
	{"fchmod", SYS_fchmod, PLAIN},
	{"fchmodat", SYS_fchmodat, PLAIN},
	{"flock", SYS_flock, PLAIN},
	{"flock", SYS_fcntl, CONTROL},
	{"fork", SYS_fork, PLAIN},
	{"fork", SYS_vfork, PLAIN},
	{"fork", SYS_clone, CLONE},
	{"fork", SYS_clone3, CLONE3},
	{"fstat", SYS_fstat, PLAIN},
	{"fstatat", SYS_newfstatat, STATAT},
	{"fstatat", SYS_statx, PLAIN},
	{"fsync", SYS_fsync, PLAIN},
	{"fsync", SYS_fdatasync, PLAIN},
	{"fsync", SYS_syncfs, PLAIN},
	{"ftruncate", SYS_ftruncate, PLAIN},
	{"ftruncate", SYS_fallocate, PLAIN},
	{"getcwd", SYS_getcwd, PLAIN},
	{"getrandom", SYS_getrandom, PLAIN},
	{"getsockname", SYS_getsockname, PLAIN},
	{"link", SYS_link, PLAIN},
	{"linkat", SYS_linkat, PLAIN},
	{"listen", SYS_listen, PLAIN},
	{"lseek", SYS_lseek, PLAIN},
	{"lstat", SYS_lstat, PLAIN},
	{"mkdir", SYS_mkdir, PLAIN},
	{"mkdirat", SYS_mkdirat, PLAIN},
	{"mkfifo", SYS_mknod, PLAIN},
	{"mkfifo", SYS_mknodat, PLAIN},
	{"mmap", SYS_mmap, PLAIN},
	{"mmap", SYS_mprotect, PLAIN},
	{"mount", SYS_mount, PLAIN},
	{"mount", SYS_umount2, PLAIN},
	{"mount", SYS_pivot_root, PLAIN},
	{"open", SYS_open, OPEN},
	{"openat", SYS_openat, OPENAT},
	{"pipe2", SYS_pipe, PLAIN},
	{"pipe2", SYS_pipe2, PLAIN},
	{"pipe2", SYS_eventfd2, PLAIN},
	{"poll", SYS_poll, PLAIN},
	{"poll", SYS_ppoll, PLAIN},
	{"poll", SYS_select, PLAIN},
	{"poll", SYS_pselect6, PLAIN},
	{"pread", SYS_pread64, PLAIN},
	{"pwrite", SYS_pwrite64, PLAIN},
	{"read", SYS_read, STREAM},
	{"read", SYS_readv, STREAM},
	{"readdir", SYS_getdents64, PLAIN},
	{"readlink", SYS_readlink, PLAIN},
	{"readlinkat", SYS_readlinkat, PLAIN},
	{"receive", SYS_recvfrom, PLAIN},
	{"receive", SYS_recvmsg, PLAIN},
	{"rename", SYS_rename, PLAIN},
	{"renameat", SYS_renameat, PLAIN},
	{"renameat", SYS_renameat2, PLAIN},
	{"seccomp", SYS_seccomp, PLAIN},
	{"send", SYS_sendto, PLAIN},
	{"send", SYS_sendmsg, PLAIN},
	{"setpgid", SYS_setpgid, PLAIN},
	{"setrlimit", SYS_prlimit64, LIMIT},
	{"setsid", SYS_setsid, PLAIN},
	{"setsockopt", SYS_setsockopt, PLAIN},
	{"socket", SYS_socket, PLAIN},
	{"socket", SYS_socketpair, PLAIN},
	{"stat", SYS_stat, PLAIN},
	{"statvfs", SYS_statfs, PLAIN},
	{"statvfs", SYS_fstatfs, PLAIN},
	{"symlinkat", SYS_symlink, PLAIN},
	{"symlinkat", SYS_symlinkat, PLAIN},
	{"unlink", SYS_unlink, PLAIN},
	{"unlink", SYS_rmdir, PLAIN},
	{"unlinkat", SYS_unlinkat, PLAIN},
	{"unshare", SYS_unshare, PLAIN},
	{"utimensat", SYS_utimensat, PLAIN},
	{"waitpid", SYS_wait4, PLAIN},
	{"waitpid", SYS_waitid, PLAIN},
	{"write", SYS_write, STREAM},
	{"write", SYS_writev, STREAM},
};

static struct tracee {
	pid_t tid; /* 0 = this one is free */
	char who[WHO_BYTES];
	unsigned below;         /* how many threads and children it has made */
	unsigned counts[NAMES]; /* how often each of `names` was called */
	bool ours;              /* it runs the program */
	bool known;             /* whose thread or child it is has been told; it is stopped until then */
	bool failing;           /* inside of the call that is to fail */
	uintptr_t text, text_end, offset; /* where the program's code is, and from where in its file */
} tracees[TRACEES];

static const char *names[NAMES];
static char program[PATH_MAX];
static const unsigned char *code;
static size_t code_bytes;
static FILE *record;
static char target_call[CALL_BYTES], target_who[WHO_BYTES];
static unsigned target_number;
static int target_errno;
static bool fired;

static void die(const char *what)
{
	fprintf(stderr, "outside: %s: %s\n", what, strerror(errno));
	exit(125);
}

static struct tracee *tracee_of(pid_t tid)
{
	for (int i = 0; i < TRACEES; i++)
		if (tracees[i].tid == tid)
			return &tracees[i];
	return NULL;
}

static struct tracee *tracee_new(pid_t tid)
{
	struct tracee *t = tracee_of(0);

	if (!t) {
		errno = ENOBUFS;
		die("threads and processes");
	}
	*t = (struct tracee){.tid = tid};
	return t;
}

static bool peek(const struct tracee *t, uintptr_t at, void *to, size_t size)
{
	struct iovec here = {to, size}, there = {(void *)at, size};
	return process_vm_readv(t->tid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* After an exec: whether it runs the program, and where that is. */
static void look(struct tracee *t)
{
	char path[64], line[PATH_MAX + 128], name[PATH_MAX];
	unsigned long from, to, offset;
	char rights[8];

	snprintf(path, sizeof(path), "/proc/%d/exe", t->tid);
	ssize_t length = readlink(path, name, sizeof(name) - 1);
	name[length > 0 ? length : 0] = '\0';
	t->ours = !strcmp(name, program);
	snprintf(path, sizeof(path), "/proc/%d/maps", t->tid);
	FILE *maps = t->ours ? fopen(path, "re") : NULL;
	while (maps && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %7s %lx", &from, &to, rights, &offset) == 4 && rights[2] == 'x' && strstr(line, program))
			t->text = from, t->text_end = to, t->offset = offset;
	}
	if (maps)
		fclose(maps);
}

/* Whether an instruction that calls ends here. */
static bool returns_to(const struct tracee *t, uintptr_t address)
{
	size_t at = address - t->text + t->offset;

	if (address < t->text || address >= t->text_end || at < 8 || at > code_bytes)
		return false;
	return code[at - 5] == 0xe8 || code[at - 6] == 0xff || code[at - 3] == 0xff || code[at - 2] == 0xff;
}

static unsigned site_of(const struct tracee *t, uintptr_t stack)
{
	static uintptr_t words[STACK_BYTES / sizeof(uintptr_t)];
	size_t have = 0, found = 0;
	unsigned hash = 2166136261u;

	while (have < sizeof(words)) { /* the stack may end with each page */
		size_t part = PAGE - (stack + have) % PAGE;
		part = part < sizeof(words) - have ? part : sizeof(words) - have;
		if (!peek(t, stack + have, (char *)words + have, part))
			break;
		have += part;
	}
	for (size_t i = 0; i < have / sizeof(*words) && found < FRAMES; i++)
		if (returns_to(t, words[i])) {
			hash = (hash ^ (unsigned)(words[i] - t->text)) * 16777619u;
			found++;
		}
	return found ? hash : 0;
}

/* A pipe, a socket and a terminal have no disk that is full or fails. */
static bool is_stream(const struct tracee *t, uint64_t fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", t->tid, (int)fd);
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

/* Under which name it is counted; NULL = it is none that can fail. */
static const char *name_of(const struct tracee *t, long number, const uint64_t *args)
{
	const struct call *call = calls, *end = calls + sizeof(calls) / sizeof(*calls);
	uint64_t flags = args[0];

	while (call < end && call->number != number)
		call++;
	if (call == end)
		return NULL;
	switch (call->kind) {
	case OPEN:
		return args[1] & (O_WRONLY | O_RDWR) ? "open-write" : "open";
	case OPENAT:
		return args[2] & (O_WRONLY | O_RDWR) ? "openat-write" : "openat";
	case STREAM: /* that an error cannot be said is none that can be said */
		if (*call->name == 'w' && args[0] == STDERR_FILENO)
			return NULL;
		if (is_stream(t, args[0]))
			return *call->name == 'r' ? "read-stream" : "write-stream";
		return call->name;
	case STATAT:
		return args[3] & AT_EMPTY_PATH ? "fstat" : "fstatat";
	case CLONE3:
		if (!peek(t, args[0], &flags, sizeof(flags)))
			return NULL;
		/* fall through */
	case CLONE:
		return flags & CLONE_THREAD ? "pthread_create" : "fork";
	case CONTROL:
		switch (args[1]) {
		case F_DUPFD:
		case F_DUPFD_CLOEXEC:
			return "dup2";
		case F_SETLK:
		case F_SETLKW:
		case F_OFD_SETLK:
		case F_OFD_SETLKW:
			return "flock";
		default:
			return NULL;
		}
	case LIMIT:
		return args[2] ? call->name : NULL;
	case PLAIN:
		break;
	}
	return call->name;
}

static unsigned count(struct tracee *t, const char *name)
{
	unsigned i = 0;

	while (i < NAMES && names[i] && strcmp(names[i], name) != 0)
		i++;
	if (i == NAMES) {
		errno = ENOBUFS;
		die("names of calls");
	}
	names[i] = name;
	return ++t->counts[i];
}

/* Before a call: it is counted, logged, and skipped if it is the one. What closes is closed nevertheless. */
static void enter(struct tracee *t, const struct __ptrace_syscall_info *info)
{
	const char *name = name_of(t, (long)info->entry.nr, info->entry.args);
	struct user_regs_struct regs;
	unsigned number;

	if (!name || !t->ours || fired)
		return;
	number = count(t, name);
	if (!target_errno && record)
		fprintf(record, "%s %s/%u %08x\n", name, t->who, number, site_of(t, info->stack_pointer));
	if (!target_errno || number != target_number || strcmp(name, target_call) != 0 || strcmp(t->who, target_who) != 0)
		return;
	t->failing = fired = true;
	if (info->entry.nr == SYS_close)
		return;
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) != 0)
		die("registers");
	regs.orig_rax = (unsigned long long)-1;
	if (ptrace(PTRACE_SETREGS, t->tid, 0, &regs) != 0)
		die("registers");
}

static void leave(struct tracee *t)
{
	struct user_regs_struct regs;

	if (!t->failing)
		return;
	t->failing = false;
	if (ptrace(PTRACE_GETREGS, t->tid, 0, &regs) != 0)
		die("registers");
	regs.rax = (unsigned long long)-target_errno;
	if (ptrace(PTRACE_SETREGS, t->tid, 0, &regs) != 0)
		die("registers");
	if (record) {
		fprintf(record, "fired\n");
		fflush(record);
	}
}

/* On to its next call; let go once the one has failed, or if it runs another program. */
static void go_on(struct tracee *t, int signal)
{
	bool done = (fired || !t->ours) && !t->failing;

	ptrace(done ? PTRACE_DETACH : PTRACE_SYSCALL, t->tid, 0, (void *)(long)signal);
	if (done)
		t->tid = 0;
}

/* A thread or child was made: its first stop comes before or after this. */
static void born(struct tracee *parent)
{
	unsigned long tid = 0;

	ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &tid);
	struct tracee *t = tracee_of((pid_t)tid);
	bool waits = t != NULL;
	if (!t)
		t = tracee_new((pid_t)tid);
	if (snprintf(t->who, sizeof(t->who), "%.50s.%u", parent->who, ++parent->below) >= 60) {
		errno = ENAMETOOLONG;
		die(t->who);
	}
	t->known = true;
	t->ours = parent->ours;
	t->text = parent->text, t->text_end = parent->text_end, t->offset = parent->offset;
	if (waits)
		go_on(t, 0);
}

static void stopped(struct tracee *t, int status)
{
	struct __ptrace_syscall_info info;
	int signal = WSTOPSIG(status), event = status >> 16;

	switch (event) {
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		born(t);
		go_on(t, 0);
		return;
	case PTRACE_EVENT_EXEC:
		look(t);
		go_on(t, 0);
		return;
	case PTRACE_EVENT_STOP:
		if (!t->known)
			return;
		if (signal == SIGTRAP || fired || !t->ours)
			go_on(t, 0);
		else
			ptrace(PTRACE_LISTEN, t->tid, 0, 0);
		return;
	default:
		break;
	}
	if (signal != (SIGTRAP | 0x80)) {
		go_on(t, signal);
		return;
	}
	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) > 0) {
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			enter(t, &info);
		else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
			leave(t);
	}
	go_on(t, 0);
}

/* Until nobody is left; the status of @command is written to @report as soon as it is known. */
static void trace(pid_t command, int go, int report)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACEEXEC;
	struct tracee *main_thread = tracee_new(command);
	bool ended = false;
	int status;

	strcpy(main_thread->who, "main");
	main_thread->known = main_thread->ours = true;
	if (ptrace(PTRACE_SEIZE, command, 0, options) != 0 || ptrace(PTRACE_INTERRUPT, command, 0, 0) != 0)
		die("tracing");
	if (write(go, "", 1) != 1)
		die("pipe");
	close(go);
	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break;
		struct tracee *t = tracee_of(tid);
		if (WIFSTOPPED(status)) {
			stopped(t ? t : tracee_new(tid), status);
			continue;
		}
		if (t)
			t->tid = 0;
		if (tid == command && !ended) {
			ended = true;
			(void)!write(report, &status, sizeof(status));
			close(report);
			for (int fd = 0; fd < 3; fd++)
				close(fd);
		}
	}
	if (record)
		fprintf(record, "end\n");
}

static void prepare(const char *path)
{
	const char *fault = getenv("COOPER_FAULT"), *log = getenv("COOPER_FAULT_LOG");
	struct stat st;
	int fd = realpath(path, program) ? open(program, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0 || fstat(fd, &st) != 0)
		die(path);
	code_bytes = (size_t)st.st_size;
	code = mmap(NULL, code_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (code == MAP_FAILED)
		die(path);
	close(fd);
	if (log && !(record = fopen(log, "ae")))
		die(log);
	if (fault && sscanf(fault, "%23s %63[^/]/%u %d", target_call, target_who, &target_number, &target_errno) != 4) {
		errno = EINVAL;
		die(fault);
	}
	unsetenv("COOPER_FAULT");
	unsetenv("COOPER_FAULT_LOG");
}

int main(int argc, char **argv)
{
	int report[2], go[2], status = 0;
	char byte;

	if (argc < 2) {
		errno = EINVAL;
		die("what to run");
	}
	prepare(argv[1]);
	if (pipe2(report, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0)
		die("pipe");
	pid_t tracer = fork();
	if (tracer < 0)
		die("fork");
	if (tracer > 0) {
		close(report[1]);
		if (read(report[0], &status, sizeof(status)) != sizeof(status))
			return 125;
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	pid_t command = fork();
	if (command < 0)
		die("fork");
	if (command == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 1)
			_exit(125);
		execv(argv[1], argv + 1);
		_exit(126);
	}
	trace(command, go[1], report[1]);
	return 0;
}

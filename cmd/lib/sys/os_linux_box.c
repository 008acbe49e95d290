/* What a child may not do: Landlock and seccomp. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/os.h"
#include "sys/os_linux.h"

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

bool os_confine_writes(const char *dir)
{
	bool landlock = confine_landlock(dir);

	return confine_calls() && landlock;
}

#include "sys/os_linux_calls.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/auto.h"
#include "sys/os_linux.h"

/* Newer than Debian 12's headers, or the same number on every architecture here. */
enum { CALL_CLONE3 = 435, CALL_OPENAT2 = 437, CALL_FCHMODAT2 = 452, CALL_SETXATTRAT = 463, CALL_REMOVEXATTRAT = 466 };

enum how {
	NEVER,   /* EPERM */
	ABSENT,  /* ENOSYS: callers have another way */
	UNKNOWN, /* ENOTSUP, as of a file system without attributes: copying goes on */
	BITS,    /* EPERM when the argument has any of these bits */
	IS,      /* EPERM when it is this */
	TYPE_IS, /* EPERM when its file type, or its type of socket, is this */
	ABOVE,   /* EPERM when it is more than this */
};

struct rule {
	unsigned call;
	unsigned char who; /* bits of enum calls_for */
	unsigned char how;
	unsigned char argument; /* from 0 */
	uint32_t mask;          /* of TYPE_IS */
	uint32_t value;
};

#define BUILDS   (CALLS_BOX | CALLS_VIEW)
#define BOXES    (BUILDS | CALLS_TREE)
#define ALL      (CALLS_READER | BOXES)
#define SETID    S_ISUID /* a folder may have the other bit from the one above; no keg has either */
#define NEW_ONES                                                                                                       \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define KIND 0xf /* of a socket, without its flags */

#define REFUSE(call, who)                  {call, who, NEVER, 0, 0, 0}
#define REFUSE_BITS(call, argument, bits)  {call, BUILDS, BITS, argument, 0, bits}
#define REFUSE_NODE(call, argument)                                                                                    \
	{call, BUILDS, TYPE_IS, argument, S_IFMT, S_IFCHR}, {call, BUILDS, TYPE_IS, argument, S_IFMT, S_IFBLK}

/* See: seccomp(2) */
static const struct rule rules[] = {
	/* conversations; a reader has none at all, a build with a network of its own has that */
	REFUSE(SYS_socket, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_socketpair, CALLS_READER),
	REFUSE(SYS_connect, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_bind, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_listen, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_sendto, CALLS_READER),
	REFUSE(SYS_sendmsg, CALLS_READER),
	REFUSE(SYS_shmget, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_shmat, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_msgget, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_semget, CALLS_READER | CALLS_BOX),
	REFUSE(SYS_mq_open, CALLS_READER | CALLS_BOX),
	/* datagrams of a pair can be sent to anybody */
	{SYS_socketpair, CALLS_BOX, TYPE_IS, 1, KIND, SOCK_DGRAM},
	/* raw packets, and what no namespace holds: of virtual machines, of Bluetooth, of the kernel's cryptography */
	{SYS_socket, CALLS_VIEW | CALLS_TREE, ABOVE, 0, 0, AF_NETLINK},
	/* programs */
	REFUSE(SYS_execve, CALLS_READER),
	REFUSE(SYS_execveat, CALLS_READER),
	/* other processes */
	REFUSE(SYS_ptrace, ALL),
	REFUSE(SYS_process_vm_readv, ALL),
	REFUSE(SYS_process_vm_writev, ALL),
	REFUSE(SYS_kcmp, BOXES),
	REFUSE(SYS_pidfd_getfd, ALL),
	REFUSE(SYS_kill, CALLS_READER),
	REFUSE(SYS_tkill, CALLS_READER),
	REFUSE(SYS_rt_sigqueueinfo, CALLS_READER),
	REFUSE(SYS_rt_tgsigqueueinfo, CALLS_READER),
	REFUSE(SYS_pidfd_open, CALLS_READER),
	REFUSE(SYS_pidfd_send_signal, CALLS_READER),
	/* owners, modes and attributes, which Landlock does not guard */
	REFUSE(SYS_fchmod, CALLS_READER),
	REFUSE(SYS_fchmodat, CALLS_READER),
	REFUSE(CALL_FCHMODAT2, CALLS_READER),
	REFUSE(SYS_fchown, CALLS_READER),
	REFUSE(SYS_fchownat, CALLS_READER),
	REFUSE_BITS(SYS_fchmod, 1, SETID),
	REFUSE_BITS(SYS_fchmodat, 2, SETID),
	REFUSE_BITS(CALL_FCHMODAT2, 2, SETID),
	REFUSE_BITS(SYS_openat, 3, SETID), /* without O_CREAT libraries leave it 0 */
	REFUSE_BITS(SYS_mknodat, 2, SETID),
	REFUSE_NODE(SYS_mknodat, 2),
	{CALL_OPENAT2, BUILDS, ABSENT, 0, 0, 0}, /* its mode is out of sight */
	REFUSE(SYS_setxattr, CALLS_READER),
	{SYS_setxattr, BUILDS, UNKNOWN, 0, 0, 0},
	REFUSE(SYS_lsetxattr, CALLS_READER),
	{SYS_lsetxattr, BUILDS, UNKNOWN, 0, 0, 0},
	REFUSE(SYS_fsetxattr, CALLS_READER),
	{SYS_fsetxattr, BUILDS, UNKNOWN, 0, 0, 0},
	REFUSE(CALL_SETXATTRAT, CALLS_READER),
	{CALL_SETXATTRAT, BUILDS, UNKNOWN, 0, 0, 0},
	REFUSE(SYS_removexattr, CALLS_READER),
	REFUSE(SYS_lremovexattr, CALLS_READER),
	REFUSE(SYS_fremovexattr, CALLS_READER),
	REFUSE(CALL_REMOVEXATTRAT, CALLS_READER),
#ifdef SYS_chmod /* older architectures have these as well */
	REFUSE(SYS_chmod, CALLS_READER),
	REFUSE(SYS_chown, CALLS_READER),
	REFUSE(SYS_lchown, CALLS_READER),
	REFUSE_BITS(SYS_chmod, 1, SETID),
	REFUSE_BITS(SYS_open, 2, SETID),
	REFUSE_BITS(SYS_creat, 1, SETID),
	REFUSE_BITS(SYS_mknod, 1, SETID),
	REFUSE_NODE(SYS_mknod, 1),
#endif
	/* namespaces and mounts */
	REFUSE(SYS_unshare, CALLS_READER | BUILDS),
	{SYS_unshare, CALLS_TREE, BITS, 0, 0, NEW_ONES & ~CLONE_NEWNS}, /* by which mmdebstrap asks whether it may mount */
	REFUSE(SYS_setns, ALL),
	REFUSE_BITS(SYS_clone, 0, NEW_ONES),
	{SYS_clone, CALLS_TREE, BITS, 0, 0, NEW_ONES},
	{CALL_CLONE3, BOXES, ABSENT, 0, 0, 0}, /* its flags are out of sight */
	REFUSE(SYS_mount, CALLS_READER | BUILDS),
	REFUSE(SYS_umount2, BUILDS),
	REFUSE(SYS_pivot_root, BOXES),
	REFUSE(SYS_chroot, BUILDS),
	REFUSE(SYS_fsopen, BUILDS),
	REFUSE(SYS_fsmount, BUILDS),
	REFUSE(SYS_fspick, BUILDS),
	REFUSE(SYS_open_tree, BUILDS),
	REFUSE(SYS_move_mount, BUILDS),
	{SYS_fsopen, CALLS_TREE, ABSENT, 0, 0, 0}, /* mount(8) then goes the old way */
	{SYS_fsmount, CALLS_TREE, ABSENT, 0, 0, 0},
	{SYS_fspick, CALLS_TREE, ABSENT, 0, 0, 0},
	{SYS_open_tree, CALLS_TREE, ABSENT, 0, 0, 0},
	{SYS_move_mount, CALLS_TREE, ABSENT, 0, 0, 0},
	REFUSE(SYS_name_to_handle_at, BOXES),
	REFUSE(SYS_open_by_handle_at, BOXES),
	/* what goes round these rules, or is nobody's but the system's */
	REFUSE(SYS_io_uring_setup, ALL),
	REFUSE(SYS_bpf, ALL),
	REFUSE(SYS_keyctl, ALL),
	REFUSE(SYS_add_key, ALL),
	REFUSE(SYS_request_key, BOXES),
	REFUSE(SYS_userfaultfd, ALL),
	REFUSE(SYS_perf_event_open, ALL),
	REFUSE(SYS_fanotify_init, BOXES),
	REFUSE(SYS_syslog, BOXES),
	REFUSE(SYS_acct, BOXES),
	REFUSE(SYS_quotactl, BOXES),
	REFUSE(SYS_swapon, BOXES),
	REFUSE(SYS_swapoff, BOXES),
	REFUSE(SYS_reboot, BOXES),
	REFUSE(SYS_init_module, BOXES),
	REFUSE(SYS_finit_module, BOXES),
	REFUSE(SYS_delete_module, BOXES),
	REFUSE(SYS_kexec_load, BOXES),
	REFUSE(SYS_sethostname, BOXES),
	REFUSE(SYS_setdomainname, BOXES),
	REFUSE(SYS_settimeofday, BOXES),
	REFUSE(SYS_clock_settime, BOXES),
	REFUSE(SYS_vhangup, BOXES),
	/* keys pressed into a terminal */
	{SYS_ioctl, BOXES, IS, 1, 0, TIOCSTI},
	{SYS_ioctl, BOXES, IS, 1, 0, TIOCLINUX},
};

#define LOAD(what)  (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, what)
#define GIVE(what)  (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, what)
#define FAIL(error) GIVE(SECCOMP_RET_ERRNO | (error))
#define TEST(kind, value, yes, no) (struct sock_filter) BPF_JUMP(BPF_JMP | (kind) | BPF_K, value, yes, no)

/* The low half of an argument: modes, flags and families have no more, and every architecture here is little-endian. */
static unsigned argument_at(const struct rule *r)
{
	return (unsigned)offsetof(struct seccomp_data, args) + 8U * r->argument;
}

/* The rule's condition and what follows from it; the number of the call is there again afterwards. */
static size_t add_body(struct sock_filter *code, const struct rule *r)
{
	size_t n = 0;
	if (r->how <= UNKNOWN) {
		code[n++] = FAIL(r->how == NEVER ? EPERM : r->how == ABSENT ? ENOSYS : ENOTSUP);
		return n;
	}
	code[n++] = LOAD(argument_at(r));
	if (r->how == TYPE_IS)
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, r->mask);
	code[n++] = r->how == BITS    ? TEST(BPF_JSET, r->value, 0, 1)
		    : r->how == ABOVE ? TEST(BPF_JGT, r->value, 0, 1)
				      : TEST(BPF_JEQ, r->value, 0, 1);
	code[n++] = FAIL(EPERM);
	code[n++] = LOAD(offsetof(struct seccomp_data, nr));
	return n;
}

/* Calls of another architecture's numbering fail, whatever they are. */
size_t calls_program(enum calls_for who, struct sock_filter code[CALLS_MAX])
{
	size_t n = 0;
	if (SECCOMP_ARCH == 0)
		return 0;
	code[n++] = LOAD(offsetof(struct seccomp_data, arch));
	code[n++] = TEST(BPF_JEQ, SECCOMP_ARCH, 1, 0);
	code[n++] = FAIL(ENOSYS);
	code[n++] = LOAD(offsetof(struct seccomp_data, nr));
	code[n++] = TEST(BPF_JGE, X32_CALLS, 0, 1);
	code[n++] = FAIL(ENOSYS);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (!(rules[i].who & who))
			continue;
		size_t body = add_body(code + n + 1, &rules[i]);
		code[n] = TEST(BPF_JEQ, rules[i].call, 0, (unsigned char)body);
		n += 1 + body;
	}
	code[n++] = GIVE(SECCOMP_RET_ALLOW);
	return n;
}

int calls_confine(const struct sock_filter *code, size_t length)
{
	struct sock_fprog program = {(unsigned short)length, (struct sock_filter *)(uintptr_t)code};
	if (length == 0)
		return ENOSYS;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0
		       ? 0
		       : errno;
}

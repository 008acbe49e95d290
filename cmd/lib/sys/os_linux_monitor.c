/* The process of a virtual machine, confined: see os_confine_monitor(). */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/os.h"
#include "sys/os_linux.h"

/* --- root's powers --- */

static uint64_t kept(const struct monitor_powers *keep)
{
	uint64_t bits = 0;

	if (keep->files)
		bits |= POWER(CAP_DAC_OVERRIDE) | POWER(CAP_FOWNER);
	if (keep->files && keep->owner)
		bits |= POWER(CAP_CHOWN);
	if (keep->ports)
		bits |= POWER(CAP_NET_BIND_SERVICE);
	return bits;
}

/*
 * The bounding set is a second fence: what a process that gains no privileges has given up, exec does not give back.
 * See: capabilities(7)
 */
bool powers_keep(uint64_t keep)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap > 63 || !(keep >> cap & 1))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective &= data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) == 0;
}

/* --- modes --- */

enum { FILTER_MAX = 160, FCHMODAT2 = 452, OPENAT2 = 437 };

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short n;
};

static void put(struct filter *f, struct sock_filter instruction)
{
	f->code[f->n++] = instruction;
}

static void load(struct filter *f, size_t offset)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* The lower half: the machines here are little-endian. */
static void load_argument(struct filter *f, int index)
{
	load(f, offsetof(struct seccomp_data, args) + (size_t)index * 8);
}

static void give(struct filter *f, uint32_t verdict)
{
	put(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
}

/* The @count instructions that follow are for what has one of @bits, or equals them, alone. */
static void when_any(struct filter *f, uint32_t bits, unsigned char count)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, count));
}

static void when_equal(struct filter *f, uint32_t value, unsigned char count)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count));
}

#define FAILS (SECCOMP_RET_ERRNO | EPERM)
#define SEEMS_DONE (SECCOMP_RET_ERRNO | 0)
#define MISSING (SECCOMP_RET_ERRNO | ENOSYS)

/*
 * S_ISGID alone is left out without a word: Linux asks for it itself when it makes a folder in one that has it, and
 * mkdir(2) on the host has given it by then.
 */
static void guard_chmod(struct filter *f, unsigned call, int mode)
{
	when_equal(f, call, 6);
	load_argument(f, mode);
	when_any(f, S_ISUID, 1);
	give(f, FAILS);
	when_any(f, S_ISGID, 1);
	give(f, SEEMS_DONE);
	give(f, SECCOMP_RET_ALLOW);
}

/*
 * Who opens to read and cuts the file with it means to cut what he may only read: QEMU before 11.1 lets a guest do that to
 * a share that is read-only (CVE-2026-63318). The mode is an argument only of calls that can make the file.
 */
static void guard_open(struct filter *f, unsigned call, int flags, int mode)
{
	when_equal(f, call, 10);
	load_argument(f, flags);
	put(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, O_ACCMODE | O_TRUNC));
	when_equal(f, O_RDONLY | O_TRUNC, 1);
	give(f, FAILS);
	load_argument(f, flags);
	when_any(f, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 3);
	load_argument(f, mode);
	when_any(f, S_ISUID | S_ISGID, 1);
	give(f, FAILS);
	give(f, SECCOMP_RET_ALLOW);
}

static void guard_mknod(struct filter *f, unsigned call, int mode)
{
	when_equal(f, call, 9);
	load_argument(f, mode);
	when_any(f, S_ISUID | S_ISGID, 1);
	give(f, FAILS);
	put(f, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, S_IFMT));
	when_equal(f, S_IFCHR, 1);
	give(f, FAILS);
	when_equal(f, S_IFBLK, 1);
	give(f, FAILS);
	give(f, SECCOMP_RET_ALLOW);
}

/* The next @count instructions are left out for what equals @value. */
static void unless_equal(struct filter *f, uint32_t value, unsigned char count)
{
	put(f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0));
}

static void guard_id(struct filter *f, int id, unsigned owner)
{
	load_argument(f, id);
	unless_equal(f, UINT32_MAX, 3); /* stays as it is */
	unless_equal(f, owner, 2);
	unless_equal(f, 0, 1);
	give(f, FAILS);
}

static void guard_chown(struct filter *f, unsigned call, int user, unsigned owner)
{
	when_equal(f, call, 11);
	guard_id(f, user, owner);
	guard_id(f, user + 1, owner);
	give(f, SECCOMP_RET_ALLOW);
}

/* For root alone: to others the kernel says no by itself. */
static void guard_owners(struct filter *f, unsigned owner)
{
	guard_chown(f, SYS_fchown, 1, owner);
	guard_chown(f, SYS_fchownat, 2, owner);
#ifdef SYS_chown
	guard_chown(f, SYS_chown, 1, owner);
	guard_chown(f, SYS_lchown, 1, owner);
#endif
}

static void refuse(struct filter *f, unsigned call, uint32_t verdict)
{
	when_equal(f, call, 1);
	give(f, verdict);
}

/* See: seccomp(2). What takes modes by memory, where a filter cannot look, is as on a kernel that lacks it. */
static void guard_calls(struct filter *f)
{
	guard_chmod(f, SYS_fchmod, 1);
	guard_chmod(f, SYS_fchmodat, 2);
	guard_chmod(f, FCHMODAT2, 2);
	guard_open(f, SYS_openat, 2, 3);
	guard_mknod(f, SYS_mknodat, 2);
#ifdef SYS_chmod /* older architectures have these as well */
	guard_chmod(f, SYS_chmod, 1);
	guard_open(f, SYS_open, 1, 2);
	guard_mknod(f, SYS_mknod, 1);
	refuse(f, SYS_creat, MISSING);
#endif
	refuse(f, OPENAT2, MISSING);
	refuse(f, SYS_io_uring_setup, MISSING);
}

static bool filter_modes(unsigned owner)
{
	struct filter f = {.n = 0};
	struct sock_fprog program = {.filter = f.code};

	if (SECCOMP_ARCH == 0)
		return false;
	load(&f, offsetof(struct seccomp_data, arch));
	put(&f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_ARCH, 1, 0));
	give(&f, SECCOMP_RET_KILL_PROCESS);
	load(&f, offsetof(struct seccomp_data, nr));
	put(&f, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_CALLS, 0, 1));
	give(&f, FAILS);
	guard_calls(&f);
	if (geteuid() == 0)
		guard_owners(&f, owner);
	give(&f, SECCOMP_RET_ALLOW);
	program.len = f.n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

const char *os_monitor_gap(void)
{
	if (SECCOMP_ARCH != 0 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)
		return NULL;
	return "the kernel cannot filter system calls here, so the guest can make setuid programs in its writable shares";
}

bool os_confine_monitor(const struct monitor_powers *keep)
{
	bool dropped = powers_keep(kept(keep));
	bool pinned = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;

	return pinned && filter_modes(keep->owner) && dropped;
}

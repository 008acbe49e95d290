/*
 * What the guest programs of these tests need instead of a C library: they are static x86-64 programs that depend on
 * nothing, so that any compiler that knows the architecture builds them and any kernel starts them.
 *
 * Link with -nostdlib -static; define int guest_main(long argc, char **argv, char **envp).
 */
#ifndef GUEST_START_H
#define GUEST_START_H

#include <stdint.h>

enum {
	SYS_write = 1,
	SYS_open = 2,
	SYS_close = 3,
	SYS_mmap = 9,
	SYS_munmap = 11,
	SYS_brk = 12,
	SYS_mremap = 25,
	SYS_shmget = 29,
	SYS_shmat = 30,
	SYS_shmctl = 31,
	SYS_shmdt = 67,
	SYS_clone = 56,
	SYS_exit = 60,
	SYS_exit_group = 231,
	SYS_sched_yield = 24,
	SYS_clock_gettime = 228
};

static inline long syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define syscall3(n, a, b, c) syscall6(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)

static inline void say(const char *text)
{
	long n = 0;

	while (text[n])
		n++;
	syscall3(SYS_write, 1, text, n);
}

static inline void say_number(uint64_t value, unsigned base)
{
	char digits[24], *p = digits + sizeof digits;

	*--p = 0;
	do {
		*--p = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	say(p);
}

static inline uint64_t number(const char *text)
{
	uint64_t value = 0;

	while (*text >= '0' && *text <= '9')
		value = value * 10 + (uint64_t)(*text++ - '0');
	return value;
}

int guest_main(long argc, char **argv, char **envp);

__attribute__((used)) static void guest_entry(long *sp)
{
	syscall3(SYS_exit_group, guest_main(sp[0], (char **)(sp + 1), (char **)(sp + sp[0] + 2)), 0, 0);
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall guest_entry\n\thlt\n");

#endif

/*
 * Every address that a kernel hands to an x86-64 program lies below 2^47. Go packs pointers into 47 bits and ends with
 * "lfstack.push invalid packing" where that does not hold.
 *
 * Runs natively, too, which is the oracle: whatever is asked for here, an x86-64 kernel grants.
 */
#include "start.h"

#define TIB (1ul << 40)
#define LIMIT (1ul << 47)
enum { R = 1, RW = 3, PRIVATE = 2, FIXED = 0x10, ANON = 0x20, NORESERVE = 0x4000, MAYMOVE = 1 };
#define ANYWHERE (PRIVATE | ANON | NORESERVE)

static unsigned n_passed, n_failed;
static uint64_t highest;

static void result(const char *name, int ok)
{
	say(ok ? "ok - " : "not ok - ");
	say(name);
	say("\n");
	*(ok ? &n_passed : &n_failed) += 1;
}

static long map(uint64_t hint, uint64_t size, int prot, int flags)
{
	return syscall6(SYS_mmap, (long)hint, (long)size, prot, flags, -1, 0);
}

static void unmap(long p, uint64_t size)
{
	syscall3(SYS_munmap, p, size, 0);
}

/* True: an address, and all of the range below the limit; as Go checks it, packed and unpacked again */
static int is_low(long p, uint64_t size)
{
	uint64_t start = (uint64_t)p;

	if (p < 0 && p > -4096)
		return 0;
	if (start > highest)
		highest = start;
	return start + size <= LIMIT && (uint64_t)((int64_t)(start << 16) >> 16) == start;
}

static int many_small(void)
{
	int ok = 1;

	for (int i = 0; i < 2000 && ok; i++) {
		long p = map(0, 4096ul * (1 + i % 7), RW, PRIVATE | ANON);
		ok = is_low(p, 4096ul * (1 + i % 7));
		if (ok)
			*(volatile char *)p = 1;
	}
	return ok;
}

static int reservations(int n, uint64_t size)
{
	long p[128];
	int ok = 1;

	for (int i = 0; i < n; i++)
		ok &= is_low(p[i] = map(0, size, 0, ANYWHERE), size);
	for (int i = 0; i < n; i++)
		unmap(p[i], size);
	return ok;
}

static int come_and_go(int n, uint64_t size)
{
	int ok = 1;

	for (int i = 0; i < n && ok; i++) {
		long p = map(0, size, RW, ANYWHERE);
		ok = is_low(p, size);
		if (ok)
			*(volatile char *)p = 1;
		unmap(p, size);
	}
	return ok;
}

static int hints(void)
{
	long taken = map(0, 65536, RW, PRIVATE | ANON);
	long free_hint = map(0xc000000000, 65536, RW, PRIVATE | ANON); /* where Go asks first */

	return is_low(map((uint64_t)taken, 65536, RW, PRIVATE | ANON), 65536) && free_hint == 0xc000000000 &&
	       is_low(map(LIMIT + (1ul << 32), 65536, RW, PRIVATE | ANON), 65536);
}

static int moved(void)
{
	long p = map(0, 65536, RW, PRIVATE | ANON);
	long q = map((uint64_t)p + 65536, 4096, RW, PRIVATE | ANON | FIXED); /* in the way */

	*(volatile char *)p = 42;
	p = syscall6(SYS_mremap, p, 65536, 1 << 24, MAYMOVE, 0, 0);
	return is_low(p, 1 << 24) && *(volatile char *)p == 42 && q > 0;
}

static int shared(void)
{
	long id = syscall3(SYS_shmget, 0, 1 << 20, 01600), p;

	if (id < 0)
		return 1; /* a kernel without SysV shared memory */
	p = syscall3(SYS_shmat, id, 0, 0);
	syscall3(SYS_shmctl, id, 0, 0);
	return is_low(p, 1 << 20);
}

static int file(const char *path)
{
	long fd = syscall3(SYS_open, path, 0, 0), p = syscall6(SYS_mmap, 0, 4096, R, PRIVATE, fd, 0);

	return fd >= 0 && is_low(p, 4096) && *(volatile char *)p == 0x7f;
}

static int heap(void)
{
	long end = syscall3(SYS_brk, 0, 0, 0), now = syscall3(SYS_brk, end + (16 << 20), 0, 0);

	return is_low(end, 16 << 20) && now == end + (16 << 20);
}

static int vectors(char **envp)
{
	uint64_t *aux;

	while (*envp)
		envp++;
	for (aux = (uint64_t *)(envp + 1); aux[0]; aux += 2)
		if ((aux[0] == 3 || aux[0] == 33 || aux[0] == 25 || aux[0] == 31) && !is_low((long)aux[1], 1))
			return 0;
	return is_low((long)aux, 16);
}

int guest_main(long argc, char **argv, char **envp)
{
	(void)argc;
	result("2000 small mappings", many_small());
	result("100 reservations of 1 GiB", reservations(100, 1ul << 30));
	result("4 reservations of 16 TiB at once", reservations(4, 16 * TIB));
	result("a hint that is taken, one that is free, one out of reach", hints());
	result("mremap that must move", moved());
	result("shared memory", shared());
	result("a file", file(argv[0]));
	result("the heap grows", heap());
	result("the stack, the vDSO and what else the kernel passes", vectors(envp));
	result("8 TiB come and go 60 times", come_and_go(60, 8 * TIB));
	result("20000 mappings come and go", come_and_go(20000, 1 << 16));
	result("a fixed address out of reach is refused", map(LIMIT, 4096, RW, PRIVATE | ANON | FIXED) == -12);
	result("more than there is, too", map(0, LIMIT, 0, ANYWHERE) == -12);
	result("and small ones still work", many_small());
	say("highest 0x");
	say_number(highest, 16);
	say("\n");
	say_number(n_passed, 10);
	say(" passed, ");
	say_number(n_failed, 10);
	say(" failed\n");
	return n_failed > 0;
}

/*
 * Two threads, two variables: the classical tests of a memory order, as x86 instructions.
 *
 *   litmus ROUNDS     prints, for each test, how often the outcome came that the test is named for
 *
 * Forbidden on x86, and so by every emulator of one: mp, lb, sbf (store buffering with MFENCE), sbl (with a LOCKed
 * instruction). Allowed: sb, the one reordering that x86 does. The bodies are functions of their own, so that the
 * code made for them can be looked up by their symbols (body_TEST_THREAD).
 *
 * Exits 0 when no forbidden outcome came.
 */
#include "start.h"

static struct {
	volatile uint64_t x __attribute__((aligned(128)));
	volatile uint64_t y __attribute__((aligned(128)));
	volatile uint64_t lock __attribute__((aligned(128)));
} shared __attribute__((aligned(128)));

typedef uint64_t body_fn(volatile uint64_t *x, volatile uint64_t *y);

/* x in rdi, y in rsi; the first load's result in rax */
#define BODY(name, text)                                                                                               \
	uint64_t body_##name(volatile uint64_t *x, volatile uint64_t *y);                                              \
	__asm__(".globl body_" #name "\n.type body_" #name ",@function\nbody_" #name ":\n" text "\tret\n"              \
		".size body_" #name ", .-body_" #name "\n")

BODY(mp_0, "\tmovq $1, (%rdi)\n\tmovq $1, (%rsi)\n");
BODY(mp_1, "\tmovq (%rsi), %rax\n\tmovq (%rdi), %rcx\n\tlea (%rcx,%rax,2), %rax\n");
BODY(lb_0, "\tmovq (%rdi), %rax\n\tmovq $1, (%rsi)\n");
BODY(lb_1, "\tmovq (%rsi), %rax\n\tmovq $1, (%rdi)\n");
BODY(sb_0, "\tmovq $1, (%rdi)\n\tmovq (%rsi), %rax\n");
BODY(sb_1, "\tmovq $1, (%rsi)\n\tmovq (%rdi), %rax\n");
BODY(sbf_0, "\tmovq $1, (%rdi)\n\tmfence\n\tmovq (%rsi), %rax\n");
BODY(sbf_1, "\tmovq $1, (%rsi)\n\tmfence\n\tmovq (%rdi), %rax\n");
BODY(sbl_0, "\tmovq $1, (%rdi)\n\tlock addq $1, 256(%rdi)\n\tmovq (%rsi), %rax\n");
BODY(sbl_1, "\tmovq $1, (%rsi)\n\tlock addq $1, 128(%rsi)\n\tmovq (%rdi), %rax\n");

static const struct litmus {
	const char *name;
	body_fn *body[2];
	int is_forbidden;
	int is_second_only; /* the outcome is in thread 1's result: y seen, x not */
	uint64_t outcome;   /* of both threads alike */
} tests[] = {
	{"mp", {body_mp_0, body_mp_1}, 1, 1, 2},    {"lb", {body_lb_0, body_lb_1}, 1, 0, 1},
	{"sb", {body_sb_0, body_sb_1}, 0, 0, 0},    {"sbf", {body_sbf_0, body_sbf_1}, 1, 0, 0},
	{"sbl", {body_sbl_0, body_sbl_1}, 1, 0, 0},
};

/* Rounds are numbered on through all tests; each thread posts the round that it is ready for. */
static volatile uint64_t ready[2][16] __attribute__((aligned(128)));
static volatile uint64_t result[2][16] __attribute__((aligned(128)));
static uint64_t rounds;
static char stack[65536] __attribute__((aligned(16)));

static void meet(int me, uint64_t round)
{
	unsigned spins = 0;

	__atomic_store_n(&ready[me][0], round, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&ready[!me][0], __ATOMIC_SEQ_CST) < round)
		if (++spins % 4096 == 0)
			syscall3(SYS_sched_yield, 0, 0, 0);
}

static uint64_t run(int me, const struct litmus *t, uint64_t *round)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		if (!me)
			shared.x = shared.y = 0;
		meet(me, ++*round);
		for (volatile unsigned wait = (unsigned)(i * (me ? 7 : 3)) % 13; wait; wait--)
			;
		result[me][0] = t->body[me](&shared.x, &shared.y);
		meet(me, ++*round);
		if (t->is_second_only)
			count += result[1][0] == t->outcome;
		else
			count += result[0][0] == t->outcome && result[1][0] == t->outcome;
		meet(me, ++*round);
	}
	return count;
}

__attribute__((used)) static void second_thread(void)
{
	uint64_t round = 0;

	for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++)
		run(1, &tests[i], &round);
	syscall3(SYS_exit, 0, 0, 0);
}

/* clone(VM|FS|FILES|SIGHAND|THREAD|SYSVSEM); the child calls second_thread() on its own stack */
static void start_thread(void)
{
	long ret;

	__asm__ volatile("syscall\n\ttest %%eax, %%eax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tcall second_thread\n\thlt\n1:"
			 : "=a"(ret)
			 : "a"((long)SYS_clone), "D"(0x50f00l), "S"(stack + sizeof stack), "d"(0l)
			 : "rcx", "r11", "memory");
	if (ret < 0)
		syscall3(SYS_exit_group, 3, 0, 0);
}

int guest_main(long argc, char **argv, char **envp)
{
	uint64_t round = 0;
	int bad = 0;

	(void)envp;
	rounds = argc > 1 ? number(argv[1]) : 100000;
	start_thread();
	for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
		uint64_t count = run(0, &tests[i], &round);

		say(tests[i].name);
		say(" ");
		say_number(count, 10);
		say(" of ");
		say_number(rounds, 10);
		say(tests[i].is_forbidden ? (count ? " FORBIDDEN\n" : " never\n") : " allowed\n");
		bad |= tests[i].is_forbidden && count;
	}
	return bad;
}

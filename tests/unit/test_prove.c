#include <stdlib.h>

#include "guest/prove.h"
#include "harness.h"

static const char *const right = "runs=x86_64\nargv0=./canary-x86_64\neuid=0\nlevel=x86-64-v3\n";

static void judge_in(enum arch guest_arch, const char *arch, const char *output, const char *fails_with)
{
	struct proof proof = {.arch = mem_strdup(arch)};
	struct err *e = prove_judge(output, guest_arch, arch, &proof);
	if (fails_with)
		assert_fails(e, ERR_GUEST, fails_with);
	else
		assert_ok(e);
	free(proof.arch);
	free(proof.bare);
	free(proof.level);
}

static void judge(const char *output, const char *fails_with)
{
	judge_in(ARCH_AARCH64, "x86_64", output, fails_with);
}

static void test_right_answers(void **state)
{
	(void)state;
	judge(right, NULL);
	judge("runs=x86_64\nargv0=./canary-x86_64\neuid=0\nlevel=\n", NULL);
	judge_in(ARCH_AARCH64, "arm", "runs=armv7l\nargv0=./canary-arm\neuid=0\n", NULL);
	judge_in(ARCH_AARCH64, "arm", "runs=aarch64\nargv0=./canary-arm\neuid=0\n", "'aarch64' instead of 'armv7l'");
	/* an x86_64 kernel runs it by itself */
	judge_in(ARCH_X86_64, "i386", "runs=x86_64\nargv0=./canary-i386\neuid=0\n", NULL);
	judge_in(ARCH_X86_64, "i386", "runs=i686\nargv0=./canary-i386\neuid=0\n", NULL);
}

static void test_each_wrong_answer_is_named(void **state)
{
	(void)state;
	judge("runs=aarch64\nargv0=./canary-x86_64\neuid=0\nlevel=\n", "'aarch64' instead of 'x86_64'");
	judge("runs=Exec format error\nargv0=\neuid=\n", "Exec format error");
	judge("runs=x86_64\nargv0=/home/core/canary\neuid=0\n", "binfmt flag P");
	judge("runs=x86_64\nargv0=./canary-x86_64\neuid=1000\n", "binfmt flag C");
	judge("runs=x86_64\nargv0=./canary-x86_64\n", "'nothing' instead of '0'");
	judge("", "'nothing' instead of 'x86_64'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_answers),
		cmocka_unit_test(test_each_wrong_answer_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

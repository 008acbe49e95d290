#include <stdlib.h>

#include "guest/prove.h"
#include "harness.h"

static const char *const right = "runs=x86_64\nargv0=./canary-x86_64\neuid=0\nlevel=x86-64-v3\n";

static void judge(const char *output, const char *fails_with)
{
	struct proof proof = {.arch = mem_strdup("x86_64")};
	struct err *e = prove_judge(output, "x86_64", &proof);
	if (fails_with)
		assert_fails(e, ERR_GUEST, fails_with);
	else
		assert_ok(e);
	free(proof.arch);
	free(proof.bare);
	free(proof.level);
}

static void test_right_answers(void **state)
{
	(void)state;
	judge(right, NULL);
	judge("runs=x86_64\nargv0=./canary-x86_64\neuid=0\nlevel=\n", NULL);
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

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cancel.h"
#include "guest/prove.h"
#include "harness.h"

#include <signal.h>
#include "sys/file.h"
#include "sys/tick.h"

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

/* It is printed: a guest that says something else has said nothing. */
static void test_levels(void **state)
{
	static const char *const said[][2] = {
		{"x86-64-v3", "x86-64-v3"}, {"x86-64-v2", "x86-64-v2"}, {"", ""}, {"v3", ""}, {"\033[31mx86-64-v4", ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		AUTO_FREE char *output =
			mem_printf("runs=x86_64\nargv0=./canary-x86_64\neuid=0\nlevel=%s\n", said[i][0]);
		struct proof proof = {.arch = NULL};
		assert_ok(prove_judge(output, ARCH_AARCH64, "x86_64", &proof));
		assert_string_equal(proof.level, said[i][1]);
		free(proof.bare);
		free(proof.level);
	}
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

static void *cancel_when_it_loads(void *sign)
{
	for (int i = 0; i < 500 && !is_file(sign); i++)
		tick_sleep_ms(10);
	cancel_request(SIGINT);
	return NULL;
}

/* What this host cannot write says nothing of the guest: neither its exit code nor its remedy. The guest's bare canary
 * runs; then the folder for the image of the next one is gone. */
static void test_an_error_of_the_host(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *scratch = mem_printf("%s/scratch", dir);
	AUTO_FREE char *ssh_program = mem_printf("%s/ssh", dir);
	AUTO_FREE char *before = mem_strdup(getenv("PATH"));
	AUTO_FREE char *search = mem_printf("%s:%s", dir, before);
	AUTO_FREE char *script = mem_printf("#!/bin/sh\ncase \"$*\" in\n*euid=*) rm -rf %s; printf '%s' ;;\n"
					    "*) cat >/dev/null ;;\nesac\n",
					    scratch, right);
	AUTO(strs) archs = STRS_INIT;
	AUTO(proofs) proofs = {.items = NULL};
	struct ssh ssh = {.config_path = "/dev/null", .host = "none"};
	assert_ok(dir_make(scratch, 0700));
	assert_ok(file_write(ssh_program, script, strlen(script), 0700));
	strs_add(&archs, "x86_64");
	setenv("PATH", search, 1);
	struct err *e = prove_run(&ssh, ARCH_AARCH64, &archs, scratch, "canary", NULL, &proofs);
	setenv("PATH", before, 1);
	assert_non_null(e);
	assert_int_equal(err_exit_code(e), EXIT_FAILED);
	assert_true(!e->hint || !strstr(e->hint, "handler"));
	assert_fails(e, ERR_OS, "the x86_64 canary failed in a container");
}

/* An ssh whose guest loads the canary's image for ever: who interrupts it is not told to look at the handler. */
static void test_interrupted_in_the_container(void **state)
{
	(void)state;
	AUTO_FREE char *dir = test_dir();
	AUTO_FREE char *ssh_program = mem_printf("%s/ssh", dir);
	AUTO_FREE char *sign = mem_printf("%s/loads", dir);
	AUTO_FREE char *search = mem_printf("%s:%s", dir, getenv("PATH"));
	AUTO_FREE char *script = mem_printf("#!/bin/sh\ncase \"$*\" in\n*'podman load'*) : >%s; exec sleep 30 ;;\n"
					    "*euid=*) printf '%s' ;;\n*) cat >/dev/null ;;\nesac\n",
					    sign, right);
	AUTO(strs) archs = STRS_INIT;
	AUTO(proofs) proofs = {.items = NULL};
	struct ssh ssh = {.config_path = "/dev/null", .host = "none"};
	pthread_t thread;
	assert_ok(file_write(ssh_program, script, strlen(script), 0700));
	setenv("PATH", search, 1);
	strs_add(&archs, "x86_64");
	assert_int_equal(pthread_create(&thread, NULL, cancel_when_it_loads, sign), 0);
	struct err *e = prove_run(&ssh, ARCH_AARCH64, &archs, dir, "canary", NULL, &proofs);
	pthread_join(thread, NULL);
	assert_true(!e->hint || !strstr(e->hint, "handler"));
	assert_fails(e, ERR_CANCELED, "in a container");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_answers),
		cmocka_unit_test(test_levels), cmocka_unit_test(test_each_wrong_answer_is_named),
		cmocka_unit_test(test_an_error_of_the_host),
		cmocka_unit_test(test_interrupted_in_the_container), /* the last: nobody takes a request back */
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * harness.h - what the unit tests share: a fresh folder, and assertions on errors
 */
#ifndef COOPER_TESTS_HARNESS_H
#define COOPER_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

/** test_dir() - a fresh folder below $TMPDIR, heap path; removed when the program ends */
char *test_dir(void);
/** need_program() - skip the test, visibly, where @name is not on the PATH; first in a test: skip() frees nothing */
void need_program(const char *name);
/** assert_ok() - fail with the error's text unless @take_e is NULL */
void assert_ok(struct err *take_e);
/** assert_fails() - @take_e must be of @kind with @part in its text, hint or detail */
void assert_fails(struct err *take_e, enum err_kind kind, const char *part);

/** is_file(), is_dir() - whether that is there; size_of() - in bytes, -1 when missing. What cannot be seen fails the
 * test */
bool is_file(const char *path);
bool is_dir(const char *path);
int64_t size_of(const char *path);
/** is_locked() - whether somebody holds the lock; his text, heap, when @ret_holder is not NULL */
bool is_locked(const char *path, char **ret_holder);

/** make_qcow2() - with its folder, a disk of 1 MiB, or one on @backing, which is said to be of @format; needs qemu-img */
void make_qcow2(const char *path, const char *backing, const char *format);

/** test_main() - what a test's own main() is compiled as; the program's is in harness.c */
int test_main(void);
extern int test_argc;
extern char **test_argv;

#endif

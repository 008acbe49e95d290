/*
 * auto.h - cleanup attributes and the compiler annotations used everywhere
 *
 * AUTO(x) declares a local that x_done() cleans at scope exit; AUTO_FREE frees a heap string, AUTO_CLOSE
 * closes a descriptor that was only read. TAKE(p) hands a local out: it returns p and leaves NULL behind.
 * Closing a *written* file is never left to cleanup: it can fail.
 */
#ifndef COOPER_BASE_AUTO_H
#define COOPER_BASE_AUTO_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NO_RETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

/** mem_free_at() - cleanup handler of AUTO_FREE; frees *(void **)p */
void mem_free_at(void *p);

/** fd_close_at() - cleanup handler of AUTO_CLOSE; closes *(int *)p unless -1, keeping errno */
void fd_close_at(int *p);

#define AUTO_FREE __attribute__((cleanup(mem_free_at)))
#define AUTO_CLOSE __attribute__((cleanup(fd_close_at)))
#define AUTO(x) __attribute__((cleanup(x##_done))) struct x

#define TAKE(p)                                                                                                        \
	__extension__({                                                                                                \
		__typeof__(p) take_ = (p);                                                                             \
		(p) = NULL;                                                                                            \
		take_;                                                                                                 \
	})

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif

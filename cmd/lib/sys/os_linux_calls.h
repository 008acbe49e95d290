/*
 * os_linux_calls.h - which system calls a confined process may make: seccomp's programs, made from one table
 *
 * Part of os_linux*.c alone.
 */
#ifndef COOPER_SYS_OS_LINUX_CALLS_H
#define COOPER_SYS_OS_LINUX_CALLS_H

#include <linux/filter.h>
#include <stddef.h>

enum calls_for {
	CALLS_READER = 1, /* reads an archive and writes files: no programs, no conversations, no owners and modes */
	CALLS_BOX = 2,    /* builds: no sockets but pairs */
	CALLS_VIEW = 4,   /* builds, with a network of its own */
	CALLS_TREE = 8,   /* a root of its own ids, with a network of its own */
};

enum { CALLS_MAX = 1024 };

/** calls_program() - write the program for @who into @code; its length, or 0 where the architecture is not known */
size_t calls_program(enum calls_for who, struct sock_filter code[CALLS_MAX]);
/** calls_confine() - from now on, for this process and all that it starts; 0 or errno. Async-signal-safe */
int calls_confine(const struct sock_filter *code, size_t length);

#endif

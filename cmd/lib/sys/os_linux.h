/*
 * os_linux.h - what the files of Linux share: how seccomp calls this architecture, and giving up root's powers
 *
 * Only os_linux*.c include it. Where SECCOMP_ARCH is 0, system calls cannot be filtered here.
 */
#ifndef COOPER_SYS_OS_LINUX_H
#define COOPER_SYS_OS_LINUX_H

#include <linux/audit.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#define SECCOMP_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SECCOMP_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define SECCOMP_ARCH AUDIT_ARCH_RISCV64
#else
#define SECCOMP_ARCH 0
#endif
#define X32_CALLS 0x40000000 /* the other numbering of x86-64 */

#define POWER(cap) (UINT64_C(1) << (cap))

/** powers_keep() - give up all capabilities but those in @keep, for good; async-signal-safe */
bool powers_keep(uint64_t keep);

#endif

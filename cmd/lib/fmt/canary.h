/*
 * canary.h - tiny foreign programs whose successful run is the proof that emulation works
 *
 * A canary is a static ELF program of a few hundred bytes, made from machine code in canary.c (its assembly is
 * beside it, canary_<arch>.S.txt). Run without an argument it asks the kernel uname(2) and prints the machine
 * field: "s390x" can only come from a kernel, or an emulator in its place, that takes the program for s390x. (A kernel
 * that runs another architecture's programs by itself, such as i386's, answers with its own.)
 *
 *	canary           x86_64        what the program runs as
 *	canary argv0     ./canary      argv[0] as the program sees it: wrong without binfmt flag P
 *	canary euid      0             effective user: a setuid program needs binfmt flag C
 *	canary v2        x86-64-v2     x86_64 only: one instruction of each extension; SIGILL where one is missing
 *	canary v3        x86-64-v3
 *
 * canary_image() wraps one into a container image that `podman load` takes without a network: /canary is its
 * entry point, /canary-setuid the same program with mode 4755.
 */
#ifndef COOPER_FMT_CANARY_H
#define COOPER_FMT_CANARY_H

#include "base/arch.h"
#include "base/str.h"

#define CANARY_IMAGE "localhost/canary"

/** canary_elf() - append the program for @arch to @out */
void canary_elf(enum arch arch, struct str *out);
/**
 * canary_image() - append a docker-archive that holds the canary of @arch to @out
 * @tag:  the image's tag; the image is called CANARY_IMAGE:@tag
 *
 * The bytes are the same on every host.
 */
void canary_image(enum arch arch, const char *tag, struct str *out);

#endif

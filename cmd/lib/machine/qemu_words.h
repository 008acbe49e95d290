/*
 * qemu_words.h - what QEMU printed before it ended, judged by where in a line the words stand
 *
 * Pure functions of the text on its standard error. A message has the program's name before it and, where an option is
 * at fault, that option: "qemu-system-x86_64: -accel kvm: failed to initialize kvm: Permission denied". Options hold
 * names and paths of the user's, so that a word somewhere in the text says nothing.
 *
 *	if (qemu_port_conflict(words, &port))
 *		...
 *	if (qemu_blames_accel(words, ACCEL_KVM))
 *		... another accelerator may do
 *
 * See: QEMU's util/error-report.c, system/vl.c, accel/kvm/kvm-all.c, target/i386/kvm/kvm.c, accel/hvf/hvf-all.c
 */
#ifndef COOPER_MACHINE_QEMU_WORDS_H
#define COOPER_MACHINE_QEMU_WORDS_H

#include <stdbool.h>

#include "machine/spec.h"

/** qemu_blames_accel() - whether QEMU gave up over @accel itself: not there, not allowed, or failing at work */
bool qemu_blames_accel(const char *words, enum accel accel);

/**
 * qemu_port_conflict() - whether QEMU could not listen on a port of the host, and on which
 * @ret_port:  0 when it does not tell
 */
bool qemu_port_conflict(const char *words, int *ret_port);

#endif

/*
 * binfmt.h - the lines that make a Linux kernel hand foreign programs to an emulator
 *
 * Text only: nothing is registered here. A line is what /proc/sys/fs/binfmt_misc/register and the files of
 * /etc/binfmt.d take; Ignition and the guest steps write it. Magic and mask follow from the
 * architecture's ELF header. Flags are always FPC: F opens the emulator at registration, so that it is found
 * from inside a container; P keeps argv[0]; C takes credentials from the program, so that setuid works.
 *
 * Handlers are called qemu-<arch>, as distributions call theirs, so that ours takes the place of theirs.
 *
 * See: Linux Documentation/admin-guide/binfmt-misc.rst, binfmt.d(5)
 */
#ifndef COOPER_FMT_BINFMT_H
#define COOPER_FMT_BINFMT_H

#include "base/arch.h"
#include "base/err.h"
#include "base/str.h"

#define BINFMT_FLAGS "FPC"
/* Where the guest mounts the read-only device with our own emulators; each is a file qemu-<arch> at its root. */
#define BINFMT_STORE_DIR "/var/lib/cooper/emulators"

/** binfmt_emulator() - "qemu-<arch>" as QEMU's own file names have it, heap */
char *binfmt_emulator(enum arch arch);

/**
 * binfmt_line() - the registration line for @arch, without a newline, heap
 * @interpreter:  absolute path of the emulator
 *
 * NULL when @interpreter cannot stand in one (not absolute, a ':' or newline in it, longer than kernels take).
 */
char *binfmt_line(enum arch arch, const char *interpreter);

/**
 * binfmt_conf_path() - "/etc/binfmt.d/zz-cooper-<arch>.conf", heap
 *
 * systemd-binfmt takes the files of all folders in the order of their names, and a later line replaces an earlier
 * one of the same handler: "zz" comes after every distribution's qemu-<arch>.conf.
 */
char *binfmt_conf_path(enum arch arch);

/** binfmt_conf() - the content of that file for the provider `store`, heap */
char *binfmt_conf(enum arch arch);

/**
 * binfmt_status_ok() - whether the text of /proc/sys/fs/binfmt_misc/<handler> says enabled with flags F, P and C
 * @ret_why:  heap text of what is wrong; NULL when all is well
 */
bool binfmt_status_ok(const char *status, char **ret_why);

/**
 * binfmt_fix_flags() - append the lines of a vendor's binfmt.d file with their flags made FPC
 *
 * Comments and empty lines stay. For the provider `guest`, whose handlers often carry F alone.
 * Errors:  CORRUPT (a line is not a registration)
 */
MUST_CHECK struct err *binfmt_fix_flags(const char *conf, struct str *out);

#endif

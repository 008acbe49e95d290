/*
 * ssh_files.h - ssh/port, ssh/config and ssh/known_hosts of a machine: how `ssh -F` reaches its guest
 */
#ifndef COOPER_MACHINE_SSH_FILES_H
#define COOPER_MACHINE_SSH_FILES_H

#include "base/err.h"
#include "machine/spec.h"
#include "net/ssh.h"

/**
 * ssh_files_choose_port() - a free port of this host for the guest's ssh, and the files that say so
 * @anew:  another one than that of the last time, which is taken else where it is free: connections that people made by
 *         hand stay good
 *
 * Errors:  USAGE (a path that ssh cannot have in its configuration), ABSENT, CORRUPT (the keys), OS
 */
MUST_CHECK struct err *ssh_files_choose_port(const struct machine_spec *spec, bool anew, int *ret_port);

/** ssh_files_whole() - whether they say what they must for a guest at @ssh_port */
bool ssh_files_whole(const struct machine_spec *spec, int ssh_port);

/** ssh_files_write() - put right what differs, the keys' public halves included; errors as above */
MUST_CHECK struct err *ssh_files_write(const struct machine_spec *spec, int ssh_port);

/* How to reach a machine's guest, with the texts it borrows. */
struct machine_ssh {
	char *config;
	char *host;
	struct ssh ssh;
};

/** machine_ssh_open() - how the last start left it; machine_ssh_done() - free */
void machine_ssh_open(const char *machine_dir, const char *name, struct machine_ssh *ret_ssh);
void machine_ssh_done(struct machine_ssh *ssh);

#endif

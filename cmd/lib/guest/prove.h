/*
 * prove.h - run the canaries in a guest: "amd64 works" as a measurement
 *
 * For each architecture a tiny static program is run bare (as the login user) and in a rootless container made
 * from a local tarball: no network. It asks the kernel what it runs on. Bare it is also asked for its argv[0] (wrong
 * without binfmt flag P), whom it runs as when it is root's and setuid (wrong without flag C), and which level of
 * the x86-64 instruction set there is. Afterwards `podman run --rm --arch amd64 localhost/canary` works by hand, too.
 */
#ifndef COOPER_GUEST_PROVE_H
#define COOPER_GUEST_PROVE_H

#include "base/arch.h"
#include "base/event.h"
#include "net/ssh.h"

/* What one architecture's canaries said. */
struct proof {
	char *arch;
	char *bare;      /* what it said: "x86_64" */
	char *container; /* the same in a container */
	char *level;     /* "x86-64-v3", "x86-64-v2", "" for less and for other architectures */
	int64_t ms;
};

struct proofs {
	struct proof *items;
	size_t count;
	size_t cap;
};

void proofs_done(struct proofs *proofs);

/**
 * prove_run() - run the canaries of every architecture in @archs
 * @guest_arch: of the guest's own processor; its image is loaded, too
 * @scratch: folder on the host for the tarballs
 *
 * Errors: GUEST (a canary did not run, or said something else: the message names architecture and place; the hint
 * says what to look at), or those of ssh_run()
 */
MUST_CHECK struct err *prove_run(const struct ssh *ssh, enum arch guest_arch, const struct strs *archs,
				 const char *scratch, const char *step, struct sink *sink, struct proofs *ret_proofs);

/**
 * prove_judge() - what the bare canary of @arch answered, into @proof
 * @output: lines "runs=", "argv0=", "euid=", "level=" of the script in prove.c
 *
 * Pure. Errors: GUEST, naming the question that was answered wrong.
 */
MUST_CHECK struct err *prove_judge(const char *output, enum arch guest_arch, const char *arch, struct proof *proof);

#endif

/*
 * emulators.h - the read-only device that carries our own user-mode emulators into the guest
 *
 * An ISO 9660 image with one static program per architecture (qemu-<arch>), taken from a verified package of
 * the guest's architecture. The guest mounts it at BINFMT_STORE_DIR: no package transaction, no reboot.
 */
#ifndef COOPER_GUEST_EMULATORS_H
#define COOPER_GUEST_EMULATORS_H

#include "base/arch.h"
#include "base/event.h"
#include "recipe/recipe.h"
#include "source/source.h"
#include "store/home.h"

struct emulators_job {
	const struct home *home;
	const struct source_files *files; /* the package */
	const struct strs *archs;         /* foreign architectures wanted */
	enum arch guest_arch;
	const char *key;
	const char *step;
};

/** emulators_name() - name of the result in the store: "emulators-aarch64"; heap */
char *emulators_name(enum arch guest_arch);
/** emulators_make() - make emulators.iso and commit it to the store; ABSENT when the package lacks one of @archs */
MUST_CHECK struct err *emulators_make(const struct emulators_job *job, struct sink *sink);

#endif

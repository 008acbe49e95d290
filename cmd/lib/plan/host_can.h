/*
 * host_can.h - whether a host can ever do what a stack asks of it, told before any work
 *
 * A pure decision over facts: the same for this host and for one that is only described. What is unknown of a host is
 * not held against it; what can be installed is not either.
 */
#ifndef COOPER_PLAN_HOST_CAN_H
#define COOPER_PLAN_HOST_CAN_H

#include "recipe/recipe.h"
#include "sys/os.h"

/* What is still to be done, and for whom; all borrowed. */
struct host_needs {
	const struct host_facts *facts;
	enum arch guest_arch;
	const struct recipe *emulator;
	const struct recipe *image;
	const struct source *emulators; /* of the device with user-mode emulators; NULL = none is wanted */
	const struct strs *unresolved;  /* references that the lock lacks; may be NULL */
	bool builds;                    /* the emulator */
	bool makes_image;
	bool has_mirror;         /* files come by their digest from COOPER_MIRROR */
	const char *no_firmware; /* UEFI firmware that the emulator's keg lacks; NULL = it is there, or not known */
};

/** host_can() - USAGE with the reason and another way, when the host cannot do it */
MUST_CHECK struct err *host_can(const struct host_needs *needs);

#endif

/*
 * handlers.h - foreign programs by what the guest has: handlers of its image, or of a package installed there
 *
 * For the providers `guest`, `package`, and `auto` without a device of our own. What a guest ships is often
 * registered with flag F alone: the distribution's own line is then written anew, with F, P and C, as
 * /etc/binfmt.d/zz-cooper-<arch>.conf, which survives reboots and updates. Where there is no handler, the system's
 * package of them is installed; where that must be layered, the guest reboots.
 *
 * See: binfmt.d(5); guest/os.h; guest/prove.h for the proof that it works
 */
#ifndef COOPER_GUEST_HANDLERS_H
#define COOPER_GUEST_HANDLERS_H

#include "guest/guest.h"

enum handlers_state {
	HANDLERS_FINE,    /* registered with every flag */
	HANDLERS_FIX,     /* a distribution's line is there: to be registered with every flag */
	HANDLERS_MISSING, /* no line */
};

/**
 * handlers_ensure() - see that the kernel of an open guest hands programs of @archs to an emulator
 * @provider:     AUTO: as GUEST, else as PACKAGE
 * @archs:        architectures that the guest's processor is not
 * @ret_changed:  whether anything had to be done
 *
 * Errors:  GUEST (no handler, and the provider allows no package; the guest did not come back from its reboot; the
 *          handler is still wrong), and those of guest_step_run()
 */
MUST_CHECK struct err *handlers_ensure(struct guest *g, enum provider provider, const struct strs *archs,
				       bool *ret_changed);

/* Decisions, pure. */

/** handlers_question() - shell text whose output handlers_judge() reads, heap */
char *handlers_question(const struct strs *archs);

/**
 * handlers_judge() - the state of one architecture
 * @answer:    output of handlers_question()
 * @ret_conf:  HANDLERS_FIX: content of binfmt_conf_path(), heap; else NULL
 * @ret_why:   heap text of what is wrong with what is registered; NULL when fine
 *
 * Errors:  GUEST (@answer says nothing about @arch), CORRUPT (the distribution's line is no registration)
 */
MUST_CHECK struct err *handlers_judge(const char *answer, const char *arch, enum handlers_state *ret_state,
				      char **ret_conf, char **ret_why);

#endif

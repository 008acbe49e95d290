/*
 * stack_lock.h - what a stack refers to by names that float, and the lock that pins them
 */
#ifndef COOPER_PLAN_STACK_LOCK_H
#define COOPER_PLAN_STACK_LOCK_H

#include "base/event.h"
#include "fmt/json.h"
#include "plan/project.h"

/** stack_references() - append what @r, one of @p's recipes, needs the lock for */
void stack_references(const struct project *p, const struct recipe *r, struct strs *references);
/** stack_unresolved() - append the references that the lock lacks; none = stack_open() will work */
void stack_unresolved(const struct project *p, struct strs *references);
/** stack_resolve() - ask apt for what the lock lacks and write the lock */
MUST_CHECK struct err *stack_resolve(struct project *p, struct sink *sink);

/**
 * stack_update() - resolve every floating reference anew: the image's channel, Debian sources, packages and sets, git's
 * names
 * @dry_run:     leave the lock as it is
 * @ret_changes: an array of {reference, old, new, changed, files, files_changed}; old is null where nothing was pinned
 *
 * The lock is written when all of them could be resolved. Errors: those of channel_resolve() and of debian.h
 */
MUST_CHECK struct err *stack_update(const struct project *p, bool dry_run, struct sink *sink,
				    struct json **ret_changes);

/** stack_foreign_archs() - append the architectures that containers must run and the guest's processor is not */
void stack_foreign_archs(const struct project *p, struct strs *foreign);
/**
 * stack_emulator_package() - the stack's package of user-mode emulators, for the architecture of the guest, where its
 * programs run; all borrowed. False when no device with emulators is wanted.
 */
bool stack_emulator_package(const struct project *p, struct source *ret_package);

#endif

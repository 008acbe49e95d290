/*
 * project_machine.h - which machine a stack's file made, and which file made a machine
 *
 * As the records of each stack's last `up` tell it. For commands on a machine that exists: these need no recipe, so
 * that one which is being edited, was moved or is gone, keeps nobody from his machine.
 *
 *	TRY(project_machines(&p->home, p->stack_path, &names));
 *	if (names.count == 1) ... that is the one
 */
#ifndef COOPER_PLAN_PROJECT_MACHINE_H
#define COOPER_PLAN_PROJECT_MACHINE_H

#include "base/str.h"
#include "store/home.h"

/**
 * project_machines() - append the names of the machines that @stack_path made and that still exist
 * @stack_path:  a file that exists, by whatever way; of a shipped stack nothing is remembered
 *
 * More than one where the file makes another machine for another architecture of the guest.
 * Errors: OS (a record cannot be read, or @stack_path cannot be found); one that is damaged is passed over
 */
MUST_CHECK struct err *project_machines(const struct home *home, const char *stack_path, struct strs *names);

/** project_stacks() - append the paths of the files that made @machine last, whether they exist or not; errors as above
 */
MUST_CHECK struct err *project_stacks(const struct home *home, const char *machine, struct strs *paths);

#endif

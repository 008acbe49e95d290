/*
 * stack_internal.h - what stack.c and stack_machine.c share
 */
#ifndef COOPER_PLAN_STACK_INTERNAL_H
#define COOPER_PLAN_STACK_INTERNAL_H

#include "build/build.h"
#include "guest/emulators.h"
#include "image/image.h"
#include "image/image_download.h"
#include "machine/accel.h"
#include "machine/spec.h"
#include "machine/vmm.h"
#include "plan/stack.h"

/* One download of several files. */
struct fetch_job {
	const struct home *home;
	const struct source_files *files;
};

struct guest_job;

/** stack_needs_emulators() - whether the device with user-mode emulators is wanted, from the package that the stack
 * names */
bool stack_needs_emulators(const struct project *p);
/** stack_emulator_package() - that package, for the guest's architecture; everything in it is borrowed */
struct source stack_emulator_package(const struct project *p);

struct stack {
	struct project *p;
	struct graph graph;
	struct json *record; /* inputs as of the last success */
	char *record_path;
	struct step *goal;
	/* emulator */
	struct source_files emulator_files;
	struct fetch_job fetch_emulator;
	struct build_job build;
	struct step *build_step;
	/* image */
	struct source_files image_files;
	struct fetch_job fetch_image;
	struct image_job image;
	struct step *image_step;
	/* user-mode emulators; emulators_step is NULL when none is needed */
	struct strs foreign; /* architectures to run that the guest's processor is not */
	struct source package;
	struct source_files emulators_files;
	struct fetch_job fetch_emulators;
	struct emulators_job emulators;
	struct step *emulators_step;
	/* machine */
	struct machine_spec spec;
	const struct vmm *vmm;
	struct step *generation_step;
	struct step *boot_step;
	struct guest_job *guest_jobs;
};

/** stack_accelerators() - what a start on the project's host would try, and why */
MUST_CHECK struct err *stack_accelerators(const struct stack *s, struct accel_list *ret_list);
/** stack_add_machine() - append the machine's steps to the graph; the last one becomes the goal */
MUST_CHECK struct err *stack_add_machine(struct stack *s);
/** stack_machine_done() - free what stack_add_machine() made */
void stack_machine_done(struct stack *s);

#endif

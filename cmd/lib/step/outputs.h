/*
 * outputs.h - what a step produced, asked of the kind that produces it
 *
 * Each takes the step itself, as step_need() or graph_kind() finds it; its key must be sealed. Paths are where the
 * result is or will be; heap.
 */
#ifndef COOPER_STEP_OUTPUTS_H
#define COOPER_STEP_OUTPUTS_H

#include "build/build.h"
#include "guest/guest.h"
#include "machine/disk.h"
#include "machine/machine.h"
#include "source/source.h"
#include "step/kind.h"

/** step_files() - the files of a "fetch", its job */
const struct source_files *step_files(const struct step *fetch);
/** step_result() - @file (NULL: all) in the folder that @step's kind makes in the store: a keg, an image, emulators */
char *step_result(const struct step *step, const char *file);
/** step_result_observe() - whether that folder is there: an observe() */
MUST_CHECK struct err *step_result_observe(const struct step *step, struct observed *seen);
/** step_receipt() - what is written in that folder about it; OS or ABSENT when there is none */
MUST_CHECK struct err *step_receipt(const struct step *step, struct json **ret_receipt);
/** step_generation() - the one that a "generation" made, whether it came up already or not; ABSENT when there is none,
 *  or it is damaged */
MUST_CHECK struct err *step_generation(const struct step *generation, struct generation *ret_generation);
/** step_generation_find() - the same of one that came up, or is coming up; number 0 when there is none, or it is
 *  damaged: @ret_why (may be NULL) then says how */
MUST_CHECK struct err *step_generation_find(const struct step *generation, struct generation *ret_generation,
					    char **ret_why);
/** build_job_of() - the job of a "source" or "build", whose own job is the recipe; all in it is borrowed */
struct build_job build_job_of(const struct step *step);
/** step_guest_open() - the running guest, in which each program has half an hour; @ret_guest borrows from @ret_ssh */
MUST_CHECK struct err *step_guest_open(const struct step *step, struct sink *sink, struct machine_ssh *ret_ssh,
				       struct guest *ret_guest);
/** step_mark_observe(), step_mark() - whether the step was done in the generation it needs; say that it was (mark.c) */
MUST_CHECK struct err *step_mark_observe(const struct step *step, struct observed *seen);
MUST_CHECK struct err *step_mark(const struct step *step);

#endif

/*
 * outputs.h - what a step produced, asked of the kind that produces it
 *
 * Each takes the step itself, as step_need() or graph_kind() finds it; its key must be sealed. Paths are where the
 * result is or will be; heap.
 */
#ifndef COOPER_STEP_OUTPUTS_H
#define COOPER_STEP_OUTPUTS_H

#include "machine/disk.h"
#include "source/source.h"
#include "step/kind.h"

/* What a fetch is given: the files, and where they were listed from when no recipe holds that; from fetch_job_new(). */
struct fetch_job {
	struct source_files files;
	struct source package;
};

struct fetch_job *fetch_job_new(void);
/** step_files() - the files of a "fetch" */
const struct source_files *step_files(const struct step *fetch);
/** step_keg() - the folder that a "build" installs into */
char *step_keg(const struct step *build);
/** step_build_receipt() - what is written in that folder about the build; OS or ABSENT when there is none */
MUST_CHECK struct err *step_build_receipt(const struct step *build, struct json **ret_receipt);
/** step_image_file() - @name in the folder that an "image" makes */
char *step_image_file(const struct step *image, const char *name);
/** step_emulators_iso() - the device that "emulators" makes */
char *step_emulators_iso(const struct step *emulators);
/** step_generation() - the one that a "generation" made, whether it came up already or not; ABSENT when there is none
 */
MUST_CHECK struct err *step_generation(const struct step *generation, struct generation *ret_generation);
/** step_mark_holds(), step_mark() - whether the step was done in the generation it needs; say that it was (mark.c) */
MUST_CHECK struct err *step_mark_holds(const struct step *step, bool *ret_holds);
MUST_CHECK struct err *step_mark(const struct step *step);

#endif

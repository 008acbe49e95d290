/*
 * build_job.h - what "source" and "build" hand to the build room: a job is made of a step and what it needs
 */
#ifndef COOPER_STEP_BUILD_JOB_H
#define COOPER_STEP_BUILD_JOB_H

#include "build/build.h"
#include "step/kind.h"

/** build_job_of() - the job of a "source" or "build" step, whose own job is the recipe; all in it is borrowed */
struct build_job build_job_of(const struct step *step);

#endif

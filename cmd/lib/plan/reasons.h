/*
 * reasons.h - why a key is another one, in words: what was compared with what is
 */
#ifndef COOPER_PLAN_REASONS_H
#define COOPER_PLAN_REASONS_H

#include "step/kind.h"

/**
 * reasons_add() - append a sentence to @step's why for each difference between @old and its inputs
 *
 * "memory 2 GiB -> 4 GiB"; a list's things are told apart by their name: "patch a.patch is new", "patch a.patch: strip
 * 1 -> 2", "the order of 'patch' changed"; those without one are counted: "source 2: into a -> b". A changed key of a needed step says only its title: its own reasons are
 * listed there.
 */
void reasons_add(struct step *step, const struct json *old);

#endif

/*
 * exposure.h - what the recipes of a stack bring beyond data, as lines for people: which programs run, where and as whom,
 * what is taken from where, what of this host the guest sees
 *
 * A recipe is a program. These lines are what `cooper plan` shows before anything runs, and what somebody trusts who
 * trusts a project's recipes (trust.h): each names its recipe, and whatever it refers to by a digest, so that
 * another content is another line. What floats in a recipe is pinned by the lock: that has lines, too.
 *
 *	AUTO(strs) lines = STRS_INIT;
 *	TRY(exposure_list(&p, EXPOSURE_ALL, &lines));
 */
#ifndef COOPER_PLAN_EXPOSURE_H
#define COOPER_PLAN_EXPOSURE_H

#include "plan/project.h"
#include "sys/box.h"

/* Which recipes are asked for, added. */
enum exposure_scope {
	EXPOSURE_BUILD = 1 << 0, /* the emulator's */
	EXPOSURE_IMAGE = 1 << 1,
	EXPOSURE_STACK = 1 << 2,
	EXPOSURE_ALL = EXPOSURE_BUILD | EXPOSURE_IMAGE | EXPOSURE_STACK,
	EXPOSURE_OWN = 1 << 3, /* of these only those that did not come with cooper, and what the project's own lock pins */
};

/** what the lines of the lock begin with; no recipe's do */
#define EXPOSURE_LOCK "cooper.lock: "

/**
 * exposure_list() - append an entry for each, in the order in which they take effect; a script's has further lines, all
 * of it foreign: exposure_show() makes it fit to be shown
 *
 * Errors: those of reading a file that a recipe names
 */
MUST_CHECK struct err *exposure_list(const struct project *p, unsigned scope, struct strs *lines);

/** exposure_box_gap() - in words what such a box does not keep what it runs from, heap; NULL where it holds */
char *exposure_box_gap(const struct project *p, enum box_kind kind);

/** exposure_resolved() - append the entries for what this process itself wrote to the lock */
void exposure_resolved(const struct project *p, struct strs *lines);

/** exposure_show() - append entry @entry to @text, escaped, each of its lines after @prefix */
void exposure_show(const char *entry, const char *prefix, struct str *text);

#endif

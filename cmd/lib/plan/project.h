/*
 * project.h - everything a command needs to know before it decides: home, host, recipes, lock
 *
 *	AUTO(project) p = PROJECT_INIT;
 *	TRY(project_open(&p, stack_name, guest_arch));
 *
 * Opening reads files only: no network, nothing written; no child, but for a compiler that has not been asked for its
 * version before (build/toolchain.h).
 */
#ifndef COOPER_PLAN_PROJECT_H
#define COOPER_PLAN_PROJECT_H

#include "machine/facts.h"
#include "recipe/load.h"
#include "recipe/lock.h"
#include "store/home.h"
#include "sys/os.h"

struct project {
	struct home home;
	struct host_facts facts;
	bool other_host;           /* facts are of another host: nothing here can be acted on */
	struct host_survey survey; /* what is known of it besides; of this one once doctor_survey() measured it */
	struct strs roots;         /* folders with recipes/, vmimages/, patches/: the project's, then the shipped one */
	char *stack_path;
	char *stack_real; /* the same with its links followed: what records name */
	bool is_above;   /* the stack was found in a folder above the current one */
	bool is_shipped; /* it came with cooper: its lock is in the home */
	char *lock_path;
	enum arch guest_arch; /* decided: the option, else the stack, else the host */
	struct lock *lock;
	struct recipe *stack;
	struct recipe *emulator;
	struct recipe *image;
	const char *machine_name; /* the stack's */
	char *machine_dir;
};

#define PROJECT_INIT ((struct project){0})

/**
 * project_set_host() - decide for another host instead of this one; before project_open()
 * @name:  a file of facts or a platform (survey_of_host())
 *
 * Its COOPER_HOME is what the facts say, else the usual place of a user "me"; nothing there exists.
 */
MUST_CHECK struct err *project_set_host(struct project *p, const char *name);
/** project_start() - home, host and roots only (for commands that need no stack) */
MUST_CHECK struct err *project_start(struct project *p);
/**
 * project_add_root() - after project_start(): the recipes of the project that the current folder is in come first
 *
 * Errors: as project_find() and project_check_owner()
 */
MUST_CHECK struct err *project_add_root(struct project *p);
/**
 * project_open() - find and load the stack and the recipes that it names
 * @stack:      name or path; NULL = the cooper.yaml of this folder or one above (project_find()), else the shipped
 *              stack for this host
 * @guest_arch: overrides the stack's; NULL = the stack's
 *
 * Errors: ABSENT (no such stack, with a did-you-mean), USAGE (bad recipe, all problems in the detail)
 */
MUST_CHECK struct err *project_open(struct project *p, const char *stack, const char *guest_arch);
/** project_measure_tools() - look at the compiler again, after host packages were installed; project_open() does it */
MUST_CHECK struct err *project_measure_tools(struct project *p);
/** project_target() - what `when:` is decided against for @p; borrowed from it */
struct recipe_target project_target(const struct project *p);
/**
 * project_load_emulator() - the stack's emulator as what its source resolved to decides
 * @entry: of that source; NULL = the lock's, where there is one
 *
 * Errors: as source_load()
 */
MUST_CHECK struct err *project_load_emulator(const struct project *p, const struct lock_entry *entry,
					     struct recipe **ret);
void project_done(struct project *p);

#endif

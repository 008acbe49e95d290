/*
 * build.h - software from verified sources: unpack, patch, configure, build, install, test, commit
 *
 * The source tree and the build folder live at build/<name>/ under the same path for every key, so that a
 * compiler cache hits. The result, a keg, is store/<key>-<name>-<arch>/. Commands run with an environment
 * made from nothing (an allow-list), each line of output goes to the log and to the sink.
 *
 * ${prefix} is the keg's final place while configuring and building, and the stage it is renamed from while
 * installing and testing: a keg that fails its tests never exists.
 */
#ifndef COOPER_BUILD_BUILD_H
#define COOPER_BUILD_BUILD_H

#include "base/event.h"
#include "recipe/recipe.h"
#include "source/source.h"
#include "store/home.h"
#include "sys/os.h"

/* One build for one guest architecture. All borrowed. */
struct build_job {
	const struct home *home;
	const struct recipe *recipe;
	enum arch guest_arch;
	const struct host_facts *facts;
	const struct source_files *files;
	const char *source_key;           /* of the patched tree */
	const struct json *source_inputs; /* what that key was made of */
	const char *key;                  /* of the keg */
	const char *source_step;          /* ids for events */
	const char *step;
};

/** build_name() - name of the keg in the store: "qemu-7.2-aarch64"; heap */
char *build_name(const struct recipe *recipe, enum arch guest_arch);
/** build_source_inputs() - add what decides the patched tree: patches, and how sources are unpacked */
MUST_CHECK struct err *build_source_inputs(const struct recipe *recipe, struct json *inputs);
/** build_inputs() - add what beside the recipe decides the keg: the environment, and the host's tools */
void build_inputs(const struct recipe *recipe, const struct host_facts *facts, struct json *inputs);
/** build_place() - @name where the job works, apart from the store: "src" is the patched tree; heap */
char *build_place(const struct build_job *job, const char *name);
/** build_source_present() - whether the patched tree of @source_key is in place */
MUST_CHECK struct err *build_source_present(const struct build_job *job, bool *ret_present);
/** build_unpack() - the sources alone, each in its place below @tree, which exists */
MUST_CHECK struct err *build_unpack(const struct build_job *job, const char *tree, struct sink *sink);
/** build_source_receipt() - what build_source() applied, with digests: patches and resulting tree. Errors: ABSENT, OS,
 *  CORRUPT */
MUST_CHECK struct err *build_source_receipt(const struct build_job *job, struct json **ret_receipt);
/** build_source() - unpack and patch; the tree is stamped with source_key when whole */
MUST_CHECK struct err *build_source(const struct build_job *job, struct sink *sink);
/**
 * build_source_ensure() - build_source() unless the tree is as that left it, in bytes, times and permissions
 *
 * An earlier build may have written into it (a configure that failed, files of bytecode), and so may a disk.
 */
MUST_CHECK struct err *build_source_ensure(const struct build_job *job, struct sink *sink);
/** build_run() - configure to commit, from a source tree that is as it was unpacked */
MUST_CHECK struct err *build_run(const struct build_job *job, struct sink *sink);

#endif

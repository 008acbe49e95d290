/*
 * source.h - from a recipe's sources to verified files in the object store
 *
 * A source that is pinned in the recipe is one file; the Debian kinds are what the lock says of them, one
 * file or several. Resolving (network, apt) happens only when the lock has no entry.
 */
#ifndef COOPER_SOURCE_SOURCE_H
#define COOPER_SOURCE_SOURCE_H

#include "base/arch.h"
#include "base/event.h"
#include "fmt/json.h"
#include "recipe/load.h"
#include "recipe/lock.h"
#include "recipe/recipe.h"
#include "source/source_files.h"
#include "store/home.h"

/** source_reference() - the lock's name of a floating source, heap; NULL when the recipe itself pins it */
char *source_reference(const struct source *source, enum arch host_arch);

/**
 * source_load() - recipe_load() of a build whose version may come from its first source
 * @entry: what the first source resolved to; NULL = what @lock has for it
 *
 * Where neither has it yet, a recipe that states no version has "", and `when: { version: ... }` does not hold in it.
 *
 * Errors: those of recipe_load(), and USAGE (the recipe states another version than what was resolved)
 */
MUST_CHECK struct err *source_load(const char *path, const struct recipe_target *target, const struct strs *roots,
				   const struct lock *lock, const struct lock_entry *entry, struct recipe **ret_recipe);

/** source_elsewhere() - the error of an entry of the lock whose file does not come from where its recipe says */
MUST_CHECK struct err *source_elsewhere(const char *reference, const char *url);

/**
 * source_list() - append the files of @sources
 *
 * Errors: ABSENT when the lock has no entry for a floating source: the message names it, the caller resolves. CORRUPT
 * when the entry's files are not from where the recipe says: Debian's archive, or that repository.
 */
MUST_CHECK struct err *source_list(const struct source *sources, size_t count, enum arch host_arch,
				   const struct lock *lock, struct source_files *files);

/** source_list_patches() - append the patches of @recipe that are fetched: files without a source */
void source_list_patches(const struct recipe *recipe, struct source_files *files);

/** source_ask() - ask apt, or git, about one floating source, whatever the lock has; @ret_entry: for lock_entry_done(),
 * always */
MUST_CHECK struct err *source_ask(const struct home *home, const struct source *source, enum arch host_arch,
				  struct sink *sink, struct lock_entry *ret_entry);

/** source_resolve() - ask apt about every floating source that the lock lacks, and write the lock */
MUST_CHECK struct err *source_resolve(const struct home *home, const struct source *sources, size_t count,
				      enum arch host_arch, struct lock *lock, struct sink *sink);
/**
 * source_resolve_build() - source_resolve() for a build, which is loaded anew once its first source is known
 * @recipe: of recipe_load() or source_load(); replaced by what the first source decides
 */
MUST_CHECK struct err *source_resolve_build(const struct home *home, const struct recipe_target *target,
					    const struct strs *roots, struct lock *lock, struct sink *sink,
					    struct recipe **recipe);

/**
 * source_missing() - number and bytes of the files that are not in the object store, or whose signature has not been
 * checked, or that are in doubt (these weigh nothing)
 */
MUST_CHECK struct err *source_missing(const struct home *home, const struct source_files *files, size_t *ret_count,
				      int64_t *ret_bytes);

/**
 * source_in_doubt() - whether one that is in the object store is not known to be what the recipe says beside the digest
 * that names it (sha512, size); nothing is hashed
 */
MUST_CHECK struct err *source_in_doubt(const struct home *home, const struct source_files *files, bool *ret_doubt);

/** source_bytes() - bytes of those of @files that are in the object store; git repositories are not counted */
int64_t source_bytes(const struct home *home, const struct source_files *files);

/**
 * source_fetch() - bring every missing file into the object store, in parallel, and every commit beside them; then
 * check signatures
 * @step: for progress
 *
 * Errors: those of fetch_run(), CORRUPT also for a file that was there and is not all that the recipe says; CORRUPT for
 * a signature that is not good: the file stays in the object store, and is missing for source_missing().
 */
MUST_CHECK struct err *source_fetch(const struct home *home, const struct source_files *files, const char *step,
				    struct sink *sink);

/**
 * source_out_of_reach() - append a line (digest, URL) for each file that is not here and that COOPER_OFFLINE keeps
 * away, unless @lines has it
 */
MUST_CHECK struct err *source_out_of_reach(const struct home *home, const struct source_files *files,
					   struct strs *lines);

/** source_prove() - cas_prove() for all of @files, before something is made of them; git has digests of its own */
MUST_CHECK struct err *source_prove(const struct home *home, const struct source_files *files);

/** source_inputs() - add "file", a list of names and digests and of which source they are, to @inputs */
void source_inputs(const struct source_files *files, struct json *inputs);

#endif

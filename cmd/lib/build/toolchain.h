/*
 * toolchain.h - the programs of the host that decide what a build makes: found where builds look for them
 *
 *	toolchain_measure(home, &facts);    facts.compiler is "gcc 12.2.0 x86_64-linux-gnu" then
 *	toolchain_inputs(recipe, &facts, inputs);
 *
 * The compiler is asked for its version once: the answer is kept in COOPER_HOME/compiler.json for as long as the file
 * stays the one that was asked. What is not there has no name, and is in no key.
 */
#ifndef COOPER_BUILD_TOOLCHAIN_H
#define COOPER_BUILD_TOOLCHAIN_H

#include "fmt/json.h"
#include "recipe/recipe.h"
#include "store/home.h"
#include "sys/os.h"

/** toolchain_folders() - PATH of a build, without a compiler cache */
const char *toolchain_folders(enum os os);
/** toolchain_path() - add PATH to the environment of a build, with a compiler cache where there is one: whether there
 * is */
bool toolchain_path(enum os os, struct strs *env);
/** toolchain_cache_make() - the compiler cache's folder @dir; USAGE where others can write it or lead it elsewhere, OS */
MUST_CHECK struct err *toolchain_cache_make(const char *dir);
/** toolchain_measure() - compiler, shell and python in @facts, of this host; OS, TIMEOUT, CANCELED: one could not be
 * looked at or asked */
MUST_CHECK struct err *toolchain_measure(const struct home *home, struct host_facts *facts);
/** toolchain_inputs() - what of @facts can change the result of the build @recipe: compiler, SDK, interpreters */
void toolchain_inputs(const struct recipe *recipe, const struct host_facts *facts, struct json *inputs);
/** toolchain_version() - "gcc 12.2.0", heap: from what a compiler says to --version, and a gcc to -dumpfullversion */
char *toolchain_version(const char *said, const char *full);

#endif

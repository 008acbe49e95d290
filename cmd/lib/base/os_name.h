/*
 * os_name.h - the operating systems that cooper runs on
 *
 * As with architectures (arch.h): text becomes an enum where it comes in, and no other file holds a name.
 */
#ifndef COOPER_BASE_OS_NAME_H
#define COOPER_BASE_OS_NAME_H

#include <stddef.h>

#include "base/err.h"

enum os { OS_UNKNOWN, OS_LINUX, OS_MACOS, OS_COUNT };

/* Their names, but for OS_UNKNOWN, with NULL after the last. */
extern const char *const os_names[OS_COUNT];

/** os_of() - the operating system of that name; OS_UNKNOWN for another, or NULL */
enum os os_of(const char *name);
/** os_name() - its name; "unknown" for OS_UNKNOWN */
const char *os_name(enum os os);
/** os_release_value() - of the last line KEY=VALUE of @text (os-release(5)), perhaps in quotes, the value; "" without
 *  one. CORRUPT where it is too long: what is cut must be in no key */
MUST_CHECK struct err *os_release_value(const char *text, const char *key, char *to, size_t size);

#endif

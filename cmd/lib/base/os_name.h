/*
 * os_name.h - the operating systems that cooper runs on
 *
 * As with architectures (arch.h): text becomes an enum where it comes in, and no other file holds a name.
 */
#ifndef COOPER_BASE_OS_NAME_H
#define COOPER_BASE_OS_NAME_H

enum os { OS_UNKNOWN, OS_LINUX, OS_MACOS, OS_COUNT };

/* Their names, but for OS_UNKNOWN, with NULL after the last. */
extern const char *const os_names[OS_COUNT];

/** os_of() - the operating system of that name; OS_UNKNOWN for another, or NULL */
enum os os_of(const char *name);
/** os_name() - its name; "unknown" for OS_UNKNOWN */
const char *os_name(enum os os);

#endif

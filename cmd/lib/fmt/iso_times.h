/*
 * iso_times.h - take the time of writing out of an ISO 9660 image
 *
 * Image writers stamp volume, folders and Rock Ridge entries with the clock and the time zone, so that no two
 * images are the same. This sets each of those fields to one value and empties the writer's own note.
 *
 * Two runs from the same inputs shall give images that compare equal by digest, on any host. libarchive's writer takes
 * no other time than now for volume and folders, neither by an option nor from SOURCE_DATE_EPOCH.
 *
 * See: ECMA-119 (8.4 volume descriptor, 9.1 directory record), IEEE P1282 (TF), IEEE P1281 (CE)
 */
#ifndef COOPER_FMT_ISO_TIMES_H
#define COOPER_FMT_ISO_TIMES_H

#include "base/err.h"

/** iso_times_fix() - rewrite the times in the image open for reading and writing as @fd; CORRUPT when it is none */
MUST_CHECK struct err *iso_times_fix(int fd, const char *name);

#endif

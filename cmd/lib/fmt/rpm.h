/*
 * rpm.h - where in an rpm package the packed cpio archive begins; no more of the format than that
 */
#ifndef COOPER_FMT_RPM_H
#define COOPER_FMT_RPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** rpm_magic() - whether a file that begins with these @size bytes is an rpm package */
bool rpm_magic(const void *start, size_t size);
/**
 * rpm_payload() - offset of the payload in the open file @fd, past lead, signature and header
 *
 * Errors: CORRUPT (not these sections, or larger than 256 MiB), OS.
 * See: rpm's docs/manual/format_v4.md
 */
MUST_CHECK struct err *rpm_payload(int fd, const char *name, int64_t *ret_offset);

#endif

/*
 * ustar.h - a small tar file in memory, byte for byte the same for the same entries
 *
 * For tarballs of a few entries that we make up ourselves (a container image around a canary). Owner root,
 * time 0, regular files only. Reading foreign archives, and writing real trees, is fmt/archive.h's work.
 *
 *	AUTO(str) tar = STR_INIT;
 *	ustar_add(&tar, "manifest.json", 0644, text, strlen(text));
 *	ustar_end(&tar);
 *
 * See: POSIX pax(1), "ustar interchange format".
 */
#ifndef COOPER_FMT_USTAR_H
#define COOPER_FMT_USTAR_H

#include <stddef.h>

#include "base/str.h"

enum { USTAR_NAME_MAX = 100, USTAR_BLOCK = 512 };

/** ustar_add() - append a regular file; @name is relative and at most USTAR_NAME_MAX bytes, @mode below 010000 */
void ustar_add(struct str *tar, const char *name, unsigned mode, const void *data, size_t size);

/** ustar_end() - append the two zero blocks that end an archive */
void ustar_end(struct str *tar);

#endif

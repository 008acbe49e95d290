/*
 * fetch_part.h - the file that a download grows in: <target>.part, locked, resumable, digested on the way
 *
 *	part_init(&part, target, sha256, sha512, true);
 *	TRY(part_open(&part, &state));
 *	... part_restart() or go on at part.bytes; part_add() ...; part_check(), part_place(); part_done()
 *
 * Whoever writes holds flock() on the part itself, so the kernel frees it when the writer dies. Beside a part
 * that is worth keeping stands <target>.part.json: where the bytes are from (without secrets), the server's
 * validator, the announced size. A part found on disk is digested again before a byte is appended; bytes of
 * two answers are only ever joined where a digest decides in the end.
 */
#ifndef COOPER_NET_FETCH_PART_H
#define COOPER_NET_FETCH_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fmt/digest.h"
#include "net/fetch_writer.h"

enum part_state {
	PART_READY,    /* ours: go on at part->bytes */
	PART_BUSY,     /* another process, or another request, writes it: ask again later */
	PART_FINISHED, /* the target is there already, with the right digest */
};

struct fetch_part {
	char *target;
	char *path;
	char *note_path;
	const char *want_sha256; /* borrowed; may be NULL */
	const char *want_sha512;
	bool flushed;          /* no name before the bytes are on the disk */
	bool read_only;        /* nor before its mode is; set after part_init() */
	int fd;                /* -1 = not open */
	struct writer *writer; /* NULL = nothing was added since the part was opened or emptied */
	struct digest *sha256;
	struct digest *sha512;
	int64_t bytes;   /* taken; written and digested once the writer is flushed */
	int64_t total;   /* size of the whole as the server told it, -1 = unknown */
	char *from;      /* URL of the bytes, as shown; NULL = unknown */
	char *validator; /* for If-Range; NULL = none */
	bool joined;     /* bytes of more than one answer */
	bool noted;      /* the note on disk is right */
};

/** part_init() - for @target (borrowed texts); nothing is opened. @flushed: the disk has it before it has its name */
void part_init(struct fetch_part *p, const char *target, const char *sha256, const char *sha512, bool flushed);
/** part_done() - close and free; the part stays when it can be resumed, else it is removed */
void part_done(struct fetch_part *p);
/** part_open() - lock the part without waiting; then the target may turn out finished (it is read and digested) */
MUST_CHECK struct err *part_open(struct fetch_part *p, enum part_state *ret_state);
/** part_restart() - back to zero bytes */
MUST_CHECK struct err *part_restart(struct fetch_part *p);
/** part_describe() - the bytes that follow are from @from, with @validator (may be NULL) and @total (-1 = unknown) */
void part_describe(struct fetch_part *p, const char *from, const char *validator, int64_t total);
/** part_add() - append and digest */
MUST_CHECK struct err *part_add(struct fetch_part *p, const void *data, size_t size);
/**
 * part_check() - check the digests of all that was added; where it will be flushed, the bytes begin their way
 *
 * Errors: CORRUPT (a digest differs; call part_restart()), OS
 */
MUST_CHECK struct err *part_check(struct fetch_part *p);
/**
 * part_place() - after part_check(): make read-only what is to be, flush, rename to the target, unlock
 *
 * What is flushed is on the disk, with its mode, before it has its name. The name itself may be lost with the power; it is fetched
 * again then.
 */
MUST_CHECK struct err *part_place(struct fetch_part *p);

#endif

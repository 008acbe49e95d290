/*
 * cas.h - downloaded bytes by their digest, read-only
 *
 * The name of an object is its SHA-256, or its SHA-512 where that alone is known; the length tells which:
 * cas/sha256/ab/<64 hex digits>, cas/sha512/ab/<128 hex digits>. An object <hex> has a note <hex>.json beside it (size,
 * mtime, inode) written when its digest held. While the note still describes the file, the object is trusted; otherwise
 * it is hashed again, and dropped when it is not what its name says. The note tells the SHA-512, too, of an object for
 * which that was asked.
 */
#ifndef COOPER_STORE_CAS_H
#define COOPER_STORE_CAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "store/home.h"

/** cas_path() - where the object lives, heap; whether it exists is another question */
char *cas_path(const struct home *home, const char *digest);
/** cas_note_path() - where its note lives, heap */
char *cas_note_path(const struct home *home, const char *digest);
/** cas_has() - whether the object is there and as it was when verified; re-hashes when it was touched. CORRUPT, with
 * what to do, where something else than a file has its name */
MUST_CHECK struct err *cas_has(const struct home *home, const char *digest, bool *ret_there);
/** cas_seal() - after the verified bytes took their name: read-only, noted; @sha512 that held as well, or NULL */
MUST_CHECK struct err *cas_seal(const struct home *home, const char *digest, const char *sha512);
/**
 * cas_agrees() - whether an object is what else is said of it, as far as that is known without hashing
 * @sha512: that is said beside the SHA-256; NULL = none
 * @size:   -1 = none is said
 *
 * An object that is not there contradicts nothing.
 */
MUST_CHECK struct err *cas_agrees(const struct home *home, const char *digest, const char *sha512, int64_t size,
				  bool *ret_agrees);
/** cas_compare() - the same for certain: hashes once what the note does not say; CORRUPT when something differs */
MUST_CHECK struct err *cas_compare(const struct home *home, const char *digest, const char *sha512, int64_t size);
/**
 * cas_prove() - hash the object, whatever its note says: before something is made of it
 * @name: what it is called in the message
 *
 * Errors: CORRUPT (its bytes are other ones, as a disk's error leaves them: it is removed), ABSENT, OS
 */
MUST_CHECK struct err *cas_prove(const struct home *home, const char *digest, const char *name);
/** cas_folders() - append the paths of the folders that hold objects; whatever else lies there (.DS_Store) is nobody's
 */
MUST_CHECK struct err *cas_folders(const struct home *home, struct strs *paths);
/** cas_make_room() - the folder of the object, so that a download can be renamed into it */
MUST_CHECK struct err *cas_make_room(const struct home *home, const char *digest);

#endif

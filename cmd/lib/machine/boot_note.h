/*
 * boot_note.h - boot.json beside a machine: which boot this is, written by its supervisor alone
 *
 * {"key": of the boot step} from its begin on; with "instance" (another one for each boot), "ssh_port", "accel" and
 * "generation" once it was ready. So a boot whose `up` or `start` has gone is finished all the same, and known.
 */
#ifndef COOPER_MACHINE_BOOT_NOTE_H
#define COOPER_MACHINE_BOOT_NOTE_H

#include "base/err.h"
#include "fmt/json.h"
#include "machine/spec.h"

/** boot_note_begin() - a boot of @spec begins; its lock is held. What the boot before it said holds no longer */
MUST_CHECK struct err *boot_note_begin(const struct machine_spec *spec);

/** boot_note_ready() - it was ready for the first time */
MUST_CHECK struct err *boot_note_ready(const struct machine_spec *spec, const struct machine_start *start);

/** machine_boot_read() - the note; an empty object when there is none, or one that says nothing; OS when it cannot be read:
 *  then nobody knows what runs, and nothing is stopped */
MUST_CHECK struct err *machine_boot_read(const char *machine_dir, struct json **ret_note);

#endif

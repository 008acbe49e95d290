/*
 * record.h - a machine's specification on disk: what `cooper machine run NAME` starts from
 *
 * gen-<n>/machine.json, 0600, replaced whole. It is no state: whether the machine runs is the lock's to say. The
 * command line is not in it, as that is computed anew at each start (argv.h).
 */
#ifndef COOPER_MACHINE_RECORD_H
#define COOPER_MACHINE_RECORD_H

#include "base/err.h"
#include "machine/spec.h"

/** machine_record_write() - to spec->gen_dir */
MUST_CHECK struct err *machine_record_write(const struct machine_spec *spec);

/**
 * machine_record_read() - the specification of the generation in @gen_dir; free it with machine_spec_done()
 *
 * Folders are those where the record was found: a moved COOPER_HOME is followed.
 * Errors:  ABSENT (none there), CORRUPT (a required member is missing)
 */
MUST_CHECK struct err *machine_record_read(const char *gen_dir, struct machine_spec *ret_spec);

#endif

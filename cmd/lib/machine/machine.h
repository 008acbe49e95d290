/*
 * machine.h - a machine by its folder: boot it, reach it, prove it, without knowing the stack
 *
 * What is remembered beside the machine: boot.json (which boot this is, with which key and ssh port) and
 * proofs.json (what the canaries said in that boot). Neither says that the machine runs: its lock does.
 */
#ifndef COOPER_MACHINE_MACHINE_H
#define COOPER_MACHINE_MACHINE_H

#include "fmt/json.h"
#include "machine/boot_note.h"
#include "machine/control.h"
#include "machine/spec.h"
#include "machine/ssh_files.h"

enum { MACHINE_STOP_MS = 120 * 1000 };

/** machine_boot() - start generation @generation as its record says; one that runs, or boots, is joined */
MUST_CHECK struct err *machine_boot(const struct machine_spec *spec, int generation, const char *step,
				    struct sink *sink, struct machine_status *ret_status);
/** machine_stop_noted() - machine_stop(), with a note for @step when it was running */
MUST_CHECK struct err *machine_stop_noted(const char *machine_dir, const char *step, struct sink *sink);
/** machine_proofs_read() - what the canaries said in the last boot; NULL when they have not; OS when it cannot be read */
MUST_CHECK struct err *machine_proofs_read(const char *machine_dir, struct json **ret_note);
/** machine_prove() - run the canaries, note what they said, append a line for people to @outcome */
MUST_CHECK struct err *machine_prove(const struct machine_spec *spec, const char *step, struct sink *sink,
				     struct str *outcome);

#endif

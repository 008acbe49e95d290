/*
 * rules.h - what is known to break, as a table: (host, QEMU, guest, size) -> adjust, warn or refuse
 *
 * Each row (rules_table.c) has its reason and a link to where it was learned. machine_rules() evaluates all rows;
 * argv.c takes the result. Nothing here is stored: the answer is computed at each start, so that a new macOS or QEMU is
 * judged anew.
 *
 *	struct machine_ruling ruling = {.cpus = 0};
 *	TRY(machine_rules(spec, start, facts, &ruling));
 */
#ifndef COOPER_MACHINE_RULES_H
#define COOPER_MACHINE_RULES_H

#include "base/err.h"
#include "machine/rules_table.h"
#include "machine/spec.h"

enum { RULE_HITS_MAX = 64 };

struct machine_ruling {
	int cpus;             /* after clamps */
	int64_t memory_bytes; /* after clamps */
	const char *cpu;      /* -cpu; NULL = the accelerator's default of argv.c */
	const char *gic;      /* gic-version of aarch64; NULL = the default */
	bool highmem_off;     /* aarch64: devices below 4 GiB; from QEMU 7.0 on memory too */
	bool one_thread;      /* tcg: all vCPUs in one host thread */
	struct strs warnings; /* sentences with their links, for people */
};

void machine_ruling_done(struct machine_ruling *ruling);

/**
 * machine_rules() - evaluate the table
 *
 * Errors:    USAGE (a row refuses; the hint says what to do and where it was learned)
 * On error:  *@ruling is as machine_ruling_done() leaves it.
 */
MUST_CHECK struct err *machine_rules(const struct machine_spec *spec, const struct machine_start *start,
				     const struct host_facts *facts, struct machine_ruling *ruling);

/** machine_rules_hits() - all rows that apply, refusals too, in the table's order; how many */
size_t machine_rules_hits(const struct machine_spec *spec, const struct machine_start *start,
			  const struct host_facts *facts, const struct rule *hits[RULE_HITS_MAX]);

/** rules_docs() - the table as docs/compatibility.md */
void rules_docs(struct str *out);

/** release_compare() - <0, 0, >0 by the leading numbers of "7.2.22", "11.1", "12.4"; missing parts are 0 */
int release_compare(const char *a, const char *b);

#endif

/*
 * start.h - a generation of a machine that exists, started as it was recorded: for start, restart, rollback, and for `up`
 * when the new one does not come up
 */
#ifndef COOPER_START_H
#define COOPER_START_H

#include "command.h"
#include "machine/disk.h"
#include "plan/project.h"

/** start_check() - what a start of generation @g with @spec needs, before anything is stopped for it */
MUST_CHECK struct err *start_check(const struct project *p, const struct machine_spec *spec, const struct generation *g);

/** start_and_prove() - boot it, make it known to the clients, run the checks, and say so */
MUST_CHECK struct err *start_and_prove(struct call *call, const struct project *p, const struct machine_spec *spec,
				       const struct generation *g);

#endif

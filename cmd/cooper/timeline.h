/*
 * timeline.h - where the minutes of a run went: what each of its steps took, and each phase of the boot, kept for later
 *
 * Runs are lines of JSON in COOPER_HOME/log/timeline.jsonl, the oldest first, at most TIMELINE_RUNS of them:
 *
 *	{"at": "2026-11-28T09:00:00Z", "command": "up", "stack": "/src/p/cooper.yaml", "ms": 65000, "ok": true, "steps": [
 *	 {"id": "boot", "start_ms": 120, "ms": 63000, "ok": true, "why": "the machine is not running", "outcome": "...",
 *	  "phases": [{"name": "kernel", "ms": 2800}]}]}
 *
 * Times are milliseconds; a phase's is since its boot began. A run in which no step ran is not kept. It is a diary: that
 * it cannot be written is no reason to fail.
 */
#ifndef COOPER_TIMELINE_H
#define COOPER_TIMELINE_H

#include "command.h"
#include "fmt/json.h"
#include "store/home.h"

enum { TIMELINE_RUNS = 100 };

struct timeline;

/** timeline_begin() - from now on the events of @call are noted on their way to its sink */
struct timeline *timeline_begin(struct call *call);
/** timeline_end() - no longer; keep the run. Frees @take_timeline */
void timeline_end(struct timeline *take_timeline, struct call *call, const struct home *home, const char *stack, bool ok);

/** timeline_read() - an array of all runs that can be read; empty when there is none */
MUST_CHECK struct err *timeline_read(const struct home *home, struct json **ret_runs);

/** timeline_before() - what step @id took in the last run before @index in which it was done; below 0 = in none */
int64_t timeline_before(const struct json *runs, size_t index, const char *id);

/** timeline_text() - one run for a terminal; timeline_html() - all of them, the newest first, as one page that needs
 *  nothing else */
void timeline_text(const struct json *runs, size_t index, struct str *out);
void timeline_html(const struct json *runs, struct str *out);

#endif

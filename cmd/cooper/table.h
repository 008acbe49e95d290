/*
 * table.h - what commands print on stdout: steps as a table, and JSON
 */
#ifndef COOPER_TABLE_H
#define COOPER_TABLE_H

#include "fmt/json.h"
#include "plan/graph.h"

/** table_times() - every step that ran, with its time, and a line for those that were there already */
void table_times(const struct graph *g, int64_t total_ms);
/** table_plan() - every step that has to run, and why */
void table_plan(const struct graph *g);
/** table_plan_json() - the same as JSON */
struct json *table_plan_json(const struct graph *g);
/** print_json() - @value, as `--json` shows it */
void print_json(const struct json *value);

#endif

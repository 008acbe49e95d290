/*
 * facts.h - host facts as JSON, so that decisions for one machine can be made, and tested, on another
 *
 * `cooper tool argv STACK --host FILE` and the golden tests read them; os_host_facts() (sys/os.h) measures them.
 *
 *	{"arch": "aarch64", "chip": "Apple M1", "cpus": 8, "hv_support": true, "memory_bytes": 17179869184,
 *	 "os": "macos", "os_version": "14.5"}
 */
#ifndef COOPER_WORK_MACHINE_FACTS_H
#define COOPER_WORK_MACHINE_FACTS_H

#include "base/err.h"
#include "fmt/json.h"
#include "sys/os.h"

/** facts_to_json() - all fields, in a fixed order; a new root */
struct json *facts_to_json(const struct host_facts *facts);

/**
 * facts_from_json() - read facts strictly
 * @name:  where they come from, for messages
 *
 * Required: os ("macos", "linux"), arch ("aarch64", "x86_64"), cpus, memory_bytes. The rest may be missing.
 * Errors:   USAGE (unknown or missing field, wrong type, value out of range)
 */
MUST_CHECK struct err *facts_from_json(const struct json *root, const char *name, struct host_facts *ret_facts);

#endif

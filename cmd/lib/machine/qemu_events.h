/*
 * qemu_events.h - what QEMU says of the machine over QMP, as the state of vmm.h; pure
 *
 * The events are those of qapi/run-state.json and qapi/block-core.json.
 */
#ifndef COOPER_MACHINE_QEMU_EVENTS_H
#define COOPER_MACHINE_QEMU_EVENTS_H

#include "fmt/json.h"
#include "machine/vmm.h"

/** qemu_event() - take in an event: why the machine ends, that it stands still and why, that it goes on */
void qemu_event(const struct json *event, struct vmm_run *run);

/** qemu_status() - the same from the answer to query-status, for a connection that comes late */
void qemu_status(const struct json *status, struct vmm_run *run);

#endif

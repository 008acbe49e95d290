/*
 * podman_events.h - that something happened to a guest's containers, rootless or root's
 *
 * podman writes its events into the journal, and journalctl waits for them in the kernel. podman's own stream of events
 * looks at the journal several times a second, and keeps its service in memory: more work than all else in an idle
 *guest.
 *
 *	struct podman_events e = {.argv = argv, .fd = -1};
 *	while (...) if (podman_events_happened(&e, tick_ms())) ... ask podman what is so ...
 *	podman_events_done(&e);
 *
 * See: podman-events(1), journalctl(1)
 */
#ifndef COOPER_GUEST_PODMAN_EVENTS_H
#define COOPER_GUEST_PODMAN_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "net/ssh.h"
#include "sys/kept.h"

struct podman_events {
	const char *const *argv; /* what prints a line at first and for each event; borrowed */
	struct kept child;
	int fd;          /* what it prints, -1 = none runs */
	int64_t next_ms; /* not read before: who prints without end costs little */
};

/** podman_events_argv() - the command line for @ssh; ends when our process does */
void podman_events_argv(const struct ssh *ssh, struct strs *argv);

/** podman_events_happened() - whether something may have happened since the last call; never blocks. What prints the
 *  events is started, and again when it ends (kept.h) */
bool podman_events_happened(struct podman_events *e, int64_t now_ms);

/** podman_events_fd() - what becomes readable when something happens; -1 = look again at *ret_ms, if that is earlier */
int podman_events_fd(const struct podman_events *e, int64_t now_ms, int64_t *ret_ms);

void podman_events_done(struct podman_events *e);

#endif

/*
 * published_watch.h - follow what a guest's containers publish, over the sockets of its podman
 *
 * An event (podman_events.h) says that something changed; podman's list of containers says what is so, and is the only
 * thing believed. Events that come while it is asked for are one more question; a question is asked again a moment
 * after the last event and each ten minutes, should an event be lost. What a socket said last holds until it says
 * something else: that a connection breaks does not end a container.
 *
 * Runs in a process of its own (`cooper machine ports`), so that what reads the guest's JSON owns nothing.
 */
#ifndef COOPER_GUEST_PUBLISHED_WATCH_H
#define COOPER_GUEST_PUBLISHED_WATCH_H

#include "base/err.h"
#include "base/event.h"
#include "guest/published.h"

enum { PUBLISHED_SOCKETS = 2 };

/**
 * published_watch() - until a cancellation, or until nobody reads
 * @sockets:  of podman, PUBLISHED_SOCKETS of them; those that nobody listens on are tried again
 * @events:   the command line that prints a line at first and for each event, podman_events_argv()
 * @fd:       gets a line, published_line() of all, at first and when it changes
 * @sink:     why a socket tells nothing
 *
 * Errors:  OS (@fd cannot be written to)
 */
MUST_CHECK struct err *published_watch(const char *const *sockets, const char *const *events, int fd,
				       struct sink *sink);

#endif

/*
 * network.h - what this host's network asks of its programs: proxies, and authorities that were added to the system's own
 *
 * Proxies are those of the environment (http_proxy, https_proxy, all_proxy, no_proxy, in small or capital letters).
 * Authorities are those in the folders where an administrator of a Linux system puts them, and those in the bundle that
 * downloads are told of (net/fetch_env.h), which on a Mac is the only way to name one: a keychain is no file to read.
 */
#ifndef COOPER_HOST_NETWORK_H
#define COOPER_HOST_NETWORK_H

#include "guest/network.h"

/* Where an administrator puts authorities; ends with NULL. */
extern const char *const host_authorities[];

/**
 * host_network() - as a guest is to be told
 * @loopback:  as guest_network_add_proxy() has it
 * @warnings:  what was left out, and why; also what cannot be read: it is for other programs, too
 *
 * Errors: CANCELED
 */
MUST_CHECK struct err *host_network(const char *loopback, struct guest_network *ret_network, struct strs *warnings);

#endif

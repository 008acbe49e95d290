/*
 * network.h - what a guest is told of the network that its host is in: proxies, and authorities to trust
 *
 * The guest's systemd, podman (rootless and as root), ssh sessions and sudo get the proxies, and its store of
 * certificates the authorities. What was told before and is no longer so is taken back. All of it travels in a script on
 * standard input, since a proxy's URL may hold a password.
 *
 *	guest_network_add_proxy(&n, "https_proxy", value, loopback, &warnings);
 *	guest_network_add_certificates(&n, text);
 *	AUTO_FREE char *script = guest_network_script(&n, os, user, uid);
 *
 * Pure.
 */
#ifndef COOPER_GUEST_NETWORK_H
#define COOPER_GUEST_NETWORK_H

#include "fmt/digest.h"
#include "guest/os.h"

struct guest_network {
	struct strs proxy;        /* "https_proxy=http://proxy.example:3128" */
	struct strs certificates; /* each a PEM text of one */
};

void guest_network_done(struct guest_network *n);

/**
 * guest_network_add_proxy() - what the host's variable @name says, under that name and in capitals
 * @loopback:  what the host's loopback is called in the guest; NULL = the guest does not reach it
 * @warnings:  why it was left out; no value stands in it, which may hold a password
 */
void guest_network_add_proxy(struct guest_network *n, const char *name, const char *value, const char *loopback,
			     struct strs *warnings);

/** guest_network_add_certificates() - those in @text, of any number of PEM blocks, that are not there yet; what else is in
 *  it is left out. Returns how many certificates there are in @text, those that were there already too */
size_t guest_network_add_certificates(struct guest_network *n, const char *text);

/** guest_network_digest() - of @salt and @texts, "" for none: by it changes are noticed, and nobody finds out a password
 *  by trying who does not know the salt */
void guest_network_digest(const struct strs *texts, const char *salt, char ret_hex[SHA256_HEX]);

/** guest_network_script() - for the guest's shell, as root; heap. @user: who logs in, whose id is @uid */
char *guest_network_script(const struct guest_network *n, const struct guest_os *os, const char *user, int uid);

#endif

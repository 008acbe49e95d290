/*
 * ignition.h - the first boot's configuration: a pure function of machine and keys, as canonical JSON
 *
 * Spec 3.3.0, which every Fedora CoreOS for aarch64 and Debian's Ignition 2.14 take. Small on purpose: reading it over
 * fw_cfg is quadratic, so large files travel on the emulator device. It holds the SSH host key: write it 0600.
 *
 * What it sets up: the login user and root with the key; the SSH host key; the data disk under home, with the
 * system's containers on it too (a new OS disk finds both again); linger, subordinate ids, cgroup delegation and
 * podman's sockets; handlers for foreign programs from the emulator device, registered before "ready"; what mounts the
 * shares of each start (mounts.h); the unit that writes "ready" to the virtio port at each boot; and what the guest's
 * system needs besides.
 *
 * See: Ignition docs/configuration-v3_3.md, systemd.mount(5), systemd.unit(5)
 */
#ifndef COOPER_MACHINE_IGNITION_H
#define COOPER_MACHINE_IGNITION_H

#include "base/err.h"
#include "guest/os.h"
#include "machine/spec.h"

/* The login user's, where the host's user has none that could be it: root. */
enum { MACHINE_USER_ID = 1000 };

/* All borrowed. */
struct ignition_input {
	const struct machine_spec *spec;
	const struct guest_os *os;
	int uid;                     /* of the login user: the host user's, so that shared directories can be
					written; 0 = let the guest choose */
	const char *authorized_key;  /* one line: "ssh-ed25519 AAAA... comment" */
	const char *host_key;        /* OpenSSH private key text */
	const char *host_key_public; /* one line */
	bool emulators;              /* write handlers for spec->run (provider `store`); needs spec->emulator_iso */
};

/**
 * ignition_input_of() - for @spec, whose system is known, with placeholders: a user's number and keys
 *
 * Keys of a real machine are secret, and made when it is: who makes it puts them in, and the host user's number.
 */
struct ignition_input ignition_input_of(const struct machine_spec *spec);

/**
 * machine_ignition() - the whole configuration: canonical JSON (sorted keys, no spaces), heap
 *
 * spec->ignition is merged by the guest; ignition_read() has seen to it that the two can stand together.
 */
char *machine_ignition(const struct ignition_input *input);

/** unit_name_of_path() - systemd's unit name for a path, without suffix: "/home/a-b" gives "home-a\\x2db"; heap */
char *unit_name_of_path(const char *path);

#endif

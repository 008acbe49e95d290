/*
 * argv.h - QEMU's command line: a pure function of machine, start and host
 *
 * Never stored, computed at each start. Every device is named (-nodefaults, no user config); everything listens on
 * 127.0.0.1 or on a socket in the machine's folder; no secret is in it. QEMU exits when the guest reboots
 * (-action reboot=shutdown): the supervisor starts it again, without the first boot's arguments.
 *
 *	AUTO(strs) argv = STRS_INIT, warnings = STRS_INIT;
 *	TRY(machine_argv(spec, &start, &facts, &argv, &warnings));
 *
 * In the guest: /dev/disk/by-id/virtio-{os,data,emulators}; /dev/virtio-ports/org.cooper.ready; the n-th mount is the
 * 9p tag cooper<n>, and fw_cfg opt/org.cooper/mounts says where each goes; fw_cfg opt/com.coreos/config on the first
 *boot.
 */
#ifndef COOPER_MACHINE_ARGV_H
#define COOPER_MACHINE_ARGV_H

#include "base/err.h"
#include "machine/spec.h"

#define QEMU_NETWORK "net0" /* its user network, for commands */

/* Bytes of each of the two flash banks of an aarch64 guest; the variables start as so many zero bytes. */
enum { QEMU_FLASH_BYTES = 64 * 1024 * 1024 };

/**
 * machine_argv() - the command line of one start
 * @spec:      the machine; paths absolute
 * @start:     accelerator, ssh port, first boot or not
 * @facts:     of the host that runs it
 * @argv:      receives argv, the program first
 * @warnings:  receives sentences for people, from the compatibility rules (rules.h); may be NULL
 *
 * Errors:    USAGE (a rule refuses; the guest's architecture is unknown; a socket's path is too long)
 * On error:  @argv and @warnings may hold a beginning.
 */
MUST_CHECK struct err *machine_argv(const struct machine_spec *spec, const struct machine_start *start,
				    const struct host_facts *facts, struct strs *argv, struct strs *warnings);

#endif

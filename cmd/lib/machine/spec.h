/*
 * spec.h - everything that decides a machine's command line and first boot, as plain values
 *
 * argv.h and ignition.h are pure functions of this; run.h acts on it. All paths are absolute.
 */
#ifndef COOPER_MACHINE_SPEC_H
#define COOPER_MACHINE_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "recipe/recipe.h"
#include "sys/os.h"

enum machine_accel { ACCEL_TCG, ACCEL_KVM, ACCEL_HVF };

struct machine_spec {
	char *name;
	char *guest_arch; /* aarch64, x86_64 */
	int cpus;
	int64_t memory_bytes;
	int64_t data_bytes; /* size of the data disk */
	char *qemu;         /* qemu-system-<arch> */
	char *qemu_img;
	char *qemu_share;   /* -L folder of the keg; NULL = QEMU's own */
	char *qemu_version; /* "7.2.22" */
	char *qemu_patches; /* file names of the recipe's patches, with spaces between; NULL = none */
	char *image;        /* "fedora-coreos-44.20260707.3.1"; NULL = unknown */
	enum image_boot boot;
	char *base_disk; /* read-only qcow2 of the image */
	char *kernel;    /* beside the disk; NULL = BOOT_UEFI from the disk */
	char *initrd;
	char *cmdline;
	char *first_boot_cmdline;
	char *firmware_code; /* BOOT_UEFI */
	char *provider;      /* how foreign programs run: "auto", "guest", "store", "package"; NULL = "auto" */
	char *emulator_iso;  /* read-only device with user-mode emulators, or NULL */
	char *user;          /* login user */
	char *ignition;  /* the user's own, as ignition_read() gives it, or NULL; not recorded: it is for the first boot
			  */
	struct strs run; /* architectures containers must run */
	char *dir;       /* machines/<name> */
	char *gen_dir;   /* machines/<name>/gen-<n> */
	struct mount *mounts;
	size_t mount_count;
	struct port *ports;
	size_t port_count;
	int64_t boot_timeout_ms;
	char *accel; /* "auto", "hvf", "kvm", "tcg" */
};

/* What is chosen anew at each start. */
struct machine_start {
	enum machine_accel accel;
	int ssh_port;    /* on 127.0.0.1 */
	bool first_boot; /* Ignition runs */
};

#endif

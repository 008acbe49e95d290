/*
 * vmm.h - the seam for a virtual machine monitor: all that cooper asks of one, as a struct of functions
 *
 * A monitor is a program that runs one virtual machine in a process of its own. What it is called, how it is told what
 * to run, how it is talked to, how its disks are made and what its last words mean is behind this header; the
 * supervisor (run.h), the generations of disks (disk.h) and all above know no monitor by name. Another one is a file
 * vmm_<name>.c and a line in vmm_list.c.
 *
 *	TRY(vmm_choose(spec, facts, &vmm));
 *	TRY(vmm->disk_create(spec, path, bytes, NULL));
 *	TRY(vmm->argv(spec, &start, facts, &argv, &warnings));
 *	vmm->look(&run, false); ... vmm->command(&run, VMM_POWER_BUTTON); ... vmm->judge(&run, words, accel, &port)
 *
 * Whatever the monitor, the guest's console goes to MACHINE_SERIAL_LOG (phase.h judges it), the monitor's own words to
 * MACHINE_MONITOR_LOG, and the guest finds /dev/disk/by-id/virtio-{os,data,emulators}, a port MACHINE_READY_PORT that
 * it writes to when it is up, its shares by MACHINE_MOUNT_TAG with the list of mounts.h, and an ssh server's port forwarded to machine_start's.
 */
#ifndef COOPER_MACHINE_VMM_H
#define COOPER_MACHINE_VMM_H

#include <sys/types.h>

#include "base/err.h"
#include "base/event.h"
#include "guest/published.h"
#include "machine/spec.h"

#define MACHINE_READY_PORT "org.cooper.ready"
#define MACHINE_MOUNT_TAG "cooper"      /* then the mount's index, from 0 */
#define MACHINE_HOST_ADDRESS "10.0.2.2" /* the host's loopback, as the guest calls it; closed unless asked for */

enum vmm_command {
	VMM_POWER_BUTTON, /* the guest is asked to power itself off */
	VMM_QUIT,         /* the machine ends at once */
	VMM_CONTINUE,     /* a machine that stands still goes on */
};

/* Why a machine that is on stands still. */
enum vmm_pause {
	VMM_GOES_ON, /* it does not */
	VMM_DISK_FULL,
	VMM_DISK_FAILED,
	VMM_PANICKED, /* the guest's kernel */
	VMM_ASLEEP,   /* the guest suspended itself */
	VMM_PAUSED,   /* nobody said why */
};

enum vmm_end {
	VMM_OFF,        /* as asked, or by the guest */
	VMM_REBOOT,     /* the guest wants to be started again */
	VMM_PORT_TAKEN, /* a port of the host could not be had */
	VMM_NO_ACCEL,   /* the accelerator could not be had, or failed at work */
	VMM_FAILED,
};

/* One process of a monitor. */
struct vmm_run {
	const struct machine_spec *spec;
	pid_t pid;         /* our child: the monitor, or a guard of it */
	pid_t monitor_pid; /* of the monitor itself; 0 = not known yet */
	bool running;
	int wait_status; /* once it is not */
	bool ready;      /* the guest said so */
	char reason[32]; /* why the machine ends, in the monitor's own term; "" before */
	enum vmm_pause pause;
	enum vmm_pause cause; /* the monitor's own: what the next pause will be for */
	char trouble[160];    /* the last error of a disk, in the host's words, escaped; "" = none */
	int control_fd;       /* readable when the monitor has something to say; -1 = it has not answered, or hung up */
	int ready_fd;         /* readable when the guest has, until it is ready; -1 = not connected */
	void *state;          /* the monitor's own */
};

struct vmm {
	const char *name; /* as messages call it */
	bool can_9p;      /* shares folders of the host */
	bool can_uefi;    /* starts firmware */

	/** available() - whether it runs on such a host; @ret_why: half a sentence where not */
	bool (*available)(const struct host_facts *facts, const char **ret_why);

	/** parts() - fill in where the monitor's programs and firmware lie in its @keg; pure */
	void (*parts)(const char *keg, struct machine_spec *spec);

	/**
	 * argv() - the command line of one start; pure
	 * @warnings:  receives sentences for people; may be NULL
	 *
	 * Errors:  USAGE (the machine cannot be had so)
	 */
	struct err *(*argv)(const struct machine_spec *spec, const struct machine_start *start,
			    const struct host_facts *facts, struct strs *argv, struct strs *warnings);

	/** prepare() - before a start, with the machine's lock held: end and remove what an ended supervisor left, and
	 *  look that the disks are those that were made: CORRUPT where one names another file of the host */
	struct err *(*prepare)(const struct machine_spec *spec);

	/** look() - take in what happened; @ended: the process has, only what it said before can be read */
	void (*look)(struct vmm_run *run, bool ended);

	/** command() - false when the monitor does not take it */
	bool (*command)(struct vmm_run *run, enum vmm_command command);

	/** forward() - carry a port of the host, which nobody has, to the guest, or, not @on, no longer; what is
	 * connected goes on. False when the monitor does not take it, or did not answer: then it may have */
	bool (*forward)(struct vmm_run *run, const struct published_port *port, bool on);

	/** disconnect() - close what look() opened; forget() - remove the machine's sockets, after the process's end */
	void (*disconnect)(struct vmm_run *run);
	void (*forget)(const struct machine_spec *spec);

	/**
	 * judge() - what the end of the process means
	 * @words:     the last lines that the monitor itself printed
	 * @ret_port:  of PORT_TAKEN; 0 when it is not told
	 */
	enum vmm_end (*judge)(const struct vmm_run *run, const char *words, enum accel accel, int *ret_port);

	/** disk_create() - a disk of @bytes, or, with @base, one that is written over that read-only image, which it
	 * names as given: relative to its own folder where that is no absolute path; CORRUPT when the image is not one
	 * disk that holds all of its data */
	struct err *(*disk_create)(const struct machine_spec *spec, const char *path, int64_t bytes, const char *base);
	/** disk_size() - bytes of the disk as the guest sees it, also while the machine runs */
	struct err *(*disk_size)(const struct machine_spec *spec, const char *path, int64_t *ret_bytes);
	/** disk_check() - whether it is such a disk, as far as its first bytes tell; CORRUPT, ABSENT, OS */
	struct err *(*disk_check)(const struct machine_spec *spec, const char *path, const char *base);
	/** disk_below() - the @base that @path says it was made with, heap; NULL = none. disk_check() proves it */
	struct err *(*disk_below)(const struct machine_spec *spec, const char *path, char **ret_base);
	/** disk_merge() - what @path holds is written into the disk that it stands on, which then is what @path was, and
	 * to it all the time is as before; cut short, it can be done again. Neither is in use */
	struct err *(*disk_merge)(const struct machine_spec *spec, const char *path);
	/** disk_is_empty() - whether nothing was ever written to @path, so that it is what it stands on; false where that
	 * is not known */
	struct err *(*disk_is_empty)(const char *path, bool *ret_empty);
	/** disk_copy() - another one that holds what @from holds, on the same base; @from is not in use */
	struct err *(*disk_copy)(const char *from, const char *to);
	/** disk_flatten() - another one, as small as it gets, that holds what @from and all below it hold and stands on
	 * nothing; the same content gives the same bytes. None is in use meanwhile. @sink: receives progress, in percent */
	struct err *(*disk_flatten)(const struct machine_spec *spec, const char *from, const char *to,
				    struct sink *sink, const char *step);
	/** disk_grow() - the machine does not run */
	struct err *(*disk_grow)(const struct machine_spec *spec, const char *path, int64_t bytes);
	/** firmware_create() - the firmware's variables as they are before the first boot, at @path */
	struct err *(*firmware_create)(const struct machine_spec *spec, const char *path);
};

/* All monitors, the preferred one first; ends with NULL. */
extern const struct vmm *const vmm_list[];

/**
 * vmm_choose() - the first monitor that the host can run and that can do what the machine needs
 *
 * Errors:  USAGE (there is none; the hint says why not, for each)
 */
MUST_CHECK struct err *vmm_choose(const struct machine_spec *spec, const struct host_facts *facts,
				  const struct vmm **ret_vmm);

/** vmm_guest_check() - whether there are machines of this architecture (cooper's name of it); USAGE where not */
MUST_CHECK struct err *vmm_guest_check(enum arch arch);

#endif

#include "machine/argv.h"

#include <string.h>

#include "base/arch.h"
#include "machine/mounts.h"
#include "machine/paths.h"
#include "machine/rules.h"
#include "machine/vmm.h"

#define MIB ((int64_t)1 << 20)

/* What the functions below share; lives for one machine_argv(). */
struct line {
	const struct machine_spec *spec;
	const struct machine_start *start;
	const struct host_facts *facts;
	const struct arch_guest *guest;
	const struct machine_ruling *ruling;
	struct strs *argv;
};

static void option(struct line *l, const char *name, char *take_value)
{
	strs_add(l->argv, name);
	strs_take(l->argv, take_value);
}

/* In QEMU's comma-separated options a comma in a value is written twice. */
static char *quoted(const char *value)
{
	AUTO(str) s = STR_INIT;

	for (const char *p = value; *p; p++) {
		if (*p == ',')
			str_add_char(&s, ',');
		str_add_char(&s, *p);
	}
	return str_take(&s);
}

static char *quoted_path(const struct line *l, enum machine_file file)
{
	AUTO_FREE char *path = machine_path(l->spec, file);
	return quoted(path);
}

static const char *gic_version(const struct line *l)
{
	if (l->ruling->gic)
		return l->ruling->gic;
	return l->start->accel == ACCEL_KVM ? "max" : "3";
}

static void add_board(struct line *l)
{
	if (l->spec->guest_arch == ARCH_AARCH64)
		option(l, "-machine",
		       mem_printf("%s,gic-version=%s%s", l->guest->board, gic_version(l),
				  l->ruling->highmem_off ? ",highmem=off" : ""));
	else
		option(l, "-machine", mem_strdup(l->guest->board));
}

/* Translated code: a sixteenth of the host's memory, within what has been seen to help. */
static int64_t tcg_buffer_mib(const struct host_facts *facts)
{
	int64_t mib = facts->memory_bytes / 16 / MIB;

	if (mib < 128)
		return 128;
	return mib > 512 ? 512 : mib / 64 * 64;
}

static void add_processor(struct line *l)
{
	bool emulated = l->start->accel == ACCEL_TCG;
	const char *cpu = l->ruling->cpu ? l->ruling->cpu : emulated ? l->guest->tcg_cpu : "host";
	option(l, "-accel",
	       emulated ? mem_printf("tcg,thread=%s,tb-size=%lld", l->ruling->one_thread ? "single" : "multi",
				     (long long)tcg_buffer_mib(l->facts))
			: mem_strdup(accel_words[l->start->accel]));
	option(l, "-cpu", mem_strdup(cpu));
	option(l, "-smp", mem_printf("%d", l->ruling->cpus));
	option(l, "-m", mem_printf("%lldM", (long long)(l->ruling->memory_bytes / MIB)));
}

/* The kernel's messages must reach the serial log, or no boot can be judged. */
static char *kernel_cmdline(const struct line *l)
{
	const char *given = l->spec->cmdline ? l->spec->cmdline : "";
	const char *extra = l->start->first_boot ? l->spec->first_boot_cmdline : NULL;
	const char *emulated = l->start->accel == ACCEL_TCG ? l->guest->tcg_cmdline : NULL;
	AUTO(str) s = STR_INIT;

	if (!strstr(given, "console="))
		str_addf(&s, "console=%s", l->guest->console);
	if (*given)
		str_addf(&s, "%s%s", s.len > 0 ? " " : "", given);
	if (emulated)
		str_addf(&s, "%s%s", s.len > 0 ? " " : "", emulated);
	if (extra && *extra)
		str_addf(&s, " %s", extra);
	return str_take(&s);
}

static void add_boot(struct line *l)
{
	if (l->spec->boot == BOOT_UEFI) {
		AUTO_FREE char *code = quoted(l->spec->firmware_code);
		AUTO_FREE char *vars = quoted_path(l, MACHINE_FLASH_VARS);
		option(l, "-drive", mem_printf("if=pflash,unit=0,format=raw,readonly=on,file=%s", code));
		option(l, "-drive", mem_printf("if=pflash,unit=1,format=raw,file=%s", vars));
	}
	/* with firmware, QEMU hands these to it (fw_cfg) and it starts the kernel's own EFI program */
	if (l->spec->kernel) {
		option(l, "-kernel", mem_strdup(l->spec->kernel));
		option(l, "-initrd", mem_strdup(l->spec->initrd));
		option(l, "-append", kernel_cmdline(l));
	}
	if (l->start->first_boot) {
		AUTO_FREE char *config = quoted_path(l, MACHINE_IGNITION);
		option(l, "-fw_cfg", mem_printf("name=opt/com.coreos/config,file=%s", config));
	}
}

/*
 * The serial number is the disk's name in the guest: /dev/disk/by-id/virtio-<id>. The default cache mode keeps the
 * guest's flushes: its data survives a host that loses power. What the guest frees shrinks the file.
 */
static void add_disk(struct line *l, const char *id, enum machine_file file, const char *device_extra)
{
	AUTO_FREE char *path = quoted_path(l, file);

	option(l, "-drive",
	       mem_printf("if=none,id=%s,format=qcow2,discard=unmap,detect-zeroes=unmap,file=%s", id, path));
	option(l, "-device", mem_printf("virtio-blk-pci,drive=%s,serial=%s%s", id, id, device_extra));
}

static void add_disks(struct line *l)
{
	add_disk(l, "os", MACHINE_OS_DISK, ",bootindex=1");
	add_disk(l, "data", MACHINE_DATA_DISK, "");
	if (l->spec->emulator_iso) {
		AUTO_FREE char *path = quoted(l->spec->emulator_iso);
		option(l, "-drive", mem_printf("if=none,id=emulators,format=raw,readonly=on,file=%s", path));
		option(l, "-device", mem_strdup("virtio-blk-pci,drive=emulators,serial=emulators"));
	}
}

/* No boot ROM (romfile=): nothing boots from the network, and the keg need not carry one. */
static void add_network(struct line *l)
{
	AUTO(str) s = STR_INIT;

	str_add(&s, "user,id=" QEMU_NETWORK);
	if (!l->spec->host_loopback && strs_has(&l->spec->qemu_provides, "host-loopback"))
		str_add(&s, ",host-loopback=off");
	str_addf(&s, ",hostfwd=tcp:127.0.0.1:%d-:22", l->start->ssh_port);
	for (size_t i = 0; i < l->spec->port_count; i++) {
		const struct port *p = &l->spec->ports[i];
		AUTO_FREE char *address = quoted(p->host_address ? p->host_address : "127.0.0.1");
		str_addf(&s, ",hostfwd=tcp:%s:%d-:%d", address, p->host_port, p->guest_port);
	}
	option(l, "-netdev", str_take(&s));
	option(l, "-device", mem_strdup("virtio-net-pci,netdev=" QEMU_NETWORK ",romfile="));
}

static void add_channels(struct line *l)
{
	AUTO_FREE char *qmp = quoted_path(l, MACHINE_MONITOR_SOCKET);
	AUTO_FREE char *ready = quoted_path(l, MACHINE_READY_SOCKET);
	AUTO_FREE char *serial = quoted_path(l, MACHINE_SERIAL_LOG);

	option(l, "-chardev", mem_printf("file,id=serial0,append=on,path=%s", serial));
	option(l, "-serial", mem_strdup("chardev:serial0"));
	option(l, "-chardev", mem_printf("socket,id=qmp,server=on,wait=off,path=%s", qmp));
	option(l, "-mon", mem_strdup("chardev=qmp,mode=control"));
	option(l, "-device", mem_strdup("virtio-serial-pci"));
	option(l, "-chardev", mem_printf("socket,id=ready,server=on,wait=off,path=%s", ready));
	option(l, "-device", mem_strdup("virtserialport,chardev=ready,name=" MACHINE_READY_PORT));
	option(l, "-device", mem_strdup("virtio-rng-pci"));
}

/* Of each start, as the first boot's configuration is of one. */
static void add_mount_list(struct line *l)
{
	AUTO_FREE char *list = mounts_list(l->spec);
	AUTO_FREE char *value = list ? quoted(list) : NULL;

	if (value)
		option(l, "-fw_cfg", mem_printf("name=" MOUNTS_ITEM ",string=%s", value));
}

/*
 * security_model=none: files belong to the host user whoever the guest user is, as QEMU runs without the power to give
 * them away (os_confine_monitor()); modes and links are plain, which mapped ones would not be.
 * multidevs=remap keeps inode numbers apart when the tree spans several host file systems. hidden= is a patch of ours.
 */
static void add_mounts(struct line *l)
{
	for (size_t i = 0; i < l->spec->mount_count; i++) {
		const struct mount *m = &l->spec->mounts[i];
		AUTO_FREE char *path = quoted(m->host);
		AUTO_FREE char *hidden = m->hidden ? quoted(m->hidden) : NULL;
		option(l, "-fsdev",
		       mem_printf("local,id=share%zu,security_model=none,multidevs=remap%s%s%s,path=%s", i,
				  m->writable ? "" : ",readonly=on", hidden ? ",hidden=" : "", hidden ? hidden : "",
				  path));
		option(l, "-device",
		       mem_printf("virtio-9p-pci,fsdev=share%zu,mount_tag=" MACHINE_MOUNT_TAG "%zu", i, i));
	}
}

/*
 * Memory that the guest has freed goes back to the host. Not on macOS, where the monitor's way to give it back
 * (madvise) gives nothing back.
 */
static void add_balloon(struct line *l)
{
	if (l->facts->os == OS_LINUX)
		option(l, "-device", mem_strdup("virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on"));
}

/* What QEMU itself never needs, once it runs, is no use to a guest that broke into it. */
static void add_sandbox(struct line *l)
{
	if (l->facts->os == OS_LINUX && strs_has(&l->spec->qemu_provides, "sandbox"))
		option(l, "-sandbox",
		       mem_strdup("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
}

static void add_all(struct line *l)
{
	AUTO_FREE char *name = quoted(l->spec->name);

	strs_add(l->argv, l->spec->qemu);
	option(l, "-name", mem_printf("guest=cooper-%s", name));
	if (l->spec->qemu_share)
		option(l, "-L", mem_strdup(l->spec->qemu_share));
	strs_add(l->argv, "-no-user-config");
	strs_add(l->argv, "-nodefaults");
	option(l, "-display", mem_strdup("none"));
	option(l, "-action", mem_strdup("reboot=shutdown"));
	add_sandbox(l);
	add_board(l);
	add_processor(l);
	add_boot(l);
	add_channels(l);
	add_disks(l);
	add_network(l);
	add_mounts(l);
	add_mount_list(l);
	add_balloon(l);
}

struct err *machine_argv(const struct machine_spec *spec, const struct machine_start *start,
			 const struct host_facts *facts, struct strs *argv, struct strs *warnings)
{
	AUTO(machine_ruling) ruling = {.cpus = 0};
	struct line l = {.spec = spec, .start = start, .facts = facts, .ruling = &ruling, .argv = argv};

	TRY(vmm_guest_check(spec->guest_arch));
	l.guest = &arch_row(spec->guest_arch)->guest;
	TRY(machine_paths_check(spec));
	TRY(machine_rules(spec, start, facts, &ruling));
	if (warnings)
		strs_copy(warnings, &ruling.warnings);
	add_all(&l);
	return NULL;
}

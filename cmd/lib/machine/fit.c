#include "machine/fit.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "machine/data_disk.h"
#include "machine/disk.h"
#include "machine/paths.h"
#include "machine/port_table.h"
#include "machine/record.h"
#include "machine/status.h"
#include "recipe/check.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/os.h"
#include "sys/sock.h"

enum { PRIVILEGED = 1024 };

static const char *address_of(const struct port *p)
{
	return p->host_address ? p->host_address : "127.0.0.1";
}

static struct err *taken(const char *machine, int port)
{
	AUTO_FREE char *holder = os_port_holder(/* udp= */ false, port);

	return err_hint(err_new(ERR_BUSY, "port %d of this host is in use%s%s: machine '%s' cannot forward it", port,
				holder ? " by " : "", holder ? holder : "", machine),
			"stop the program that listens on it, or change 'ports' in the stack");
}

struct err *fit_port(const char *machine, const struct port *port)
{
	const char *address = address_of(port);
	int number = port->host_port;
	int errnum = sock_try_port(/* udp= */ false, address, number);

	if (errnum == 0)
		return NULL;
	if (errnum == EADDRINUSE)
		return taken(machine, number);
	if (errnum == EADDRNOTAVAIL)
		return err_hint(err_new(ERR_USAGE, "this host has no address '%s' for port %d of machine '%s'", address,
					number, machine),
				"leave the address out of 'ports' in the stack, or use 0.0.0.0 for all");
	struct err *e = err_os(errnum, "machine '%s' cannot forward port %d of this host", machine, number);
	if (errnum != EACCES || number >= PRIVILEGED)
		return err_hint(e, "change 'ports' in the stack");
	return err_hint(e,
			"this user may not listen on ports below %d: choose another in 'ports' of the stack, or permit "
			"it (Linux: sysctl net.ipv4.ip_unprivileged_port_start=%d)",
			PRIVILEGED, number);
}

struct err *fit_lost_port(const struct machine_spec *spec, int number)
{
	for (size_t i = 0; i < spec->port_count; i++)
		if (spec->ports[i].host_port == number)
			TRY(fit_port(spec->name, &spec->ports[i]));
	return err_hint(err_new(ERR_BUSY, "port %d of this host was in use: machine '%s' could not forward it", number,
				spec->name),
			"run `cooper up` again, or change 'ports' in the stack");
}

struct err *fit_programs(const char *machine)
{
	static const char *const names[] = {"ssh", "ssh-keygen"};
	AUTO_FREE char *own = NULL;

	TRY(os_exe_path(&own)); /* the supervisor is another of us */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *path = child_find(names[i]);
		if (!path)
			return err_hint(err_new(ERR_ABSENT, "machine '%s' cannot be started: program '%s' is not installed",
						machine, names[i]),
					"install it (Debian: openssh-client), or correct PATH");
	}
	return NULL;
}

/* What the machine runs with now; false when it does not run, or nobody knows. */
static bool running_spec(const char *machine_dir, struct machine_spec *spec, int *ret_ssh_port)
{
	AUTO(generation) g = {.number = 0};
	struct machine_status status;

	struct err *e = machine_status(machine_dir, &status);
	if (!e && status.running)
		e = generation_load(machine_dir, status.generation, &g);
	if (!e && g.number)
		e = machine_record_read(g.dir, spec);
	*ret_ssh_port = e ? 0 : status.ssh_port;
	bool known = !e && g.number;
	err_free(e);
	return known;
}

static bool holds(const struct machine_spec *spec, const struct port *port)
{
	for (size_t i = 0; i < spec->port_count; i++)
		if (check_is_one_port(&spec->ports[i], port))
			return true;
	return false;
}

/* Whether the port is on the host for a container of this machine: it goes when the stack wants it. */
static bool container_holds(const char *machine_dir, int number)
{
	AUTO_JSON *answer = NULL;
	err_free(machine_ports(machine_dir, &answer)); /* then it is not known to be free */
	const struct json *ports = js_get(answer, "ports");

	for (size_t i = 0; i < js_count(ports); i++) {
		const struct json *p = js_at(ports, i);
		if (js_get_int(p, "port", 0) == number && streq(js_get_text(p, "state"), port_state_name(PORT_OPEN)) &&
		    streq(js_get_text(p, "protocol"), protocol_name(PROTOCOL_TCP)))
			return true;
	}
	return false;
}

static struct err *is_for_ssh(const struct machine_spec *spec, int number)
{
	return err_hint(err_new(ERR_BUSY, "port %d of this host is that of ssh to machine '%s'", number, spec->name),
			"change 'ports' in the stack; or `cooper stop`, then `cooper up`: ssh takes another then");
}

static struct err *fit_all(const struct machine_spec *spec, bool live)
{
	AUTO(machine_spec) now = {.name = NULL};
	int ssh_port = 0;
	bool running = spec->port_count && running_spec(spec->dir, &now, &ssh_port);

	for (size_t i = 0; i < spec->port_count; i++) {
		const struct port *p = &spec->ports[i];
		if (running && live && p->host_port == ssh_port)
			return is_for_ssh(spec, ssh_port);
		if (running && (holds(&now, p) || p->host_port == ssh_port))
			continue;
		struct err *e = fit_port(spec->name, p);
		if (e && running && container_holds(spec->dir, p->host_port))
			e = err_free(e);
		TRY(e);
	}
	return NULL;
}

struct err *fit_ports(const struct machine_spec *spec)
{
	return fit_all(spec, /* live= */ false);
}

struct err *fit_ports_live(const struct machine_spec *spec)
{
	return fit_all(spec, /* live= */ true);
}

static struct err *fit_mount(const struct machine_spec *spec, const struct mount *m)
{
	struct stat st;
	bool there = false;

	struct err *e = file_stat(m->host, &there, &st);
	if (e)
		return err_wrap(e, "machine '%s' cannot share '%s'", spec->name, m->host);
	if (!there)
		return err_hint(err_new(ERR_ABSENT, "the folder '%s', which machine '%s' is to share, does not exist",
					m->host, spec->name),
				"make it, or change 'mounts' in the stack");
	if (!S_ISDIR(st.st_mode))
		return err_hint(err_new(ERR_USAGE, "'%s', which machine '%s' is to share, is not a folder", m->host,
					spec->name),
				"change 'mounts' in the stack");
	e = file_permits(m->host, R_OK | X_OK | (m->writable ? W_OK : 0));
	if (e)
		return err_hint(err_wrap(e, "machine '%s' cannot share '%s'%s", spec->name, m->host,
					 m->writable ? " writable" : ""),
				"change the folder's owner or mode, or 'mounts' in the stack");
	return NULL;
}

struct err *fit_mounts(const struct machine_spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		TRY(fit_mount(spec, &spec->mounts[i]));
	return NULL;
}

struct err *fit_disk(const struct machine_spec *spec, const struct vmm *vmm)
{
	AUTO_FREE char *path = machine_path(spec, MACHINE_DATA_DISK);
	AUTO(str) has = STR_INIT;
	AUTO(str) wants = STR_INIT;
	int64_t now = 0;

	bool there = false, tool = false;
	TRY(data_disk_check(spec, vmm));
	TRY(file_exists(path, &there));
	TRY(file_exists(spec->qemu_img ? spec->qemu_img : spec->qemu, &tool));
	if (!there || !tool)
		return NULL;
	struct err *e = vmm->disk_size(spec, path, &now);
	if (e)
		return err_wrap(e, "the data disk of machine '%s'", spec->name);
	if (spec->data_bytes >= now)
		return NULL;
	str_add_size(&has, now);
	str_add_size(&wants, spec->data_bytes);
	e = err_new(ERR_USAGE, "the data disk of machine '%s' has %s, and the stack wants %s: disks only grow",
		    spec->name, str_text(&has), str_text(&wants));
	return err_hint(e, "set machine.disk to %s or more; `cooper destroy` removes the disk with all that is on it",
			str_text(&has));
}

struct err *machine_fit(const struct machine_spec *spec, const struct vmm *vmm)
{
	TRY(fit_mounts(spec));
	TRY(fit_ports(spec));
	return fit_disk(spec, vmm);
}

#include "machine/forward.h"

#include <stdlib.h>

#include "guest/connect.h"
#include "machine/paths.h"
#include "machine/power.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"

void forward_init(struct forward *f, const struct machine_spec *spec, enum forward_to to)
{
	*f = (struct forward){.user = to == FORWARD_ROOT ? "root" : NULL};
	machine_ssh_open(spec->dir, spec->name, &f->guest);
	f->remote = guest_podman_socket(to == FORWARD_ROOT ? 0 : guest_uid());
	f->path = machine_path(spec, to == FORWARD_ROOT ? MACHINE_ROOT_SOCKET : MACHINE_API_SOCKET);
	f->log_path = machine_path(spec, MACHINE_API_LOG);
	err_free(file_remove(f->path));
}

static void start(struct forward *f, int64_t now)
{
	AUTO(strs) argv = STRS_INIT;

	ssh_forward_argv(&f->guest.ssh, f->user, f->path, f->remote, &argv);
	struct child_spec spec = {
		.argv = (const char *const *)argv.items, .log_path = f->log_path, .die_with_parent = true};
	kept_begin(&f->ssh, now);
	/* without ssh on the host there is no forward: `up` has said so long before */
	err_free(child_start(&spec, &f->ssh.pid));
}

void forward_look(struct forward *f)
{
	int64_t now = tick_ms();

	(void)log_bound(f->log_path); /* ssh says what the guest's sshd does */
	if (kept_ended(&f->ssh, now))
		err_free(file_remove(f->path));
	bool open = forward_socket(f) != NULL;
	if (f->was_open && f->ssh.pid > 0 && !open) /* somebody removed its socket: nobody reaches it any more */
		forward_close(f);
	f->was_open = open;
	if (kept_due(&f->ssh, now))
		start(f, now);
}

const char *forward_socket(const struct forward *f)
{
	bool there = false;
	if (f->ssh.pid > 0)
		err_free(file_exists(f->path, &there)); /* looked at again and again */
	return there ? f->path : NULL;
}

void forward_close(struct forward *f)
{
	bool ran = f->ssh.pid > 0;

	kept_stop(&f->ssh);
	if (ran)
		err_free(file_remove(f->path));
}

void forward_done(struct forward *f)
{
	forward_close(f);
	machine_ssh_done(&f->guest);
	free(f->remote);
	free(f->path);
	free(f->log_path);
	*f = (struct forward){.user = NULL};
}

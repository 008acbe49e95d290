#include "machine/forward.h"

#include <stdlib.h>

#include "guest/connect.h"
#include "machine/paths.h"
#include "machine/power.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/tick.h"

enum {
	PAUSE_MIN_MS = 1000,
	PAUSE_MAX_MS = 30 * 1000,
	LONG_LIVED_MS = 60 * 1000, /* what ran so long did not fail at once */
	TERM_MS = 2000,
};

void forward_init(struct forward *f, const struct machine_spec *spec)
{
	*f = (struct forward){.pause_ms = PAUSE_MIN_MS};
	machine_ssh_open(spec->dir, spec->name, &f->guest);
	f->remote = guest_podman_socket(guest_uid());
	f->path = machine_path(spec, MACHINE_API_SOCKET);
	f->log_path = machine_path(spec, MACHINE_API_LOG);
	err_free(file_remove(f->path));
}

static void start(struct forward *f)
{
	AUTO(strs) argv = STRS_INIT;

	ssh_forward_argv(&f->guest.ssh, f->path, f->remote, &argv);
	struct child_spec spec = {
		.argv = (const char *const *)argv.items, .log_path = f->log_path, .die_with_parent = true};
	f->started_ms = tick_ms();
	/* without ssh on the host there is no forward: `up` has said so long before */
	err_free(child_start(&spec, &f->pid));
	f->again_ms = f->started_ms + f->pause_ms;
}

void forward_look(struct forward *f)
{
	int64_t now = tick_ms();

	(void)log_bound(f->log_path); /* ssh says what the guest's sshd does */
	if (f->pid > 0 && child_poll(f->pid, NULL)) {
		f->pid = 0;
		f->pause_ms = now - f->started_ms >= LONG_LIVED_MS ? PAUSE_MIN_MS : f->pause_ms * 2;
		f->pause_ms = f->pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS : f->pause_ms;
		err_free(file_remove(f->path));
	}
	bool open = forward_socket(f) != NULL;
	if (f->was_open && f->pid > 0 && !open) /* somebody removed its socket: nobody reaches it any more */
		forward_close(f);
	f->was_open = open;
	if (f->pid == 0 && now >= f->again_ms)
		start(f);
}

const char *forward_socket(const struct forward *f)
{
	bool there = false;
	if (f->pid > 0)
		err_free(file_exists(f->path, &there)); /* looked at again and again */
	return there ? f->path : NULL;
}

void forward_close(struct forward *f)
{
	if (f->pid > 0) {
		child_stop(f->pid, TERM_MS);
		err_free(file_remove(f->path));
	}
	f->pid = 0;
	f->again_ms = 0;
	f->pause_ms = PAUSE_MIN_MS;
}

void forward_done(struct forward *f)
{
	forward_close(f);
	machine_ssh_done(&f->guest);
	free(f->remote);
	free(f->path);
	free(f->log_path);
	*f = (struct forward){.pid = 0};
}

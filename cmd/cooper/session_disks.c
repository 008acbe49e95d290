#include "session_disks.h"

#include <unistd.h>

#include "machine/layers.h"
#include "sys/file.h"

void session_disks_done(struct session_disks *d)
{
	project_done(&d->project);
	generation_done(&d->generation);
	machine_spec_done(&d->spec);
	if (d->machine_lock >= 0)
		close(d->machine_lock);
	if (d->lock >= 0)
		close(d->lock);
}

struct err *session_disks_open(const struct call *call, const char *name, bool works, struct session_disks *d)
{
	bool there = false;
	TRY(session_open_machine(call, name, &d->project));
	TRY(dir_exists(d->project.machine_dir, &there));
	if (!there)
		return session_absent(&d->project);
	if (works)
		TRY(session_lock(call, &d->project.home, /* timeout_ms= */ 0, &d->lock));
	TRY(session_machine(&d->project, &d->spec, &d->generation));
	TRY(vmm_choose(&d->spec, &d->project.facts, &d->vmm));
	AUTO_FREE char *holder = mem_printf("cooper %s", call->command->name);
	return works ? layers_hold(&d->spec, d->vmm, holder, &d->machine_lock) : NULL;
}

#include <stdlib.h>

#include "base/path.h"
#include "step/context.h"
#include "step/outputs.h"
#include "store/store.h"

enum { GUEST_PROGRAM_MS = 30 * 60 * 1000 };

void step_set_outcome(struct step *step, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	free(step->note);
	step->note = mem_vprintf(fmt, ap);
	va_end(ap);
}

char *step_result(const struct step *step, const char *file)
{
	AUTO_FREE char *name = step->kind->result(step);
	AUTO_FREE char *dir = store_path(step->context->home, step->key, name);
	return file ? path_join(dir, file) : TAKE(dir);
}

struct err *step_result_observe(const struct step *step, struct observed *seen)
{
	AUTO_FREE char *name = step->kind->result(step);
	TRY(store_has(step->context->home, step->key, name, &seen->present));
	return NULL;
}

struct err *step_receipt(const struct step *step, struct json **ret_receipt)
{
	AUTO_FREE char *name = step->kind->result(step);
	return store_receipt(step->context->home, step->key, name, ret_receipt);
}

struct err *step_guest_open(const struct step *step, struct sink *sink, struct machine_ssh *ret_ssh,
			    struct guest *ret_guest)
{
	const struct machine_spec *m = step->context->machine;
	machine_ssh_open(m->dir, m->name, ret_ssh);
	*ret_guest = (struct guest){.ssh = ret_ssh->ssh,
				    .os = guest_os_find(m->os),
				    .deadline_ms = GUEST_PROGRAM_MS,
				    .sink = sink,
				    .step = step->id};
	return guest_open(ret_guest);
}

bool step_is(const struct step *step, const char *kind)
{
	return streq(step->kind->name, kind);
}

const struct step *step_need(const struct step *step, const char *kind)
{
	const struct step *found = NULL;
	for (size_t i = 0; i < step->link_count && !found; i++) {
		if (step->links[i].in_key)
			found = step_is(step->links[i].step, kind) ? step->links[i].step
								   : step_need(step->links[i].step, kind);
	}
	return found;
}

#include <stdlib.h>

#include "step/kind.h"

void step_set_outcome(struct step *step, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	free(step->note);
	step->note = mem_vprintf(fmt, ap);
	va_end(ap);
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

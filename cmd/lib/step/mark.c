/* What was done in a guest is noted inside its generation, so that the note goes when the disk goes. */
#include <string.h>

#include "step/outputs.h"
#include "sys/file.h"

enum { MARK_MAX = 4096 };

/* Of two steps of one kind the subjects differ. */
static char *mark_path(const struct step *step, const struct generation *g)
{
	return *step->subject ? mem_printf("%s/%s-%s.done", g->dir, step->kind->name, step->subject)
			      : mem_printf("%s/%s.done", g->dir, step->kind->name);
}

/* What never came up, or is to be made anew, has no marks. */
struct err *step_mark_observe(const struct step *step, struct observed *seen)
{
	AUTO(generation) g = {.number = 0};
	AUTO_FREE char *found = NULL;
	TRY(step_generation_find(step_need(step, "generation"), &g, NULL));
	if (!g.number)
		return NULL;
	AUTO_FREE char *path = mark_path(step, &g);
	struct err *e = file_read(path, MARK_MAX, &found, NULL);
	seen->present = !e && streq(found, step->key);
	return err_is(e, ERR_ABSENT) ? err_free(e) : e;
}

struct err *step_mark(const struct step *step)
{
	AUTO(generation) g = {.number = 0};
	TRY(step_generation(step_need(step, "generation"), &g));
	AUTO_FREE char *path = mark_path(step, &g);
	return file_write(path, step->key, strlen(step->key), 0600);
}

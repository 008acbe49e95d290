/* What was done in a guest is noted inside its generation, so that the note goes when the disk goes. */
#include <string.h>

#include "step/outputs.h"
#include "sys/file.h"

enum { MARK_MAX = 4096 };

/* Of two steps of one kind the subjects differ. */
static struct err *mark_path(const struct step *step, char **ret_path)
{
	AUTO(generation) g = {.number = 0};
	TRY(step_generation(step_need(step, "generation"), &g));
	*ret_path = *step->subject ? mem_printf("%s/%s-%s.done", g.dir, step->kind->name, step->subject)
				   : mem_printf("%s/%s.done", g.dir, step->kind->name);
	return NULL;
}

struct err *step_mark_observe(const struct step *step, struct observed *seen)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *found = NULL;
	struct err *e = mark_path(step, &path);
	if (!e)
		e = file_read(path, MARK_MAX, &found, NULL);
	seen->present = !e && streq(found, step->key);
	return err_is(e, ERR_ABSENT) ? err_free(e) : e;
}

struct err *step_mark(const struct step *step)
{
	AUTO_FREE char *path = NULL;
	TRY(mark_path(step, &path));
	return file_write(path, step->key, strlen(step->key), 0600);
}

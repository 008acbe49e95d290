#include "build/counted.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

enum { DIGITS_MAX = 9 };

/* "812/" of "812/1817] ..."; NULL when it is no number. */
static const char *take_number(const char *p, char end, int64_t *ret)
{
	size_t digits = strspn(p, "0123456789");

	if (digits == 0 || digits > DIGITS_MAX || p[digits] != end)
		return NULL;
	*ret = strtoll(p, NULL, 10);
	return p + digits + 1;
}

static void emit(struct sink *sink, const struct event *e)
{
	struct counted *c = (struct counted *)sink;
	struct event rest = *e;
	int64_t done = 0, total = 0;
	const char *p = e->kind == EVENT_OUTPUT && e->text[0] == '[' ? take_number(e->text + 1, '/', &done) : NULL;

	p = p ? take_number(p, ']', &total) : NULL;
	if (p && done <= total) {
		event_progress(c->out, e->step, done, total, "steps");
		rest.text = p + strspn(p, " ");
	}
	event_emit(c->out, &rest);
}

struct counted counted_output(struct sink *out)
{
	return (struct counted){.sink = {emit}, .out = out};
}

#include "source/tally.h"

#include <stdlib.h>

#include "base/mem.h"

/* The total is known when that of every part is that has begun. */
static void add_up(const struct tally *t, struct event *sum)
{
	sum->done = sum->total = 0;
	bool known = true;
	for (size_t i = 0; i < t->count; i++) {
		const struct tally_part *p = &t->parts[i];
		sum->done += p->done;
		sum->total += p->total;
		known = known && (p->total > 0 || p->done == 0);
	}
	if (!known)
		sum->total = 0;
}

static void part_emit(struct sink *sink, const struct event *event)
{
	struct tally_part *p = (struct tally_part *)sink;
	struct tally *t = p->tally;
	if (event->kind != EVENT_PROGRESS || !streq(event->text, "B")) {
		event_emit(t->out, event);
		return;
	}
	struct event sum = *event;
	pthread_mutex_lock(&t->mutex);
	p->done = event->done;
	p->total = event->total;
	add_up(t, &sum);
	event_emit(t->out, &sum); /* under the mutex: sums are told in their order */
	pthread_mutex_unlock(&t->mutex);
}

void tally_init(struct tally *t, size_t count, struct sink *out)
{
	*t = (struct tally){.out = out, .parts = mem_array(count, sizeof(*t->parts)), .count = count};
	pthread_mutex_init(&t->mutex, NULL);
	for (size_t i = 0; i < count; i++)
		t->parts[i] = (struct tally_part){.sink = {part_emit}, .tally = t};
}

void tally_done(struct tally *t)
{
	pthread_mutex_destroy(&t->mutex);
	free(t->parts);
}

struct sink *tally_part(struct tally *t, size_t i)
{
	return &t->parts[i].sink;
}

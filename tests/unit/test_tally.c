#include "harness.h"

#include "source/tally.h"

struct heard {
	struct sink sink;
	struct event last;
	size_t count;
};

static void hear(struct sink *sink, const struct event *event)
{
	struct heard *h = (struct heard *)sink;
	h->last = *event;
	h->count++;
}

static void tells(const struct heard *h, int64_t done, int64_t total)
{
	assert_int_equal(h->last.kind, EVENT_PROGRESS);
	assert_int_equal(h->last.done, done);
	assert_int_equal(h->last.total, total);
	assert_string_equal(h->last.step, "fetch:a");
}

static void test_sum(void **state)
{
	(void)state;
	struct heard h = {.sink = {hear}};
	struct tally t;
	tally_init(&t, 3, &h.sink);
	event_progress(tally_part(&t, 0), "fetch:a", 10, 100, "B");
	tells(&h, 10, 100);
	event_progress(tally_part(&t, 2), "fetch:a", 5, 50, "B");
	tells(&h, 15, 150);
	event_progress(tally_part(&t, 1), "fetch:a", 7, 0, "B"); /* git does not know */
	tells(&h, 22, 0);
	event_progress(tally_part(&t, 0), "fetch:a", 100, 100, "B");
	tells(&h, 112, 0);
	event_progress(tally_part(&t, 0), "fetch:a", 3, 9, "files"); /* no bytes: as it is */
	tells(&h, 3, 9);
	event_note(tally_part(&t, 1), "fetch:a", "trying again");
	assert_int_equal(h.last.kind, EVENT_NOTE);
	assert_int_equal(h.count, 6);
	tally_done(&t);
	tally_init(&t, 1, NULL);
	event_progress(tally_part(&t, 0), "fetch:a", 1, 2, "B"); /* nobody listens */
	tally_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sum)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "harness.h"

#include <stdio.h>

#include "plan/graph.h"

/* A step whose presence is a flag and whose perform appends its id to a shared text. */
struct fake {
	bool present;
	bool fails;
	struct str *order;
};

static struct err *fake_observe(struct step *s, struct observed *seen)
{
	seen->present = ((struct fake *)s->data)->present;
	return NULL;
}

static struct err *fake_perform(struct step *s, struct sink *sink)
{
	(void)sink;
	struct fake *f = s->data;
	if (f->fails)
		return err_new(ERR_CHILD, "it broke");
	str_addf(f->order, "%s ", s->id);
	return NULL;
}

static struct step *add(struct graph *g, const char *id, struct fake *f, struct step *need, const char *field)
{
	struct step *s = graph_add(g, id, id, STEP_MACHINE);
	s->observe = fake_observe;
	s->perform = fake_perform;
	s->data = f;
	js_set_text(s->inputs, "field", field);
	step_needs(s, need);
	step_seal(s);
	return s;
}

static void runs_what_is_missing_in_order(void **state UNUSED)
{
	AUTO(str) order = STR_INIT;
	struct graph g = GRAPH_INIT;
	struct fake a = {.order = &order}, b = {.order = &order}, c = {.order = &order};
	struct step *sa = add(&g, "a", &a, NULL, "1");
	struct step *sb = add(&g, "b", &b, sa, "1");
	struct step *sc = add(&g, "c", &c, sb, "1");
	assert_ok(graph_observe(&g, sc, NULL));
	assert_int_equal(graph_pending(&g), 3);
	assert_ok(graph_perform(&g, NULL));
	assert_string_equal(str_text(&order), "a b c ");
	graph_done(&g);
}

static void asks_nothing_behind_a_result(void **state UNUSED)
{
	AUTO(str) order = STR_INIT;
	struct graph g = GRAPH_INIT;
	struct fake a = {.order = &order}, b = {.present = true, .order = &order}, c = {.order = &order};
	struct step *sa = add(&g, "a", &a, NULL, "1");
	struct step *sb = add(&g, "b", &b, sa, "1");
	struct step *sc = add(&g, "c", &c, sb, "1");
	assert_ok(graph_observe(&g, sc, NULL));
	assert_int_equal(graph_pending(&g), 1);
	assert_int_equal(sa->state, STEP_UNKNOWN);
	graph_done(&g);
}

static void a_failure_drops_the_rest(void **state UNUSED)
{
	AUTO(str) order = STR_INIT;
	struct graph g = GRAPH_INIT;
	struct fake a = {.fails = true, .order = &order}, b = {.order = &order};
	struct step *sa = add(&g, "a", &a, NULL, "1");
	struct step *sb = add(&g, "b", &b, sa, "1");
	assert_ok(graph_observe(&g, sb, NULL));
	assert_fails(graph_perform(&g, NULL), ERR_CHILD, "a: it broke");
	assert_int_equal(sa->state, STEP_FAILED);
	assert_int_equal(sb->state, STEP_DROPPED);
	graph_done(&g);
}

static void says_why(void **state UNUSED)
{
	struct fake absent = {.present = false}, there = {.present = true};
	struct graph g = GRAPH_INIT;
	struct step *a = add(&g, "a", &there, NULL, "2 GiB");
	AUTO_JSON *record = js_object();
	assert_ok(graph_observe(&g, a, NULL));
	graph_record(&g, record);
	graph_done(&g);

	struct step *changed = add(&g, "a", &absent, NULL, "4 GiB");
	struct step *follows = add(&g, "b", &there, changed, "1");
	follows->always_follows = true;
	assert_ok(graph_observe(&g, follows, record));
	assert_string_equal(changed->why.items[0], "field 2 GiB -> 4 GiB");
	assert_int_equal(follows->state, STEP_PENDING);
	assert_string_equal(follows->why.items[0], "follows: a");
	graph_done(&g);
}

static void keys_depend_on_needs(void **state UNUSED)
{
	struct fake f = {.present = true};
	struct graph g = GRAPH_INIT;
	struct step *a1 = add(&g, "a", &f, NULL, "1");
	struct step *b1 = add(&g, "b", &f, a1, "1");
	struct graph h = GRAPH_INIT;
	struct step *a2 = add(&h, "a", &f, NULL, "2");
	struct step *b2 = add(&h, "b", &f, a2, "1");
	assert_string_not_equal(b1->key, b2->key);
	graph_done(&g);
	graph_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_what_is_missing_in_order), cmocka_unit_test(asks_nothing_behind_a_result),
		cmocka_unit_test(a_failure_drops_the_rest),      cmocka_unit_test(says_why),
		cmocka_unit_test(keys_depend_on_needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

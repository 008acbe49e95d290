#include "harness.h"

#include <signal.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "fmt/digest.h"
#include "plan/graph.h"
#include "plan/reasons.h"
#include "sys/tick.h"

/* A step whose presence is a flag and whose perform appends its id to a shared text. */
struct fake {
	bool present;
	bool fails;
	bool cancels;
	const char *field; /* the one input; NULL = none */
	struct str *order;
};

static void fake_describe(const struct step *s, struct str *title)
{
	str_add(title, s->id);
}

static struct err *fake_inputs(const struct step *s, struct json *inputs)
{
	const struct fake *f = s->job;
	if (f->field)
		js_set_text(inputs, "field", f->field);
	return NULL;
}

static struct err *fake_observe(const struct step *s, struct observed *seen)
{
	seen->present = ((const struct fake *)s->job)->present;
	return NULL;
}

static struct err *fake_perform(struct step *s, struct sink *sink)
{
	(void)sink;
	struct fake *f = s->job;
	if (f->fails)
		return err_new(ERR_CHILD, "it broke");
	str_addf(f->order, "%s ", s->id);
	if (f->cancels)
		cancel_request(SIGINT);
	return NULL;
}

#define FAKE_FUNCTIONS                                                                                                 \
	.describe = fake_describe, .inputs = fake_inputs, .observe = fake_observe, .perform = fake_perform

static struct step *add(struct graph *g, const char *id, struct fake *f, struct step *need)
{
	static struct step_kind kinds[8];
	static size_t used;
	struct step_kind *kind = &kinds[used++ % ARRAY_LEN(kinds)];
	*kind = (struct step_kind){.name = id, .weight = STEP_MACHINE, FAKE_FUNCTIONS};
	struct step *s = graph_add(g, kind, NULL, f);
	step_needs(s, need);
	return s;
}

static void runs_what_is_missing_in_order(void **state UNUSED)
{
	AUTO(str) order = STR_INIT;
	struct graph g = GRAPH_INIT;
	struct fake a = {.order = &order}, b = {.order = &order}, c = {.order = &order};
	struct step *sa = add(&g, "a", &a, NULL);
	struct step *sb = add(&g, "b", &b, sa);
	struct step *sc = add(&g, "c", &c, sb);
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
	struct step *sa = add(&g, "a", &a, NULL);
	struct step *sb = add(&g, "b", &b, sa);
	struct step *sc = add(&g, "c", &c, sb);
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
	struct step *sa = add(&g, "a", &a, NULL);
	struct step *sb = add(&g, "b", &b, sa);
	assert_ok(graph_observe(&g, sb, NULL));
	assert_fails(graph_perform(&g, NULL), ERR_CHILD, "a: it broke");
	assert_int_equal(sa->state, STEP_FAILED);
	assert_int_equal(sb->state, STEP_DROPPED);
	graph_done(&g);
}

static void says_why(void **state UNUSED)
{
	static const struct step_kind follower = {.name = "b", .follows = true, FAKE_FUNCTIONS};
	struct fake absent = {.field = "4 GiB"}, there = {.present = true, .field = "2 GiB"}, plain = {.present = true};
	struct graph g = GRAPH_INIT;
	struct step *a = add(&g, "a", &there, NULL);
	AUTO_JSON *record = js_object();
	assert_ok(graph_observe(&g, a, NULL));
	graph_record(&g, record);
	graph_done(&g);

	struct step *changed = add(&g, "a", &absent, NULL);
	struct step *follows = graph_add(&g, &follower, NULL, &plain);
	step_after(follows, changed);
	assert_ok(graph_observe(&g, follows, record));
	assert_string_equal(changed->why.items[0], "field 2 GiB -> 4 GiB");
	assert_int_equal(follows->state, STEP_PENDING);
	assert_true(follows->only_follows);
	assert_string_equal(follows->why.items[0], "follows: a");
	graph_done(&g);
}

/* Made in the wrong order on purpose: a step that is part of another's key is sealed before it, wherever it stands. */
static void seals_in_order(void **state UNUSED)
{
	struct fake one = {.present = true, .field = "1"}, two = {.present = true, .field = "2"};
	struct fake plain = {.present = true};
	char keys[2][65];
	for (int i = 0; i < 2; i++) {
		struct graph g = GRAPH_INIT;
		struct step *b = add(&g, "b", &plain, NULL);
		struct step *a = add(&g, "a", i ? &two : &one, NULL);
		step_needs(b, a);
		assert_ok(graph_observe(&g, b, NULL));
		assert_string_equal(js_get_text(b->inputs, "a"), a->key);
		snprintf(keys[i], sizeof(keys[i]), "%s", b->key);
		graph_done(&g);
	}
	assert_string_not_equal(keys[0], keys[1]);
}

static void after_is_order_and_no_key(void **state UNUSED)
{
	AUTO(str) order = STR_INIT;
	struct fake one = {.field = "1", .order = &order}, two = {.field = "2", .order = &order};
	struct fake plain = {.order = &order};
	char keys[2][65];
	for (int i = 0; i < 2; i++) {
		struct graph g = GRAPH_INIT;
		struct step *b = add(&g, "b", &plain, NULL);
		step_after(b, add(&g, "a", i ? &two : &one, NULL));
		assert_ok(graph_observe(&g, b, NULL));
		assert_ok(graph_perform(&g, NULL));
		snprintf(keys[i], sizeof(keys[i]), "%s", b->key);
		graph_done(&g);
	}
	assert_string_equal(keys[0], keys[1]);
	assert_string_equal(str_text(&order), "a b a b ");
}

static void cancel_starts_nothing_more(void **state UNUSED)
{
	AUTO(str) order = STR_INIT;
	struct graph g = GRAPH_INIT;
	struct fake a = {.cancels = true, .order = &order}, b = {.order = &order};
	struct step *sb = add(&g, "b", &b, add(&g, "a", &a, NULL));
	assert_ok(graph_observe(&g, sb, NULL));
	assert_fails(graph_perform(&g, NULL), ERR_CANCELED, "");
	assert_string_equal(str_text(&order), "a ");
	assert_int_equal(sb->state, STEP_DROPPED);
	graph_done(&g);
}

/* --- weights: how many steps of a kind run at once --- */

static struct {
	pthread_mutex_t mutex;
	int running, most;
} crowd = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Long enough that all which may run at once do. */
static struct err *crowd_perform(struct step *s UNUSED, struct sink *sink UNUSED)
{
	pthread_mutex_lock(&crowd.mutex);
	if (++crowd.running > crowd.most)
		crowd.most = crowd.running;
	pthread_mutex_unlock(&crowd.mutex);
	tick_sleep_ms(20);
	pthread_mutex_lock(&crowd.mutex);
	crowd.running--;
	pthread_mutex_unlock(&crowd.mutex);
	return NULL;
}

static void weights_limit_what_runs_at_once(void **state UNUSED)
{
	static const struct {
		enum step_weight weight;
		int most;
	} cases[] = {{STEP_NET, 2}, {STEP_CPU, 2}, {STEP_MACHINE, 1}};
	struct fake f = {.present = false};
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		struct step_kind kind = {.name = "k", .weight = cases[c].weight, FAKE_FUNCTIONS};
		struct graph g = GRAPH_INIT;
		kind.perform = crowd_perform;
		crowd.most = 0;
		struct step *goal = graph_add(&g, &kind, "goal", &f);
		for (int i = 0; i < 4; i++)
			step_after(goal, graph_add(&g, &kind, "part", &f));
		assert_ok(graph_observe(&g, goal, NULL));
		assert_ok(graph_perform(&g, NULL));
		assert_int_equal(crowd.most, cases[c].most);
		graph_done(&g);
	}
}

/* --- reasons --- */

/* "a:1:0 ...": patch a with the digest of "1" and strip 0, and so on. */
static struct json *patches(const char *text)
{
	AUTO(strs) items = STRS_INIT;
	struct json *inputs = js_object();
	struct json *list = js_array();
	strs_split(&items, text, " ");
	for (size_t i = 0; i < items.count; i++) {
		struct json *item = js_object();
		AUTO_FREE char *name = mem_strndup(items.items[i], 1);
		char hex[SHA256_HEX];
		digest_bytes(items.items[i] + 2, 1, hex);
		js_set_text(item, "name", name);
		js_set_text(item, "sha256", hex);
		js_set_int(item, "strip", items.items[i][4] - '0');
		js_add(list, item);
	}
	js_set(inputs, "patch", list);
	return inputs;
}

static void reasons_of_lists(void **state UNUSED)
{
	static const struct {
		const char *was, *is, *why;
	} cases[] = {
		{"a:1:1", "a:2:1", "patch a changed"},
		{"a:1:1", "a:1:0", "patch a: strip 1 -> 0"},
		{"a:1:1 b:2:1", "b:2:1 a:1:1", "the order of 'patch' changed"},
		{"a:1:1", "a:1:1 b:2:1", "patch b is new"},
		{"a:1:1 b:2:1", "b:2:1", "patch a is gone"},
		{"a:1:1 a:2:1", "a:1:1 a:1:1", "patch a changed"},
		{"", "a:1:1", "patch a is new"},
	};
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		AUTO_JSON *was = patches(cases[c].was);
		AUTO_JSON *is = patches(cases[c].is);
		struct step step = {.inputs = is};
		reasons_add(&step, was);
		assert_int_equal(step.why.count, 1);
		assert_string_equal(step.why.items[0], cases[c].why);
		strs_done(&step.why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_what_is_missing_in_order),
		cmocka_unit_test(asks_nothing_behind_a_result),
		cmocka_unit_test(a_failure_drops_the_rest),
		cmocka_unit_test(says_why),
		cmocka_unit_test(seals_in_order),
		cmocka_unit_test(after_is_order_and_no_key),
		cmocka_unit_test(weights_limit_what_runs_at_once),
		cmocka_unit_test(reasons_of_lists),
		cmocka_unit_test(cancel_starts_nothing_more), /* the last: nobody takes a request back */
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

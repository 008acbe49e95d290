#include <stdio.h>

#include "plan/host_check.h"
#include "plan/stack.h"
#include "plan/stack_lock.h"
#include "session.h"
#include "table.h"

static const struct option_spec options[] = {
	STACK_OPTIONS,
	HOST_OPTION,
	{"json", 0, NULL, "print JSON"},
	{NULL, 0, NULL, NULL},
};

static void print_plan_json(const struct graph *g, const struct strs *unresolved, const struct strs *warnings)
{
	AUTO_JSON *out = js_object();
	js_set_bool(out, "pending", unresolved->count || (g && graph_pending(g)));
	js_set(out, "unresolved", js_texts(unresolved));
	js_set(out, "warnings", js_texts(warnings));
	js_set(out, "steps", g ? table_plan_json(g) : js_array());
	print_json(out);
}

static void print_unresolved(const struct project *p, const struct strs *unresolved)
{
	printf("'%s' lacks %zu entr%s; `cooper up` resolves them first:\n", p->lock_path, unresolved->count,
	       unresolved->count == 1 ? "y" : "ies");
	for (size_t i = 0; i < unresolved->count; i++)
		printf("  resolve   %s\n", unresolved->items[i]);
}

static struct err *show(struct call *call, const struct project *p, const struct graph *g,
			const struct strs *unresolved, const struct strs *warnings)
{
	size_t pending = g ? graph_pending(g) : 0;
	if (unresolved->count || pending)
		call->exit_code = EXIT_PENDING;
	if (call_has(call, "json"))
		print_plan_json(g, unresolved, warnings);
	else if (unresolved->count)
		print_unresolved(p, unresolved);
	else if (pending)
		table_plan(g);
	else
		printf("nothing to do\n");
	for (size_t i = 0; i < warnings->count && !call_has(call, "json"); i++)
		fprintf(stderr, "warning: %s\n", warnings->items[i]);
	return NULL;
}

static struct err *decide(struct call *call, const struct project *p, struct stack *s)
{
	AUTO(strs) none = STRS_INIT;
	AUTO(strs) warnings = STRS_INIT;
	TRY(host_check(p, stack_machine(s), &warnings));
	TRY(stack_observe(s, NULL));
	return show(call, p, stack_graph(s), &none, &warnings);
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(strs) none = STRS_INIT;
	TRY(session_open(call, &p));
	TRY(stack_unresolved(&p, &unresolved));
	if (unresolved.count)
		return show(call, &p, NULL, &unresolved, &none);
	struct stack *s = NULL;
	TRY(stack_open(&p, &s));
	struct err *e = decide(call, &p, s);
	stack_free(s);
	return e;
}

const struct subcommand cmd_plan = {
	.name = "plan",
	.operands = "[STACK]",
	.summary = "show what `up` would do, and why; exit 3 when something is pending",
	.options = options,
	.run = run,
};

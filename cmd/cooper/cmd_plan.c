#include <stdio.h>

#include "guest/os.h"
#include "plan/exposure.h"
#include "plan/host_check.h"
#include "plan/stack.h"
#include "plan/trust.h"
#include "session.h"
#include "table.h"

static const struct option_spec options[] = {
	STACK_OPTIONS,
	HOST_OPTION,
	{"json", 0, NULL, "print JSON"},
	{NULL, 0, NULL, NULL},
};

static void print_plan_json(const struct graph *g, const struct strs *unresolved, const struct strs *warnings,
			    const struct strs *exposures)
{
	AUTO_JSON *out = js_object();
	js_set_bool(out, "pending", unresolved->count || graph_pending(g));
	js_set(out, "unresolved", js_texts(unresolved));
	js_set(out, "warnings", js_texts(warnings));
	js_set(out, "steps", table_plan_json(g));
	js_set(out, "exposures", js_texts(exposures));
	print_json(out);
}

static void print_unresolved(const struct project *p, const struct strs *unresolved)
{
	printf("'%s' lacks %zu entr%s; `cooper up` resolves them first:\n", p->lock_path, unresolved->count,
	       unresolved->count == 1 ? "y" : "ies");
	for (size_t i = 0; i < unresolved->count; i++)
		printf("  resolve   %s\n", unresolved->items[i]);
}

/* Of the recipes whose steps have to run. */
static struct err *list_exposures(const struct project *p, const struct graph *g, struct strs *lines)
{
	unsigned scope = 0;

	for (size_t i = 0; i < g->count; i++) {
		const struct step *s = g->steps[i];
		if (s->state != STEP_PENDING)
			continue;
		scope |= step_is(s, "build") ? EXPOSURE_BUILD : step_is(s, "image") ? EXPOSURE_IMAGE : 0;
		scope |= step_is(s, "boot") || step_is(s, "generation") || step_is(s, "step") ? EXPOSURE_STACK : 0;
	}
	return exposure_list(p, scope, lines);
}

/* What is neither agreed to on this host nor has run on it; how much there is besides. */
static struct err *print_exposures(const struct project *p, const struct stack *s, const struct strs *lines)
{
	AUTO(strs) known = STRS_INIT;
	AUTO(str) text = STR_INIT;
	size_t before = 0;

	if (!p->other_host)
		TRY(trust_known(p, &known));
	stack_exposed(s, &known);
	for (size_t i = 0; i < lines->count; i++) {
		if (strs_has(&known, lines->items[i]))
			before++;
		else
			exposure_show(lines->items[i], "  ", &text);
	}
	if (text.len)
		printf("\nwhat that takes, runs and opens:\n%s", str_text(&text));
	if (text.len && before)
		printf("  (and %zu known from before, agreed to or run: `cooper plan --json` has all)\n", before);
	else if (before)
		printf("\nnothing new in what that takes, runs and opens: `cooper plan --json` has it\n");
	return NULL;
}

static struct err *run(struct call *call)
{
	AUTO(project) p = PROJECT_INIT;
	AUTO(strs) unresolved = STRS_INIT;
	AUTO(strs) warnings = STRS_INIT;
	AUTO(strs) exposures = STRS_INIT;
	AUTO(stack) s = STACK_INIT;
	TRY(session_open(call, &p));
	TRY(guest_os_check(p.stack, p.image));
	TRY(stack_open(&p, &unresolved, &s));
	if (unresolved.count == 0)
		TRY(host_check(&p, &s.machine, &warnings));
	for (size_t i = 0; i < s.warnings.count; i++)
		strs_add(&warnings, s.warnings.items[i]);
	TRY(stack_observe(&s, NULL));
	TRY(host_able(&p, &s, &unresolved));
	size_t pending = graph_pending(&s.graph);
	TRY(unresolved.count ? exposure_list(&p, EXPOSURE_ALL, &exposures) : list_exposures(&p, &s.graph, &exposures));
	if (unresolved.count || pending)
		call->exit_code = EXIT_PENDING;
	if (call_has(call, "json")) {
		print_plan_json(&s.graph, &unresolved, &warnings, &exposures);
		return host_fit(&p, &s);
	}
	if (unresolved.count)
		print_unresolved(&p, &unresolved);
	else if (pending)
		table_plan(&s.graph);
	else
		printf("nothing to do\n");
	TRY(print_exposures(&p, &s, &exposures));
	for (size_t i = 0; i < warnings.count; i++)
		fprintf(stderr, "warning: %s\n", warnings.items[i]);
	return host_fit(&p, &s); /* what `up` would refuse */
}

const struct subcommand cmd_plan = {
	.name = "plan",
	.operands = "[STACK]",
	.summary = "show what `up` would do, and why; exit 3 when something is pending",
	.options = options,
	.run = run,
};
